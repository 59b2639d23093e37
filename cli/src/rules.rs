//! What a site tells gateways, checked before it is published.

use meganet_client::{pack::FoundFile, publish::Refusal};
use meganet_gateway::{
    page::is_control,
    rules::{MAX_BYTES, RuleError, check},
};
use std::fmt;

/// Mistakes that are shown: where there are more, the file is hardly one of rules.
const SHOWN: usize = 100;

/// Checks the files of a site that gateways read, as gateways will.
///
/// # Errors
/// [`Mistakes`], or that such a file cannot be read.
pub fn inspect(files: &[FoundFile]) -> Result<(), Refusal> {
    let mut mistakes = Vec::new();
    for file in files.iter().filter(|file| is_control(&file.path)) {
        // With a byte more than it may have, a file is known to be too long.
        mistakes.extend(check(&file.path, &file.head(MAX_BYTES + 1)?));
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Mistakes(mistakes).into())
}

/// What gateways would not understand of a site.
#[derive(Debug)]
pub struct Mistakes(Vec<RuleError>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "gateways would not understand this site, so nothing was published. Correct it and run the command again:",
        )?;
        for mistake in self.0.iter().take(SHOWN) {
            write!(f, "\n  {mistake}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} lines more"),
        }
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use meganet_client::pack::walk;
    use std::fs;

    fn said(files: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), text).unwrap();
        }
        inspect(&walk(dir.path()).unwrap().files).err().map(|error| error.to_string())
    }

    #[test]
    fn every_mistake_is_told_with_its_file_and_line() {
        let said = said(&[("_headers", "X-A: b\n"), ("_redirects", "/a /b\n/c /d 299\n/e f\n"), ("index.html", "x")]);
        let said = said.unwrap();
        let lines: Vec<&str> = said.lines().skip(1).collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert!(lines[0].starts_with("  line 1 of _headers: a header is for a path: write one above it"), "{said}");
        assert!(lines[1].starts_with("  line 2 of _redirects: '299' is no status of a rule: use 200"), "{said}");
        assert!(lines[2].starts_with("  line 3 of _redirects: 'f' is no target"), "{said}");
    }

    #[test]
    fn other_files_and_right_ones_are_taken() {
        assert_eq!(said(&[("index.html", "/a"), ("a/_redirects", "/a"), ("b/_listing", "/a")]), None);
        assert_eq!(said(&[("_redirects", "# all\n/* /index.html 200\n"), ("_headers", "/*\n  X-A: b\n")]), None);
    }

    #[test]
    fn what_is_too_long_is_told_briefly() {
        let long = said(&[("_headers", &"#".repeat(100_000))]).unwrap();
        assert!(long.ends_with("_headers: it has more than 65536 bytes: make it shorter"), "{long}");
        let wrong = said(&[("_redirects", &"x\n".repeat(SHOWN + 7))]).unwrap();
        assert!(wrong.ends_with("\n  and 7 lines more") && wrong.lines().count() == SHOWN + 2, "{wrong}");
    }
}
