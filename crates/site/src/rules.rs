//! The rule files of a site, `_redirects` and `_headers`.
//!
//! An invalid line makes the whole file an error that names the line: serving half of the rules would not be what the author
//! meant.

pub mod headers;
mod parse;
mod pattern;
pub mod redirects;

pub use headers::HeaderRules;
pub use parse::{Findings, MAX_RULE_BYTES, MAX_RULES, RuleError, RuleFile};
pub use redirects::{MatchedRule, Redirects};

/// The rule files of a site as far as they are needed; `None` for a file that the site does not have.
#[derive(Clone, Copy, Debug, Default)]
pub struct SiteRules<'a> {
    /// `_headers`, needed for every valid path.
    pub headers: Option<&'a Result<HeaderRules, RuleError>>,
    /// `_redirects`, needed for paths without a file only.
    pub redirects: Option<&'a Result<Redirects, RuleError>>,
}
