//! The local copy of a byte that an audit asks for.

use super::keys::ShardKey;
use meganet_primitives::{
    audit::{Answer, BatchPath, EntryPath},
    object::ObjectId,
};

/// A sampled byte as found in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredSample {
    /// Some leaves of the byte's range are unknown, so the byte cannot be located.
    Behind {
        /// Number of known leaves.
        known: u64,
    },
    /// The entries of the byte's batch are not known, or cannot be read.
    UnknownBatch(Box<BatchPath>),
    /// The shard is not held, or differs from the registered one.
    Absent(Box<(BatchPath, EntryPath)>),
    /// The shard is held, but its frame around the byte is damaged.
    Damaged {
        /// The byte's place in the range and in its batch.
        path: Box<(BatchPath, EntryPath)>,
        /// The damaged shard.
        key: ShardKey,
        /// Index of the damaged frame.
        frame: u64,
    },
    /// The byte is held and verified; this is the complete answer.
    Held(Answer),
}

/// The same frame of every shard of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// The object.
    pub object: ObjectId,
    /// Index of the frame.
    pub frame: u64,
}
