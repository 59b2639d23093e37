//! Messages of the get protocol: a client reads what a worker holds.
//!
//! Request and reply alternate, the client first; a stream carries one exchange after another. Verify every reply
//! against an object id or the chain: a worker is never trusted.

use super::{HASH_LEN, MAX_CHUNK_LEN, Message, entries_len};
use codec::{Decode, Encode};
use meganet_primitives::{
    Epoch, GroupId, SlotIndex,
    hash::Hash,
    merkle::RangeProof,
    object::{MAX_SHARDS, ObjectHeader, ObjectId},
    range::RangeLeaf,
    sum_tree::BatchEntry,
};

/// Most frames of one request.
pub const MAX_FRAMES: u32 = 16;
/// Most objects of one [`GetRequest::Have`] or [`GetRequest::Locate`].
pub const MAX_HAVE: u32 = 1024;
/// Most leaves of one [`RangePage`].
pub const MAX_RANGE_LEAVES: u32 = 256;

/// A request for consecutive frames of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FrameRange {
    /// The object.
    pub object: ObjectId,
    /// The shard.
    pub shard: SlotIndex,
    /// The first frame.
    pub first: u64,
    /// The number of frames, `1..=16`.
    pub count: u32,
}

impl FrameRange {
    /// Returns the most bytes that an answer may have.
    pub fn max_len(&self) -> u32 {
        self.count.min(MAX_FRAMES) * MAX_CHUNK_LEN
    }
}

/// A request for batches of a group's range, in the order in which the chain registered them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RangeQuery {
    /// The group.
    pub group: GroupId,
    /// The range: the epoch in which it expires.
    pub expiry: Epoch,
    /// Index of the first requested leaf.
    pub from: u64,
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum GetRequest {
    /// An object's header and shard roots.
    #[codec(index = 0)]
    Object {
        /// The object.
        object: ObjectId,
    },
    /// Frames of a shard.
    #[codec(index = 1)]
    Frames(FrameRange),
    /// The entries of a batch.
    #[codec(index = 2)]
    Batch {
        /// Its root.
        root: Hash,
    },
    /// Leaves of a range.
    #[codec(index = 3)]
    Range(RangeQuery),
    /// For each of these objects, at most 1024, whether the worker holds a shard of it.
    #[codec(index = 4)]
    Have {
        /// The objects.
        objects: Vec<ObjectId>,
    },
    /// For each of these objects of a group, at most 1024, where the chain registered it.
    #[codec(index = 5)]
    Locate {
        /// The group.
        group: GroupId,
        /// The objects.
        objects: Vec<ObjectId>,
    },
}

/// A leaf of a group's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct LeafPlace {
    /// The range: the epoch in which it expires.
    pub expiry: Epoch,
    /// Index of the leaf in it.
    pub index: u64,
}

/// A description of an object by a worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ObjectInfo {
    /// Its header; the client checks that it hashes to the object id.
    pub header: ObjectHeader,
    /// The roots of all shards; the client checks them against the header.
    pub shard_roots: Vec<Hash>,
    /// The shards that this worker holds whole: that of its slot, and those of slots that it had before.
    pub shards: Vec<SlotIndex>,
}

/// Part of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct RangePage {
    /// Leaves that the worker knows of the range, from the first.
    pub total: u64,
    /// Leaves from the requested index on, at most 256.
    pub leaves: Vec<RangeLeaf>,
}

