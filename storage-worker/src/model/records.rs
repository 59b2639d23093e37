//! The values of the index, in SCALE.

use codec::{Decode, Encode};
use meganet_primitives::{
    AccountId, BlockNumber, GroupId,
    hash::Hash,
    object::{ObjectHeader, ObjectId},
    receipt::PeerKey,
};

/// Seconds since the Unix epoch, by the worker's clock. Never compared with the clock of another machine.
pub type Seconds = u64;

/// An object of which a shard is held.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ObjectRecord {
    /// The header, which hashes to the object's id.
    pub header: ObjectHeader,
    /// The roots of all shards, which hash to the header's `shards_root`.
    pub roots: Vec<Hash>,
}

/// Why a shard is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum ShardState {
    /// Uploaded and durable, but not promised: removed when it grows old.
    Staged,
    /// Found without a record: kept for a while, since the chain may turn out to count on it.
    Adopted,
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
    /// The group for which it was uploaded.
    pub group: GroupId,
    /// Its length in bytes.
    pub len: u64,
    /// Where its bytes are.
    pub place: Place,
    /// Why it is kept.
    pub state: ShardState,
    /// Whether damage was found. Frames that are still good are served until it is rebuilt.
    pub damaged: bool,
    /// When it was stored.
    pub stored_at: Seconds,
}

/// Why a shard is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reason {
    /// It was never uploaded here: the worker was offline, or took over the slot.
    Absent,
    /// The held shard is damaged.
    Damaged,
}

/// A shard to be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MissingRecord {
    /// The group whose members hold the object's other shards.
    pub group: GroupId,
    /// Its length in bytes, as registered.
    pub len: u64,
    /// Why it is missing.
    pub reason: Reason,
    /// When it was found missing.
    pub since: Seconds,
    /// Failed attempts to rebuild it.
    pub attempts: u32,
    /// When the last attempt ended; `since` if there was none.
    pub tried: Seconds,
    /// Seconds from then to the next attempt.
    pub wait: Seconds,
}

/// When a promise was first reported to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LapseRecord {
    /// By the worker's clock.
    pub since: Seconds,
    /// The finalized block of the report; 0 as long as no block was known since, so that it has no age by the chain.
    pub block: BlockNumber,
}

/// An upload that the chain has not registered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UploadRecord {
    /// The account in whose name it was uploaded.
    pub account: AccountId,
    /// The peer that uploaded it.
    pub peer: PeerKey,
    /// Length of the shard in bytes.
    pub len: u64,
    /// When the first receipt for it was signed.
    pub promised: Option<Seconds>,
}

/// A receipt that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ReceiptRecord {
    /// The owner to whom it was issued.
    pub owner: AccountId,
    /// When it was signed.
    pub signed_at: Seconds,
}

/// A shard to be rebuilt, with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingShard {
    /// The object.
    pub object: ObjectId,
    /// The shard.
    pub shard: u8,
    /// The record.
    pub record: MissingRecord,
}
