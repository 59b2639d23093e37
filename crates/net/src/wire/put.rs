//! Messages of the put protocol: a client stores shards and collects receipts.
//!
//! The client speaks first, and many objects may follow each other on one stream:
//!
//! ```text
//! C: Account                  W: Known | Refused
//! C: Open                     W: Go | Refused
//! C: Chunk + raw bytes, until the announced shard length is reached
//! C: Close                    W: Stored | Refused
//! C: Sign                     W: Signed | Refused
//! ```
//!
//! A worker that cannot continue in the middle of a shard sends `Refused` immediately and ends the stream.

use super::{HASH_LEN, MAX_CHUNK_LEN, Message, entries_len};
use codec::{Decode, Encode};
use meganet_primitives::{
    AccountId, BlockNumber, Epoch, GroupId, SlotIndex,
    hash::Hash,
    object::{MAX_SHARDS, ObjectHeader, ObjectId},
    receipt::Receipt,
    sum_tree::BatchEntry,
};

/// Names the account in whose name the stream uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct UploadAccount {
    /// The account that will pay.
    pub account: AccountId,
    /// Its sr25519 signature of [`meganet_primitives::receipt::upload_signed_bytes`].
    pub signature: [u8; 64],
}

/// Announces a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OpenShard {
    /// The group that the object is meant for.
    pub group: GroupId,
    /// The slot, and so the index of the shard.
    pub slot: SlotIndex,
    /// Bytes of the shard: a multiple of 1 KiB, at least one.
    pub shard_len: u64,
    /// Data shards of the object.
    pub k: u8,
    /// All shards of the object.
    pub n: u8,
    /// Its erasure code.
    pub codec: u8,
    /// Its sealed bytes.
    pub sealed_len: u64,
}

/// Ends a shard: the header and roots that its bytes must match.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CloseShard {
    /// The object's header.
    pub header: ObjectHeader,
    /// The roots of all its shards, `header.n` of them.
    pub shard_roots: Vec<Hash>,
}

/// A request for a receipt for a batch of objects whose shards the worker holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignBatch {
    /// The group.
    pub group: GroupId,
    /// The worker's slot in it.
    pub slot: SlotIndex,
    /// The epoch at whose beginning the batch expires.
    pub expiry: Epoch,
    /// The account that will register the batch and pay.
    pub owner: AccountId,
    /// The last block in which the receipt is valid.
    pub valid_until: BlockNumber,
    /// The batch, `1..=65_536` entries.
    pub entries: Vec<BatchEntry>,
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PutRequest {
    /// A shard begins.
    #[codec(index = 0)]
    Open(OpenShard),
    /// This many bytes of it follow, `1..=64 KiB`.
    #[codec(index = 1)]
    Chunk {
        /// Raw bytes after this message.
        len: u32,
    },
    /// All bytes of the shard were sent.
    #[codec(index = 2)]
    Close(CloseShard),
    /// A request for a receipt.
    #[codec(index = 3)]
    Sign(SignBatch),
    /// Before shards and receipts: the account that they are for.
    #[codec(index = 4)]
    Account(UploadAccount),
}

/// A message of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PutReply {
    /// Send the shard.
    #[codec(index = 0)]
    Go,
    /// The shard is checked and durable.
    #[codec(index = 1)]
    Stored {
        /// The object it belongs to.
        object: ObjectId,
    },
    /// The receipt.
    #[codec(index = 2)]
    Signed(Receipt),
    /// A refusal with its reason.
    #[codec(index = 3)]
    Refused(Refusal),
    /// The account may upload.
    #[codec(index = 4)]
    Known,
}