/// A message of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum GetReply {
    /// A refusal with its reason.
    #[codec(index = 0)]
    Refused(GetRefusal),
    /// See [`ObjectInfo`].
    #[codec(index = 1)]
    Object(ObjectInfo),
    /// A proof, and this many raw bytes after the message: the frames one after another.
    #[codec(index = 2)]
    Frames {
        /// Proves that the frames belong to the shard.
        proof: RangeProof,
        /// Bytes that follow.
        len: u32,
    },
    /// The entries of the batch, in order.
    #[codec(index = 3)]
    Batch {
        /// All of them.
        entries: Vec<BatchEntry>,
    },
    /// See [`RangePage`].
    #[codec(index = 4)]
    Range(RangePage),
    /// Bit `i % 8` of byte `i / 8` is set if the worker holds a shard of object `i`.
    #[codec(index = 5)]
    Have {
        /// The bits, the last byte filled with zeros.
        bitmap: Vec<u8>,
    },
    /// For each object, in order, the leaf with the latest expiry; the client checks it against the batch.
    #[codec(index = 6)]
    Located {
        /// `None` for objects of which the worker knows no registration.
        places: Vec<Option<LeafPlace>>,
    },
}

/// The reason why a worker refuses a get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
pub enum GetRefusal {
    /// The worker does not hold it.
    #[error("the worker does not hold that: ask another member of the group")]
    #[codec(index = 0)]
    NotHere,
    /// Too many streams or too much in flight.
    #[error("the worker is busy: wait a moment, or ask another member of the group")]
    #[codec(index = 1)]
    Busy,
    /// The request breaks the protocol's rules.
    #[error("the worker rejected the request as malformed: update this program")]
    #[codec(index = 2)]
    BadRequest,
    /// The worker holds it, but must not serve it now.
    #[error("the worker may not serve that at the moment: ask another member of the group, or wait a few seconds")]
    #[codec(index = 3)]
    Withheld,
    /// An internal error of the worker (disk, chain connection).
    #[error("the worker has an internal error: ask another member of the group")]
    #[codec(index = 4)]
    Internal,
    /// The chain has challenged another member for a byte in one of these frames, and has no answer yet: serving them could help that
    /// member to prove what it does not hold. This ends with the answer, or with the challenge's deadline some blocks later. All
    /// honest members refuse the same frames at the same time.
    #[error("another member has to prove these bytes at the moment: ask again in a second or two")]
    #[codec(index = 5)]
    Challenged,
}

/// An upper bound for the kind byte and fixed fields.
const SMALL: u32 = 256;

impl Message for GetRequest {
    const NAME: &'static str = "get request";

    fn limit(kind: u8) -> Option<u32> {
        match kind {
            0..=3 => Some(SMALL),
            4 | 5 => Some(SMALL + MAX_HAVE * HASH_LEN),
            _ => None,
        }
    }
}

impl Message for GetReply {
    const NAME: &'static str = "get reply";

    fn limit(kind: u8) -> Option<u32> {
        match kind {
            0 => Some(SMALL),
            // A header and the roots of all shards.
            1 => Some(SMALL + MAX_SHARDS * HASH_LEN),
            // A proof needs at most two digests for each of the 64 levels that a u64 of leaves could have.
            2 => Some(SMALL + 128 * HASH_LEN),
            3 => Some(SMALL + entries_len()),
            // A leaf is a summary (44), an owner (32) and a bitmap (8).
            4 => Some(SMALL + MAX_RANGE_LEAVES * 128),
            5 => Some(SMALL + MAX_HAVE / 8),
            // An epoch and an index, each optional.
            6 => Some(SMALL + MAX_HAVE * 13),
            _ => None,
        }
    }
}

/// Packs answers to [`GetRequest::Have`].
pub fn pack_bits(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |bits, &bit| (bits << 1) | u8::from(bit))).collect()
}

/// Unpacks `count` answers; `None` if the length of the bitmap or its padding is wrong.
pub fn unpack_bits(bitmap: &[u8], count: usize) -> Option<Vec<bool>> {
    if bitmap.len() != count.div_ceil(8) {
        return None;
    }
    let mut bits: Vec<bool> = bitmap.iter().flat_map(|byte| (0..8).map(move |bit| (byte >> bit) & 1 == 1)).collect();
    let padding = bits.split_off(count);
    (!padding.contains(&true)).then_some(bits)
}
