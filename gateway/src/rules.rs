//! What a site tells gateways: `_redirects` and `_headers`.
//!
//! Both are text files in the root of a site, and parsed once for each content that they have. A line that is not understood
//! makes the file an error that names the line: half of an author's rules is not what the author meant.

pub mod headers;
mod kept;
mod pattern;
pub mod redirects;

pub use headers::HeaderRules;
pub use kept::{RuleCache, Understood};
pub use redirects::{Outcome, Redirects};

use std::fmt;

/// Bytes of the longest file, as in the specification of `_redirects` for IPFS gateways.
pub const MAX_BYTES: u64 = 64 << 10;
/// The most rules of a file: all of them are tried for a path that none of them fits.
pub const MAX_RULES: usize = 1_000;

/// What a file of rules means.
pub trait Rules: Default + Send + Sync + 'static {
    /// The file's name.
    const FILE: &'static str;

    /// Takes in the next line that is neither blank nor a comment.
    ///
    /// # Errors
    /// What is wrong with it and what to do. It is left out then, and the lines below it can be read all the same.
    fn take(&mut self, line: &str) -> Result<(), String>;

    /// How many rules there are, all in all; for what they weigh.
    fn count(&self) -> usize;

    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is not understood.
    fn parse(bytes: &[u8]) -> Result<Self, RuleError> {
        let mut rules = Self::default();
        for (number, line) in lines(Self::FILE, bytes)? {
            rules.take(line).map_err(|problem| RuleError { file: Self::FILE, line: Some(number), problem })?;
        }
        Ok(rules)
    }

    /// All lines of a file that are not understood.
    fn mistakes(bytes: &[u8]) -> Vec<RuleError> {
        let lines = match lines(Self::FILE, bytes) {
            Ok(lines) => lines,
            Err(whole) => return vec![whole],
        };
        let mut rules = Self::default();
        let mistake = |(number, line): (usize, &str)| {
            let problem = rules.take(line).err()?;
            Some(RuleError { file: Self::FILE, line: Some(number), problem })
        };
        lines.filter_map(mistake).collect()
    }
}

/// What is wrong with a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub file: &'static str,
    /// The line, counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong with it and what to do.
    pub problem: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line} of {}: {}", self.file, self.problem),
            None => write!(f, "{}: {}", self.file, self.problem),
        }
    }
}

impl std::error::Error for RuleError {}

/// Checks a file of a site that gateways read, as a gateway will: whoever publishes wants to know before readers do. Gives all
/// lines that are not understood, in order; none for a file that is right, and for all other paths.
pub fn check(path: &str, bytes: &[u8]) -> Vec<RuleError> {
    match path {
        Redirects::FILE => Redirects::mistakes(bytes),
        HeaderRules::FILE => HeaderRules::mistakes(bytes),
        _ => Vec::new(),
    }
}

/// That a file is too long.
pub(crate) fn too_long(file: &'static str) -> RuleError {
    RuleError { file, line: None, problem: format!("it has more than {MAX_BYTES} bytes: make it shorter") }
}

/// The lines of a file with their numbers, without blank ones and comments, as they stand there but for what is around them.
fn lines<'a>(file: &'static str, bytes: &'a [u8]) -> Result<impl Iterator<Item = (usize, &'a str)>, RuleError> {
    if u64::try_from(bytes.len()).map_or(true, |len| len > MAX_BYTES) {
        return Err(too_long(file));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        RuleError { file, line: Some(line), problem: "it is not UTF-8: save it as UTF-8".into() }
    })?;
    // Some editors put a byte order mark there.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim()));
    Ok(lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_that_is_no_text_is_told_where() {
        let said =
            |file: &str, bytes: &[u8]| -> Vec<String> { check(file, bytes).iter().map(RuleError::to_string).collect() };
        let found = said("_redirects", b"/a /b\n# x\n/c \xff\n");
        assert_eq!(found, ["line 3 of _redirects: it is not UTF-8: save it as UTF-8"]);
        let long = vec![b'#'; usize::try_from(MAX_BYTES).unwrap() + 1];
        for file in ["_redirects", "_headers"] {
            assert!(said(file, &long)[0].contains("more than 65536 bytes"));
            assert!(check(file, &long[1..]).is_empty() && check(file, b"").is_empty());
        }
        assert!(check("a/_redirects", b"\xff").is_empty());
    }

    #[test]
    fn every_broken_line_is_found_and_the_first_is_the_error() {
        let at =
            |file: &str, text: &str| -> Vec<_> { check(file, text.as_bytes()).iter().map(|one| one.line).collect() };
        assert_eq!(at("_redirects", "/a\n/b /c\n\n# x\n/d /e 299\n/f g"), [Some(1), Some(5), Some(6)]);
        // What stands below a path that is not understood is read, but is below no other path.
        let headers = "X-A: b\n/*\n  Content-Type: a/b\n/a?\n  Content-Type: a/c\n  ETag: x\n/b\n  X-A: b";
        assert_eq!(at("_headers", headers), [Some(1), Some(4), Some(6)]);
        assert_eq!(HeaderRules::parse(headers.as_bytes()).unwrap_err().line, Some(1));
        assert_eq!(at("_redirects", &"/a /b\n".repeat(MAX_RULES + 2)).len(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(.|\n){0,100}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let first = |file: &str| check(file, bytes).into_iter().next();
                prop_assert_eq!(first("_redirects"), Redirects::parse(bytes).err());
                prop_assert_eq!(first("_headers"), HeaderRules::parse(bytes).err());
            }
        }
    }
}
