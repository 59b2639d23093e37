//! Reading a file of rules line by line.

use meganet_primitives::convert::to_u64;
use std::fmt;

/// Bytes of the longest file of rules, as in the specification of `_redirects` for IPFS gateways.
pub const MAX_RULE_BYTES: u64 = 64 << 10;
/// The most rules in a file: a path that no rule matches is compared with all of them.
pub const MAX_RULES: usize = 1_000;
/// The most folders and placeholders in the paths of a file: each takes many times its text in memory.
pub const MAX_PARTS: usize = 10 * MAX_RULES;
/// The most folders and placeholders in a line.
const MAX_LINE_PARTS: usize = 128;

/// A parsed file of rules.
pub trait RuleFile: Default + Send + Sync + 'static {
    /// The name of the file, in the root of a site.
    const NAME: &'static str;

    /// Parses the next line that is neither blank nor a comment. Returns a note on a valid line that has no effect.
    ///
    /// # Errors
    /// A sentence on what is wrong with the line and how to fix it. The line is skipped then, and parsing can continue after it.
    fn parse_line(&mut self, number: usize, line: &str) -> Result<Option<String>, String>;

    /// The number of rules, to estimate how much memory they take.
    fn rule_count(&self) -> usize;

    /// The number of folders and placeholders in its paths, for the same purpose.
    fn part_count(&self) -> usize;

    /// Parses a file.
    ///
    /// # Errors
    /// The first invalid line.
    fn parse(bytes: &[u8]) -> Result<Self, RuleError> {
        let mut rules = Self::default();
        for (number, line) in lines(Self::NAME, bytes)? {
            rules.parse_line(number, line).map_err(|problem| RuleError::on_line(Self::NAME, number, problem))?;
        }
        Ok(rules)
    }

    /// Parses the valid lines of a file, and returns findings on the others.
    fn check(bytes: &[u8]) -> (Self, Findings) {
        let (mut rules, mut findings) = (Self::default(), Findings::default());
        match lines(Self::NAME, bytes) {
            Ok(lines) => {
                for (number, line) in lines {
                    match rules.parse_line(number, line) {
                        Ok(None) => {}
                        Ok(Some(note)) => findings.notes.push(RuleError::on_line(Self::NAME, number, note)),
                        Err(problem) => findings.errors.push(RuleError::on_line(Self::NAME, number, problem)),
                    }
                }
            }
            Err(whole) => findings.errors.push(whole),
        }
        (rules, findings)
    }
}

/// Adds the folders and placeholders in the paths of a line to those of the lines before.
///
/// # Errors
/// A sentence for the publisher if there are too many.
pub(super) fn count_parts(before: usize, paths: &str) -> Result<usize, String> {
    let parts = paths.bytes().filter(|byte| matches!(byte, b'/' | b':')).count();
    if parts > MAX_LINE_PARTS {
        return Err(format!("a line can have at most {MAX_LINE_PARTS} folders and placeholders: use '*'"));
    }
    let parts = before.saturating_add(parts);
    if parts > MAX_PARTS {
        return Err(format!("a file can have at most {MAX_PARTS} folders and placeholders: use '*'"));
    }
    Ok(parts)
}

/// Findings on a file of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Lines with which the file must not be published.
    pub errors: Vec<RuleError>,
    /// Valid lines that have no effect, or not the effect that is meant.
    pub notes: Vec<RuleError>,
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
    pub(crate) fn on_line(file: &'static str, line: usize, problem: String) -> Self {
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
