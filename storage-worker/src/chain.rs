//! The chain's edge: registers the worker, and keeps the store in step with what the chain registers for its slots.
//!
//! - [`join`]: the worker's place in the registry.
//! - [`follow`]: finalized blocks, one by one: new batches of its groups, new slots, new epochs.
//! - [`sync`]: what following does not bring: batches registered while the worker was away, and the entries of those
//!   that it did not sign.

pub mod follow;
pub mod join;
pub mod sync;