/// The reason why a worker refuses a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum Refusal {
    /// The slot has no room. [`Self::DiskFull`] and [`Self::UploadsFull`] are about the worker, whatever its slots have.
    #[error("the worker's slot has only {free} bytes free: put the object into another group")]
    #[codec(index = 0)]
    OverCapacity {
        /// Bytes that are free.
        free: u64,
    },
    /// The worker is not a member of that group (any more, or as far as it knows).
    #[error(
        "the worker is not a member of that group: read the group from the chain again and send the shard to the slot's current worker"
    )]
    #[codec(index = 1)]
    NotMember,
    /// The worker has another slot in the group.
    #[error("the worker has another slot in that group: read the group from the chain again")]
    #[codec(index = 2)]
    WrongSlot,
    /// The bytes do not hash to the announced shard root.
    #[error("the shard's bytes do not match its root: send the shard again")]
    #[codec(index = 3)]
    ShardMismatch,
    /// Header, roots and announced lengths contradict each other.
    #[error("the object's header contradicts what was announced: encode the object again")]
    #[codec(index = 4)]
    HeaderMismatch,
    /// A batch names an object whose shard the worker does not hold.
    #[error("the worker lacks the shard of an object of the batch: put it first, then ask for the receipt again")]
    #[codec(index = 5)]
    UnknownObject {
        /// The first such object.
        object: ObjectId,
    },
    /// The shard or the batch is larger than the group's profile or the protocol allows.
    #[error("too large for this worker: split the object or the batch")]
    #[codec(index = 6)]
    TooLarge,
    /// Too many streams or too much in flight.
    #[error("the worker is busy: wait a moment and try again")]
    #[codec(index = 7)]
    Busy,
    /// The epoch has begun already, or is later than storage can be bought for.
    #[error("the expiry is in the past or too far in the future: choose an epoch that the chain's parameters allow")]
    #[codec(index = 8)]
    Expired,
    /// The request breaks the protocol's rules.
    #[error("the worker rejected the request as malformed: update this program")]
    #[codec(index = 9)]
    BadRequest,
    /// An internal error of the worker (disk, chain connection).
    #[error("the worker has an internal error: try again later, or rely on the group's other members")]
    #[codec(index = 10)]
    Internal,
    /// The receipt would have expired already, or be valid for too long.
    #[error(
        "the receipt would be valid until a block in the past or too far in the future: one of the two nodes is behind; wait a moment and try again"
    )]
    #[codec(index = 11)]
    Stale,
    /// No account was named, its signature is wrong, or it is not the one that the receipt is for.
    #[error("the worker takes uploads only in the name of an account that has signed for them: update this program")]
    #[codec(index = 12)]
    Unsigned,
    /// The account could not pay for what it uploads.
    #[error("the account cannot pay for what it uploads: send it funds, or upload less at a time")]
    #[codec(index = 13)]
    NoFunds,
    /// The account has used up its share of the space for uploads that are not registered.
    #[error(
        "this account has uploaded as much to the worker as it may without registering it: register it, or wait a moment"
    )]
    #[codec(index = 14)]
    ShareUsedUp,
    /// Shards of the batch were promised before, and nobody paid for them.
    #[error("the worker has promised these shards before, and nobody has registered them in time: upload them again")]
    #[codec(index = 15)]
    NotPaid,
    /// The slot has room, and the worker's disk has none.
    #[error(
        "the worker's disk has room for only {free} bytes more, though its slot is not full: try again later, or put the object into another group"
    )]
    #[codec(index = 16)]
    DiskFull {
        /// Bytes that the disk has room for.
        free: u64,
    },
    /// The slot has room, and others' uploads, or what the worker still keeps for others, take up the rest of what it lends.
    #[error(
        "the worker has space for only {free} bytes more that are not registered, though its slot is not full: try again later, or put the object into another group"
    )]
    #[codec(index = 17)]
    UploadsFull {
        /// Bytes that may still be uploaded.
        free: u64,
    },
}

/// An upper bound for the kind byte and fixed fields.
const SMALL: u32 = 256;

impl Message for PutRequest {
    const NAME: &'static str = "put request";

    fn limit(kind: u8) -> Option<u32> {
        match kind {
            0 | 1 => Some(SMALL),
            // A header and the roots of all shards.
            2 => Some(SMALL + MAX_SHARDS * HASH_LEN),
            3 => Some(SMALL + entries_len()),
            4 => Some(SMALL),
            _ => None,
        }
    }
}

impl Message for PutReply {
    const NAME: &'static str = "put reply";

    fn limit(kind: u8) -> Option<u32> {
        (kind <= 4).then_some(SMALL)
    }
}

impl Refusal {
    /// Returns true if there was no room for the upload; the worker may find some by removing what makes way.
    #[must_use]
    pub fn is_lack_of_room(&self) -> bool {
        matches!(self, Self::OverCapacity { .. } | Self::DiskFull { .. } | Self::UploadsFull { .. } | Self::ShareUsedUp)
    }
}

impl PutRequest {
    /// Returns true if a chunk may have this length.
    pub fn chunk_len_ok(len: u32) -> bool {
        (1..=MAX_CHUNK_LEN).contains(&len)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_lack_of_room_names_what_is_full_and_is_the_slot_only_if_the_slot_is() {
        for (refusal, code, named) in [
            (Refusal::OverCapacity { free: 5 }, 0, "the worker's slot has only 5 bytes free"),
            (Refusal::DiskFull { free: 5 }, 16, "the worker's disk has room for only 5 bytes"),
            (
                Refusal::UploadsFull { free: 5 },
                17,
                "only 5 bytes more that are not registered, though its slot is not full",
            ),
        ] {
            assert_eq!(refusal.encode().first(), Some(&code));
            assert_eq!(Refusal::decode(&mut &*refusal.encode()).unwrap(), refusal);
            let text = refusal.to_string();
            assert!(text.contains(named) && text.contains("into another group"), "{text}");
            assert!(refusal.is_lack_of_room());
        }
        assert!(Refusal::ShareUsedUp.is_lack_of_room() && !Refusal::Busy.is_lack_of_room());
    }
}
