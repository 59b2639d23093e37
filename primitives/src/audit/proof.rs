//! The answer to a challenge, and its verification.
//!
//! A path leads from a range's peak, which the chain has, over the batch and the object to the worker's shard and the 1 KiB
//! leaf in it. The byte sums on the path determine where the bytes of each part begin, so exactly one leaf answers a
//! sample.

// The derived encoding of enums casts their indices to bytes.
#![allow(clippy::cast_possible_truncation)]

use super::Sample;
use crate::{
    merkle::{MerkleError, RangeProof, leaf_hash, verify_range},
    object::LEAF_LEN,
    range::{RangeError, RangeLeaf, RangeLeafProof, RangeState, verify_leaf},
    sum_tree::{BatchEntry, SumProof, SumTreeError, verify_entry},
};
use alloc::boxed::Box;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// The most samples of a challenge.
pub const MAX_SAMPLES: u32 = 16;

/// [`LEAF_LEN`] as the bound of a vector.
const LEAF_BYTES: u32 = 1024;

/// The batch in which a sample is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct BatchPath {
    /// Its index in the range.
    pub index: u64,
    /// The batch as it is registered.
    pub leaf: RangeLeaf,
    /// Proves it in the range.
    pub proof: RangeLeafProof,
}

/// The object in which a sample is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct EntryPath {
    /// Its index in the batch.
    pub index: u32,
    /// The object's entry in the batch.
    pub entry: BatchEntry,
    /// Proves it in the batch.
    pub proof: SumProof,
}

/// The leaf of the worker's shard in which a sample is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct HeldLeaf {
    /// The root of the worker's shard.
    pub root: crate::hash::Hash,
    /// Proves it among the object's shards.
    pub root_proof: RangeProof,
    /// The leaf: [`LEAF_LEN`] bytes.
    pub data: BoundedVec<u8, ConstU32<LEAF_BYTES>>,
    /// Proves it in the shard.
    pub proof: RangeProof,
}

/// A worker's answer to a sample.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Answer {
    /// The worker holds the byte and proves it.
    #[codec(index = 0)]
    Held(Box<(BatchPath, EntryPath, HeldLeaf)>),
    /// The worker does not hold it and need not: it did not sign for the batch.
    #[codec(index = 1)]
    Excused(Box<BatchPath>),
    /// The worker does not hold it and need not: the owner deleted the object.
    #[codec(index = 2)]
    Deleted(Box<(BatchPath, EntryPath)>),
}

/// Answers to all samples of a challenge, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct AuditProof {
    /// The answers.
    pub answers: BoundedVec<Answer, ConstU32<MAX_SAMPLES>>,
}

/// Why an answer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The batch does not belong to the range.
    #[error("the batch is not in the range as it was when the period began: {0}")]
    Batch(RangeError),
    /// The batch does not hold the sampled byte.
    #[error("the sampled byte is not in this batch: answer with the one that holds it")]
    OtherBatch,
    /// The object does not belong to the batch.
    #[error("the object is not in the batch: {0}")]
    Entry(SumTreeError),
    /// The object does not hold the sampled byte.
    #[error("the sampled byte is not in this object: answer with the one that holds it")]
    OtherEntry,
    /// The shard is not the worker's shard of the object.
    #[error("the shard is not this slot's shard of the object: {0}")]
    Shard(MerkleError),
    /// The leaf does not have [`LEAF_LEN`] bytes.
    #[error("a leaf has 1,024 bytes, not {0}")]
    LeafLength(usize),
    /// The leaf does not belong to the shard.
    #[error("the bytes are not those of the shard: {0}")]
    Leaf(MerkleError),
}

impl Answer {
    /// Returns the batch that the answer claims to contain the sample.
    pub fn batch(&self) -> &BatchPath {
        match self {
            Self::Held(held) => &held.0,
            Self::Excused(batch) => batch,
            Self::Deleted(deleted) => &deleted.0,
        }
    }
}

/// Checks that an answer is about the sampled byte, and that the byte is held if the answer claims so. The chain decides
/// whether a worker is excused, and whether an object was deleted.
///
/// `range` is the sample's range as it was when the period began, `shards` the number of shards of its group's profile.
///
/// # Errors
/// [`AuditError`] about the first part that is wrong.
pub fn verify(sample: &Sample, range: &RangeState, shards: u8, answer: &Answer) -> Result<(), AuditError> {
    let in_batch = check_batch(sample, range, answer.batch())?;
    match answer {
        Answer::Excused(_) => Ok(()),
        Answer::Deleted(deleted) => check_entry(in_batch, &deleted.0, &deleted.1).map(|_| ()),
        Answer::Held(held) => {
            let (batch, entry, leaf) = &**held;
            let in_shard = check_entry(in_batch, batch, entry)?;
            check_held(sample, &entry.entry, leaf, in_shard, shards)
        }
    }
}

/// Returns the offset of the sampled byte in the batch.
fn check_batch(sample: &Sample, range: &RangeState, batch: &BatchPath) -> Result<u64, AuditError> {
    let start = verify_leaf(range, batch.index, &batch.leaf, &batch.proof).map_err(AuditError::Batch)?;
    let inside = sample.offset.checked_sub(start).filter(|inside| *inside < batch.leaf.batch.bytes);
    inside.ok_or(AuditError::OtherBatch)
}

/// Returns the offset of the sampled byte in the object's shard.
fn check_entry(in_batch: u64, batch: &BatchPath, path: &EntryPath) -> Result<u64, AuditError> {
    let start = verify_entry(&batch.leaf.batch, path.index, &path.entry, &path.proof).map_err(AuditError::Entry)?;
    let inside = in_batch.checked_sub(start).filter(|inside| *inside < path.entry.shard_len);
    inside.ok_or(AuditError::OtherEntry)
}

fn check_held(
    sample: &Sample,
    entry: &BatchEntry,
    held: &HeldLeaf,
    in_shard: u64,
    shards: u8,
) -> Result<(), AuditError> {
    let slot = u64::from(sample.slot);
    verify_range(&entry.shards_root, shards.into(), slot, &[leaf_hash(&held.root)], &held.root_proof)
        .map_err(AuditError::Shard)?;
    if u64::try_from(held.data.len()) != Ok(LEAF_LEN) {
        return Err(AuditError::LeafLength(held.data.len()));
    }
    let leaves = entry.shard_len / LEAF_LEN;
    verify_range(&held.root, leaves, in_shard / LEAF_LEN, &[leaf_hash(&held.data)], &held.proof)
        .map_err(AuditError::Leaf)
}
