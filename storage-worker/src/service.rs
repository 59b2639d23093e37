//! The worker's decisions, without I/O: no disk, network, chain, clock or randomness. Those come in as arguments, and
//! decisions go out as values that the edges ([`crate::serve`], [`crate::jobs`]) carry out.
//!
//! - [`membership`]: this worker's groups and slots, as last read from the chain.
//! - [`admission`]: whether an upload is accepted: membership, the profile's shape, capacity, staging quota, concurrency.
//! - [`displace`]: which uploads make way where there is no room for another.
//! - [`put`]: whether an uploaded shard is the announced one.
//! - [`sign`]: whether a batch gets a receipt, and the receipt's statement.
//! - [`hearing`]: when a silent node is left for another one.
//! - [`fair`]: how readers share the memory for answers.
//! - [`lapse`]: when bytes whose promise is reported to have ended may be removed.
//! - [`ranges`]: whether the known leaves of a group's range are those of the chain.
//! - [`prove`]: when to answer a challenge, when to answer it again, and with what.
//! - [`blackout`]: which frames are withheld while other members have to prove them.
//! - [`renew`]: whose turn it is to have the chain renew prepaid batches.
//! - [`report`]: when to look for members that have missed too many proofs.
//! - [`rebuild`]: when to try again to rebuild a missing shard.
//! - [`scrub`]: how fast to read, and when the next pass begins.
//! - [`space`]: when a disk is too full to take in shards.
//! - [`supervision`]: when a failed background job is restarted, and when it is given up.

pub mod admission;
pub mod blackout;
pub mod displace;
pub mod fair;
pub mod hearing;
pub mod lapse;
pub mod membership;
pub mod prove;
pub mod put;
pub mod ranges;
pub mod rebuild;
pub mod renew;
pub mod report;
pub mod scrub;
pub mod sign;
pub mod space;
pub mod supervision;

pub use admission::{Admission, AdmissionLimits, Ticket};
pub use blackout::Blackout;
pub use membership::{GroupView, Membership};
pub use supervision::Supervision;

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod tests;
