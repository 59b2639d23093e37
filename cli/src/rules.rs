//! Checks the files of a site that configure gateways, before it is published.

use meganet_client::{pack::FoundFile, publish::Refusal};
use meganet_site::{RuleError, check_rules, control::is_rule_file, rules::MAX_RULE_BYTES};
use std::fmt;

/// Most mistakes that are listed; with more, the file is probably something else.
const SHOWN: usize = 100;

/// Checks `_redirects`, `_headers` and `_listing` as gateways will.
///
/// # Errors
/// [`Mistakes`], or such a file cannot be read.
pub fn inspect(files: &[FoundFile]) -> Result<(), Refusal> {
    let mut mistakes = Vec::new();
    for file in files.iter().filter(|file| is_rule_file(&file.path)) {
        // One byte more than allowed is enough to detect a file that is too long.
        mistakes.extend(check_rules(&file.path, &file.head(MAX_RULE_BYTES + 1)?));
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Mistakes(mistakes).into())
}

/// Lines of a site's files that gateways would not understand.
#[derive(Debug)]
pub struct Mistakes(Vec<RuleError>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "gateways would not understand this site, so nothing was published. Correct these lines and run the command again:",
        )?;
        for mistake in self.0.iter().take(SHOWN) {
            write!(f, "\n  {mistake}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
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

    fn error_of(files: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), text).unwrap();
        }
        inspect(&walk(dir.path()).unwrap().files).err().map(|error| error.to_string())
    }

    #[test]
    fn every_mistake_is_listed_with_its_file_and_line() {
        let said =
            error_of(&[("_headers", "X-A: b\n"), ("_redirects", "/a /b\n/c /d 299\n/e f\n"), ("index.html", "x")]);
        let said = said.unwrap();
        let lines: Vec<&str> = said.lines().skip(1).collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert!(lines[0].starts_with("  line 1 of _headers: a header needs a path: write one above it"), "{said}");
        assert!(lines[1].starts_with("  line 2 of _redirects: '299' is not a supported status: use 200"), "{said}");
        assert!(lines[2].starts_with("  line 3 of _redirects: 'f' is not a valid target"), "{said}");
    }

    #[test]
    fn other_files_and_correct_ones_are_accepted() {
        assert_eq!(error_of(&[("index.html", "/a"), ("a/_redirects", "/a"), ("b/_listing", "/a")]), None);
        assert_eq!(error_of(&[("_redirects", "# all\n/* /index.html 200\n"), ("_headers", "/*\n  X-A: b\n")]), None);
    }

    #[test]
    fn long_files_and_long_lists_of_mistakes_are_reported_briefly() {
        let long = error_of(&[("_headers", &"#".repeat(100_000))]).unwrap();
        assert!(long.ends_with("_headers: it has more than 65536 bytes: make it shorter"), "{long}");
        let wrong = error_of(&[("_redirects", &"x\n".repeat(SHOWN + 7))]).unwrap();
        assert!(wrong.ends_with("\n  and 7 more") && wrong.lines().count() == SHOWN + 2, "{wrong}");
    }
}
