#![doc = include_str!("../README.md")]

pub mod answer;
pub mod compose;
pub mod control;
pub mod digest;
pub mod html;
pub mod listing;
pub mod lookup;
pub mod plan;
pub mod request;
pub mod rules;

mod conditional;
mod media_type;
#[cfg(test)]
mod testing;

pub use answer::{Answer, AnswerBody};
pub use compose::answer;
pub use listing::Listings;
pub use plan::{NeededRules, Outcome, needed_rules, plan};
pub use request::{ServePolicy, SiteRequest, SiteView};
pub use rules::{HeaderRules, Redirects, RuleError, RuleErrors, SiteRules, check_rules};
