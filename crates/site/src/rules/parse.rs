//! Reading a file of rules line by line.

use meganet_primitives::convert::to_u64;
use std::fmt;

/// Bytes of the longest file of rules, as in the specification of `_redirects` for IPFS gateways.
pub const MAX_RULE_BYTES: u64 = 64 << 10;
/// The most rules in a file: a path that no rule matches is compared with all of them.
pub const MAX_RULES: usize = 1_000;

/// A parsed file of rules.
pub trait RuleFile: Default + Send + Sync + 'static {
    /// The name of the file, in the root of a site.
    const NAME: &'static str;

    /// Parses the next line that is neither blank nor a comment.
    ///
    /// # Errors
    /// A sentence on what is wrong with the line and how to fix it. The line is skipped then, and parsing can continue after it.
    fn parse_line(&mut self, line: &str) -> Result<(), String>;

    /// The number of rules, to estimate how much memory they take.
    fn rule_count(&self) -> usize;

    /// Parses a file.
    ///
    /// # Errors
    /// The first invalid line.
    fn parse(bytes: &[u8]) -> Result<Self, RuleError> {
        let mut rules = Self::default();
        for (number, line) in lines(Self::NAME, bytes)? {
            rules.parse_line(line).map_err(|problem| RuleError::on_line(Self::NAME, number, problem))?;
        }
        Ok(rules)
    }

    /// Returns all invalid lines of a file, in order.
    fn errors(bytes: &[u8]) -> Vec<RuleError> {
        let lines = match lines(Self::NAME, bytes) {
            Ok(lines) => lines,
            Err(whole) => return vec![whole],
        };
        let mut rules = Self::default();
        let check =
            |(number, line): (usize, &str)| Some(RuleError::on_line(Self::NAME, number, rules.parse_line(line).err()?));
        lines.filter_map(check).collect()
    }
}

/// An error in a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The name of the file.
    pub file: &'static str,
    /// The line, counted from 1; `None` for an error of the whole file.
    pub line: Option<usize>,
    /// A sentence on what is wrong and how to fix it.
    pub problem: String,
}

impl RuleError {
    fn on_line(file: &'static str, line: usize, problem: String) -> Self {
        RuleError { file, line: Some(line), problem }
    }

    /// The error of a file longer than [`MAX_RULE_BYTES`].
    pub fn too_long(file: &'static str) -> Self {
        RuleError { file, line: None, problem: format!("it has more than {MAX_RULE_BYTES} bytes: make it shorter") }
    }
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

/// The lines of a file with their numbers, trimmed, without blank lines and comments.
fn lines<'a>(file: &'static str, bytes: &'a [u8]) -> Result<impl Iterator<Item = (usize, &'a str)>, RuleError> {
    if to_u64(bytes.len()) > MAX_RULE_BYTES {
        return Err(RuleError::too_long(file));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        RuleError::on_line(file, line, "it is not UTF-8: save the file as UTF-8".into())
    })?;
    // Some editors write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim()));
    Ok(lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')))
}
