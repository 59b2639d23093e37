//! Audits: periodic proofs that a worker holds what it is paid for.
//!
//! Time is cut into *periods*. Once in each, at a block that nobody can predict before the period begins, a worker is
//! challenged: a seed that no single block author controls draws [`Schedule::samples`] bytes, uniformly, out of all the bytes
//! that its slots had to hold when the period began. The worker answers within a window of blocks with the 1 KiB leaves around
//! those bytes and their Merkle paths. Every byte is drawn with the same chance, however the bytes are cut into objects, so
//! a worker that drops a share `f` of them is caught with probability 1 - (1 - f)^samples in every period.
//!
//! - [`schedule`]: periods, challenge blocks, windows, and the mixing of block randomness.
//! - [`draw`]: the bytes that a seed selects.
//! - [`proof`]: the answer, and its verification.
//! - [`binding`]: which batches a worker can't be excused from.
//! - [`score`]: the consequences of missed periods.

pub mod binding;
pub mod draw;
pub mod proof;
pub mod schedule;
pub mod score;

pub use binding::is_bound;
pub use draw::{Holding, Sample, find_entry, find_leaf, samples};
pub use proof::{Answer, AuditError, AuditProof, BatchPath, EntryPath, HeldLeaf, MAX_SAMPLES, verify};
pub use schedule::{MIX_BLOCKS, PURPOSE_WHAT, PURPOSE_WHEN, Schedule, mix};
pub use score::{Record, Tolerance};

#[cfg(test)]
mod tests;
