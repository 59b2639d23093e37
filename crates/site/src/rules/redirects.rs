//! `_redirects`: redirects and rewrites for paths without a file.
//!
//! The format is that of the IPFS gateways' specification, a subset of Netlify's: `FROM TO [STATUS]` on each line, with a
//! default status of 301. The first rule that matches applies. Files take precedence over rules.

mod line;
mod template;

use super::{
    parse::{MAX_RULES, RuleFile, count_parts},
    pattern::Segments,
};
use crate::control::REDIRECTS;
use http::StatusCode;
use line::{Line, parse};
use template::Template;

/// Characters of the longest expanded target: browsers and proxies accept no more.
pub const MAX_LOCATION: usize = 8 << 10;

/// The parsed `_redirects` of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirects {
    rules: Vec<Rule>,
    /// Folders and placeholders so far.
    parts: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The line in the file, counted from 1.
    pub(crate) line: usize,
    from: Segments,
    to: Template,
    status: StatusCode,
    /// Whether it was written to take precedence over files, which it does not.
    pub(crate) is_forced: bool,
}

/// The expanded target of the first rule that matches a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchedRule {
    /// Respond with a file of the site and this status: 200, 404, 410 or 451.
    Rewrite {
        /// The path of the file, percent-encoded, with its leading '/'.
        path: String,
        /// The status.
        status: StatusCode,
    },
    /// Redirect the reader.
    Redirect {
        /// A path of this site with its leading '/', or an absolute http or https URL.
        location: String,
        /// 301, 302, 303, 307 or 308.
        status: StatusCode,
    },
    /// The target would be longer than [`MAX_LOCATION`].
    TooLong,
}

impl Redirects {
    /// Applies the first rule that matches a decoded path (without its leading '/'). The query of the request is appended to
    /// the target of a redirect, unless the target has its own.
    pub fn apply(&self, path: &str, query: Option<&str>) -> Option<MatchedRule> {
        self.rules.iter().find_map(|rule| rule.apply(path, query))
    }

    /// The rules, in order.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first rule that matches a decoded path.
    pub(crate) fn rule_for(&self, path: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.matches(path))
    }
}

impl Rule {
    /// Expands the target for a decoded path (without its leading '/'); `None` if the rule does not match it.
    pub(crate) fn apply(&self, path: &str, query: Option<&str>) -> Option<MatchedRule> {
        Some(self.expand(&self.from.captures(path)?, query))
    }

    /// The expanded target, if it is the same for all paths that the rule matches.
    pub(crate) fn fixed_target(&self) -> Option<MatchedRule> {
        // Without captures, no placeholder can be expanded.
        Some(self.expand(&[], None)).filter(|target| *target != MatchedRule::TooLong)
    }

    /// The only path that the rule matches, decoded, without a slash at its end; `None` if it matches several.
    pub(crate) fn only_path(&self) -> Option<String> {
        let path = self.from.example("");
        let is_only = self.from.captures(&path)?.is_empty();
        is_only.then_some(path)
    }

    fn expand(&self, captures: &[&str], query: Option<&str>) -> MatchedRule {
        let status = self.status;
        match self.to.expand(captures, query.filter(|_| status.is_redirection())) {
            None => MatchedRule::TooLong,
            Some(location) if status.is_redirection() => MatchedRule::Redirect { location, status },
            Some(path) => MatchedRule::Rewrite { path, status },
        }
    }

    /// Returns true if the rule matches a decoded path (without its leading '/').
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.from.captures(path).is_some()
    }

    /// Returns true if the rule matches all paths that another matches.
    pub(crate) fn covers(&self, other: &Rule) -> bool {
        self.from.covers(&other.from)
    }

    /// Decoded paths that the rule matches: with nothing, and with two segments, in the place of '*'.
    pub(crate) fn examples(&self) -> [String; 2] {
        ["", "x/y"].map(|splat| self.from.example(splat))
    }
}

impl RuleFile for Redirects {
    const NAME: &'static str = REDIRECTS;

    fn parse_line(&mut self, number: usize, text: &str) -> Result<Option<String>, String> {
        if self.rules.len() == MAX_RULES {
            return Err(format!("a site can have at most {MAX_RULES} rules: use '*' and placeholders"));
        }
        let parts = count_parts(self.parts, text)?;
        match parse(number, text)? {
            Line::Rule(rule) => {
                self.rules.push(rule);
                self.parts = parts;
                Ok(None)
            }
            Line::Ignored(note) => Ok(Some(note)),
        }
    }

    fn rule_count(&self) -> usize {
        self.rules.len()
    }

    fn part_count(&self) -> usize {
        self.parts
    }
}

#[cfg(test)]
#[path = "redirects/tests.rs"]
mod tests;
