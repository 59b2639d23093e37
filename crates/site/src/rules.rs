//! The rule files of a site, `_redirects` and `_headers`.
//!
//! An invalid line makes the whole file an error that names the line: serving half of the rules would not be what the author
//! meant.

pub mod headers;
mod parse;
mod pattern;
pub mod redirects;

pub use headers::HeaderRules;
pub use parse::{MAX_RULE_BYTES, MAX_RULES, RuleError, RuleFile};
pub use redirects::{MatchedRule, Redirects};

use std::fmt;

/// The most errors that [`RuleErrors`] prints: a file with more is hardly a file of rules.
const MAX_PRINTED: usize = 100;

/// The rule files of a site as far as they are needed; `None` for a file that the site does not have.
#[derive(Clone, Copy, Debug, Default)]
pub struct SiteRules<'a> {
    /// `_headers`, needed for every valid path.
    pub headers: Option<&'a Result<HeaderRules, RuleError>>,
    /// `_redirects`, needed for paths without a file only.
    pub redirects: Option<&'a Result<Redirects, RuleError>>,
}

/// Returns all invalid lines of a file at a path of a site, in order; nothing for files that contain no rules.
pub fn check_rules(path: &str, bytes: &[u8]) -> Vec<RuleError> {
    match path {
        Redirects::NAME => Redirects::errors(bytes),
        HeaderRules::NAME => HeaderRules::errors(bytes),
        _ => Vec::new(),
    }
}

/// The errors in the rule files of a site, at least one. Printed one on each line, all but the first indented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleErrors(Vec<RuleError>);

impl RuleErrors {
    /// Returns an error if there are errors in the rules.
    ///
    /// # Errors
    /// These errors.
    pub fn check(errors: Vec<RuleError>) -> Result<(), RuleErrors> {
        if errors.is_empty() { Ok(()) } else { Err(RuleErrors(errors)) }
    }
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().take(MAX_PRINTED).enumerate() {
            let separator = if number == 0 { "" } else { "\n  " };
            write!(f, "{separator}{error}")?;
        }
        match self.0.len().saturating_sub(MAX_PRINTED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for RuleErrors {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_that_is_no_text_is_told_where() {
        let errors = |file: &str, bytes: &[u8]| -> Vec<String> {
            check_rules(file, bytes).iter().map(RuleError::to_string).collect()
        };
        let found = errors("_redirects", b"/a /b\n# x\n/c \xff\n");
        assert_eq!(found, ["line 3 of _redirects: it is not UTF-8: save the file as UTF-8"]);
        let long = vec![b'#'; usize::try_from(MAX_RULE_BYTES).unwrap() + 1];
        for file in ["_redirects", "_headers"] {
            assert!(errors(file, &long)[0].contains("more than 65536 bytes"));
            assert!(check_rules(file, &long[1..]).is_empty() && check_rules(file, b"").is_empty());
        }
        assert!(check_rules("a/_redirects", b"\xff").is_empty());
    }

    #[test]
    fn every_broken_line_is_found_and_the_first_is_the_error() {
        let at = |file: &str, text: &str| -> Vec<_> {
            check_rules(file, text.as_bytes()).iter().map(|error| error.line).collect()
        };
        assert_eq!(at("_redirects", "/a\n/b /c\n\n# x\n/d /e 299\n/f g"), [Some(1), Some(5), Some(6)]);
        // Headers below an invalid path are parsed, but not attached to the preceding valid path.
        let headers = "X-A: b\n/*\n  Content-Type: a/b\n/a?\n  Content-Type: a/c\n  ETag: x\n/b\n  X-A: b";
        assert_eq!(at("_headers", headers), [Some(1), Some(4), Some(6)]);
        assert_eq!(HeaderRules::parse(headers.as_bytes()).unwrap_err().line, Some(1));
        assert_eq!(at("_redirects", &"/a /b\n".repeat(MAX_RULES + 2)).len(), 2);
    }

    fn printed(files: &[(&str, &str)]) -> Option<String> {
        let errors = files.iter().flat_map(|(path, text)| check_rules(path, text.as_bytes())).collect();
        RuleErrors::check(errors).err().map(|errors| errors.to_string())
    }

    #[test]
    fn every_mistake_is_told_with_its_file_and_line() {
        let files = [("_headers", "X-A: b\n"), ("_redirects", "/a /b\n/c /d 299\n/e f\n"), ("index.html", "x")];
        let printed = printed(&files).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 3, "{printed}");
        assert!(lines[0].starts_with("line 1 of _headers: a header needs a path: write one above it"), "{printed}");
        assert!(lines[1].starts_with("  line 2 of _redirects: '299' is not a supported status: use 200"), "{printed}");
        assert!(lines[2].starts_with("  line 3 of _redirects: 'f' is not a valid target"), "{printed}");
    }

    #[test]
    fn other_files_and_right_ones_are_taken() {
        assert_eq!(printed(&[("index.html", "/a"), ("a/_redirects", "/a"), ("b/_listing", "/a")]), None);
        assert_eq!(printed(&[("_redirects", "# all\n/* /index.html 200\n"), ("_headers", "/*\n  X-A: b\n")]), None);
    }

    #[test]
    fn what_is_too_long_is_told_briefly() {
        let long = printed(&[("_headers", &"#".repeat(100_000))]).unwrap();
        assert!(long.ends_with("_headers: it has more than 65536 bytes: make it shorter"), "{long}");
        let wrong = printed(&[("_redirects", &"x\n".repeat(MAX_PRINTED + 7))]).unwrap();
        assert!(wrong.ends_with("\n  and 7 more") && wrong.lines().count() == MAX_PRINTED + 1, "{wrong}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(.|\n){0,100}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let first = |file: &str| check_rules(file, bytes).into_iter().next();
                prop_assert_eq!(first("_redirects"), Redirects::parse(bytes).err());
                prop_assert_eq!(first("_headers"), HeaderRules::parse(bytes).err());
            }
        }
    }
}
