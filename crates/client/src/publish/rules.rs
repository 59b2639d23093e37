//! Checks the rules of a site before anything is uploaded.

use super::error::PublishError;
use crate::pack::FoundFile;
use meganet_site::{RuleErrors, check_rules, control::is_rule_file, rules::MAX_RULE_BYTES};

/// Checks `_redirects` and `_headers` as gateways will. Blocking.
///
/// # Errors
/// [`PublishError::Rules`] with all invalid lines; [`PublishError::Pack`] if a file cannot be read.
pub(super) fn check(files: &[FoundFile]) -> Result<(), PublishError> {
    let mut errors = Vec::new();
    for file in files.iter().filter(|file| is_rule_file(&file.path)) {
        // One byte more than allowed is enough to detect a file that is too long.
        errors.extend(check_rules(&file.path, &file.head(MAX_RULE_BYTES + 1)?));
    }
    Ok(RuleErrors::check(errors)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::walk;
    use std::fs;

    fn error_of(files: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), text).unwrap();
        }
        check(&walk(dir.path()).unwrap().files).err().map(|error| error.to_string())
    }

    #[test]
    fn every_mistake_is_listed_with_its_file_and_line() {
        let files = [("_headers", "X-A: b\n"), ("_redirects", "/a /b\n/c /d 299\n"), ("index.html", "x")];
        let printed = error_of(&files).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 3, "{printed}");
        assert!(lines[0].contains("nothing was published"), "{printed}");
        assert!(lines[1].starts_with("  line 1 of _headers: "), "{printed}");
        assert!(lines[2].starts_with("  line 2 of _redirects: "), "{printed}");
    }

    #[test]
    fn other_files_and_correct_ones_are_accepted() {
        assert_eq!(error_of(&[("index.html", "/a"), ("a/_redirects", "/a"), ("b/_listing", "/a")]), None);
        assert_eq!(error_of(&[("_redirects", "# all\n/* /index.html 200\n"), ("_headers", "/*\n  X-A: b\n")]), None);
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read_to_its_end() {
        let long = error_of(&[("_headers", &"#".repeat(100_000))]).unwrap();
        assert!(long.ends_with("_headers: it has more than 65536 bytes: make it shorter"), "{long}");
    }
}
