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
pub trait Rules: Sized + Send + Sync + 'static {
    /// The file's name.
    const FILE: &'static str;

    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is not understood.
    fn parse(bytes: &[u8]) -> Result<Self, RuleError>;

    /// How many rules there are, all in all; for what they weigh.
    fn count(&self) -> usize;
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

/// Checks a file of a site that gateways read, as a gateway will: whoever publishes wants to know before readers do.
/// Other paths are always right.
///
/// # Errors
/// The first line that is not understood.
pub fn check(path: &str, bytes: &[u8]) -> Result<(), RuleError> {
    match path {
        Redirects::FILE => Redirects::parse(bytes).map(|_| ()),
        HeaderRules::FILE => HeaderRules::parse(bytes).map(|_| ()),
        _ => Ok(()),
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
        let error = check("_redirects", b"/a /b\n# x\n/c \xff\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3 of _redirects: it is not UTF-8: save it as UTF-8");
        let long = vec![b'#'; usize::try_from(MAX_BYTES).unwrap() + 1];
        for file in ["_redirects", "_headers"] {
            assert!(check(file, &long).unwrap_err().to_string().contains("more than 65536 bytes"));
            assert_eq!(check(file, &long[1..]), Ok(()));
            assert_eq!(check(file, b""), Ok(()));
        }
        assert_eq!(check("a/_redirects", b"\xff"), Ok(()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(.|\n){0,100}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let _ = (check("_redirects", bytes), check("_headers", bytes));
            }
        }
    }
}
