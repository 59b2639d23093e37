//! Checks the rules of a site before anything is uploaded.

use super::error::PublishError;
use crate::pack::FoundFile;
use meganet_site::{
    RuleError, RuleErrors, check::manifest_of, check_named_rules, control::is_rule_file, rules::MAX_RULE_BYTES,
};

/// Checks `_redirects` and `_headers` as gateways will, for the site of a name. Returns notes on lines that do not work. Blocking.
///
/// # Errors
/// [`PublishError::Rules`] with all invalid lines; [`PublishError::Pack`] if a file cannot be read.
pub(super) fn check(name: &str, files: &[FoundFile]) -> Result<Vec<RuleError>, PublishError> {
    let manifest = manifest_of(files.iter().map(|file| file.path.as_str()));
    let (mut errors, mut notes) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| is_rule_file(&file.path)) {
        // One byte more than allowed is enough to detect a file that is too long.
        let findings = check_named_rules(name, &manifest, &file.path, &file.head(MAX_RULE_BYTES + 1)?);
        errors.extend(findings.errors);
        notes.extend(findings.notes);
    }
    RuleErrors::check(errors)?;
    Ok(notes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::{Selection, walk};
    use std::fs;

    fn check_files(files: &[(&str, &str)]) -> Result<Vec<RuleError>, PublishError> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), text).unwrap();
        }
        check("alice", &walk(dir.path(), &Selection::default()).unwrap().files)
    }

    fn error_of(files: &[(&str, &str)]) -> Option<String> {
        check_files(files).err().map(|error| error.to_string())
    }

    #[test]
    fn rules_are_checked_against_the_files_and_notes_are_kept() {
        let files = [
            ("_redirects", "/a /b\n/b /a\n/x /y\n/x /z\n/c http://alice.mega.localhost/b\n"),
            ("_headers", "/*\n  ETag: x\n"),
            ("b.html", ""),
        ];
        let lines: Vec<_> = check_files(&files).unwrap().into_iter().map(|note| (note.file, note.line)).collect();
        let expected = [("_headers", 2), ("_redirects", 2), ("_redirects", 3), ("_redirects", 4), ("_redirects", 5)];
        assert_eq!(lines, expected.map(|(file, line)| (file, Some(line))));
        let error = error_of(&files[..1]).unwrap();
        assert!(error.contains("line 1 of _redirects: redirects lead in a circle"), "{error}");
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
