//! What a worker decides, without disk, network, chain, clock or chance: those come in as arguments, and what is to be
//! done comes out as values. The edges ([`crate::serve`], [`crate::chain`], [`crate::jobs`]) ask here and do it.
//!
//! - [`membership`]: the groups and slots of this worker as the chain last said.
//! - [`admission`]: whether a shard may come in: membership, the profile's shape, capacity, staging quota, streams.
//! - [`put`]: whether a shard that came is what was announced.
//! - [`sign`]: whether a batch may be receipted, and what the receipt says.
//! - [`ranges`]: what a group's range must contain, checked against the chain's peaks.
//! - [`prove`]: when to answer a challenge, when again, and what.
//! - [`blackout`]: what must not be served while others have to prove it.
//! - [`renew`]: whose turn it is to have the chain renew what is prepaid for.
//! - [`report`]: when to look for members that are to be reported.
//! - [`rebuild`]: whom to ask for a missing shard, and when to try again.
//! - [`scrub`]: how fast to read, and when the next pass begins.

pub mod admission;
pub mod blackout;
pub mod membership;
pub mod prove;
pub mod put;
pub mod ranges;
pub mod rebuild;
pub mod renew;
pub mod report;
pub mod scrub;
pub mod sign;

pub use admission::{Admission, Limits, Ticket};
pub use blackout::Blackout;
pub use membership::{GroupView, Membership};

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod tests;
