//! What goes on in the background. Each job is a loop that ends when the worker is stopped, keeps to a rate, and takes up
//! after a crash where it was.
//!
//! - [`scrub`]: reads everything again, and finds what has gone bad.
//! - [`rebuild`]: makes missing and damaged shards anew from other members'.
//! - [`collect`]: removes what expired, was deleted, or was never registered.
//!
//! These act within blocks, at the best head that [`heads`] follows:
//!
//! - [`prove`]: answers the chain's challenges.
//! - [`blackout`]: withholds what other members have to prove.
//! - [`renew`]: has the chain renew what is prepaid for.
//! - [`report`]: reports members that have missed too much.
//! - [`leave`]: the way out, and what the chain says of this worker's account.

pub mod blackout;
pub mod collect;
pub mod heads;
pub mod leave;
pub mod prove;
pub mod rebuild;
pub mod renew;
pub mod report;
pub mod scrub;
