#![doc = include_str!("../README.md")]

pub mod answer;
pub mod check;
pub mod compose;
pub mod control;
pub mod cors;
pub mod digest;
pub mod html;
pub mod listing;
pub mod lookup;
pub mod plan;
pub mod request;
pub mod rules;

mod conditional;
mod cross_site;
mod follow;
mod media_type;
#[cfg(test)]
mod testing;

pub use answer::{Answer, AnswerBody};
pub use check::{RuleErrors, check_named_rules, check_rules};
pub use compose::{answer, error_headers};
pub use listing::Listings;
pub use plan::{NeededRules, Outcome, needed_rules, plan};
pub use request::{ServePolicy, SiteRequest, SiteView};
pub use rules::{Findings, HeaderRules, Redirects, RuleError, SiteRules};
