//! The values of the index, in SCALE.

use codec::{Decode, Encode};
use meganet_primitives::{
    AccountId, GroupId,
    hash::Hash,
    object::{ObjectHeader, ObjectId},
};

/// Seconds since the Unix epoch, by the worker's clock. Never compared with another machine's.
pub type Seconds = u64;

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ObjectRecord {
    /// Its header: hashes to the id.
    pub header: ObjectHeader,
    /// The roots of all its shards: hash to the header's `shards_root`.
    pub roots: Vec<Hash>,
}

/// How far a shard has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum ShardState {
    /// Uploaded and durable, promised to nobody: removed when it grows old.
    Staged,
    /// A receipt was signed for it: kept until the receipt is registered or stale.
    Receipted,
    /// Registered on the chain: kept until it expires.
    Registered,
}

/// Where the bytes of a shard are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Place {
    /// In the index.
    Inline,
    /// In a file of its own.
    File,
}

/// A shard that is held.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ShardRecord {
    /// The group it came for.
    pub group: GroupId,
    /// Its bytes.
    pub len: u64,
    /// Where they are.
    pub place: Place,
    /// How far it has come.
    pub state: ShardState,
    /// Bad bytes were found in it; what is still good is served until it is rebuilt.
    pub damaged: bool,
    /// When it was stored.
    pub stored_at: Seconds,
}

/// Why a shard is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reason {
    /// It was never uploaded here: the worker was away, or took over the slot.
    Absent,
    /// What is here is damaged.
    Damaged,
}

/// A shard that should be here, whole, and is not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MissingRecord {
    /// The group whose members have the rest.
    pub group: GroupId,
    /// Its bytes, as registered.
    pub len: u64,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Seconds,
    /// Attempts to rebuild it that failed.
    pub attempts: u32,
    /// When to try (again).
    pub due: Seconds,
}

/// A receipt that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ReceiptRecord {
    /// The owner it was made out to.
    pub owner: AccountId,
    /// When.
    pub signed_at: Seconds,
}

/// A shard that the scrub and the queue work on, with all they need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingShard {
    /// The object.
    pub object: ObjectId,
    /// The shard.
    pub shard: u8,
    /// The record.
    pub record: MissingRecord,
}
