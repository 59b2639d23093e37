//! Batches: the objects that one registration adds to a group, as a Merkle tree whose nodes carry byte sums.
//!
//! The sums prove which object contains the i-th byte of a batch. So an audit can draw bytes uniformly, however they are
//! cut into objects. The tree has the shape of
//! [`crate::merkle`]; its digests have tags of their own and its root binds count and sum.

use crate::{
    hash::{Hash, Tag, tagged},
    merkle::{count_of, split_of},
    object::{LEAF_LEN, ObjectId},
};
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most objects of a batch.
pub const MAX_BATCH_OBJECTS: u32 = 65_536;
/// The most siblings of an entry's proof: the depth of the largest batch.
pub const MAX_SUM_SIBLINGS: u32 = 16;

/// An object of a batch, for which a worker signs when it signs the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct BatchEntry {
    /// The object.
    pub object: ObjectId,
    /// Merkle root over its shard roots, the same as in its header.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub shards_root: Hash,
    /// Bytes of each of its shards, a positive multiple of [`LEAF_LEN`].
    pub shard_len: u64,
}

/// The root and the sums of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct BatchSummary {
    /// The root, which binds the other two.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub root: Hash,
    /// Number of objects, `1..=MAX_BATCH_OBJECTS`.
    pub objects: u32,
    /// Bytes that each slot holds of them: the sum of their shard lengths.
    pub bytes: u64,
}

/// A subtree: its digest and the bytes under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SumNode {
    /// Its digest.
    pub hash: Hash,
    /// Bytes of the shards under it.
    pub bytes: u64,
}

/// Proof that an entry belongs to a batch: the other subtree at each split, from the leaf up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SumProof {
    /// The subtrees.
    pub siblings: BoundedVec<SumNode, ConstU32<MAX_SUM_SIBLINGS>>,
}

/// Why a batch cannot be made or a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SumTreeError {
    /// No objects, or more than [`MAX_BATCH_OBJECTS`].
    #[error("a batch has 1 to {MAX_BATCH_OBJECTS} objects, not {0}: split it into several")]
    BadCount(u64),
    /// A shard length that no object has.
    #[error(
        "no shard has {0} bytes: the length is a positive multiple of {LEAF_LEN}, so take it from the object's header"
    )]
    BadShardLen(u64),
    /// The byte sums do not fit 64 bits.
    #[error("the batch's byte sum does not fit 64 bits: split it into several")]
    Overflow,
    /// The batch has no entry of that index.
    #[error("entry {index} is not within a batch of {count} objects: ask for one that exists")]
    OutOfRange {
        /// The index.
        index: u32,
        /// Entries of the batch.
        count: u32,
    },
    /// The proof has fewer or more siblings than its place in the tree needs.
    #[error("the proof has the wrong number of siblings: make it again from the whole batch")]
    WrongLength,
    /// The entry with this proof does not lead to the batch's root.
    #[error("the entry does not belong to the batch at that index: make the proof again from the whole batch")]
    Mismatch,
}

impl BatchEntry {
    fn leaf(&self) -> Result<SumNode, SumTreeError> {
        if self.shard_len == 0 || !self.shard_len.is_multiple_of(LEAF_LEN) {
            return Err(SumTreeError::BadShardLen(self.shard_len));
        }
        Ok(SumNode { hash: self.using_encoded(|bytes| tagged(Tag::SumLeaf, &[bytes])), bytes: self.shard_len })
    }
}

impl SumNode {
    /// Returns the node above two, hashed with the tag of its kind of tree; `None` if the sum overflows.
    pub(crate) fn join(tag: Tag, left: &SumNode, right: &SumNode) -> Option<SumNode> {
        let bytes = left.bytes.checked_add(right.bytes)?;
        let (left_bytes, right_bytes) = (left.bytes.to_le_bytes(), right.bytes.to_le_bytes());
        Some(SumNode { hash: tagged(tag, &[&left.hash, &left_bytes, &right.hash, &right_bytes]), bytes })
    }
}

fn join(left: &SumNode, right: &SumNode) -> Result<SumNode, SumTreeError> {
    SumNode::join(Tag::SumNode, left, right).ok_or(SumTreeError::Overflow)
}

fn root_hash(count: u32, top: &SumNode) -> Hash {
    tagged(Tag::SumRoot, &[&u64::from(count).to_le_bytes(), &top.bytes.to_le_bytes(), &top.hash])
}

fn check_count(entries: &[BatchEntry]) -> Result<u32, SumTreeError> {
    let count = count_of(entries);
    match u32::try_from(count) {
        Ok(small) if (1..=MAX_BATCH_OBJECTS).contains(&small) => Ok(small),
        _ => Err(SumTreeError::BadCount(count)),
    }
}

/// Returns the top over some entries, at least one.
fn top_of(entries: &[BatchEntry]) -> Result<SumNode, SumTreeError> {
    match entries {
        [] => Err(SumTreeError::BadCount(0)),
        [entry] => entry.leaf(),
        _ => {
            let (left, right) = entries.split_at(entries.len().next_power_of_two() / 2);
            join(&top_of(left)?, &top_of(right)?)
        }
    }
}

/// Returns the root and the sums of a batch of these entries; their order matters.
///
/// # Errors
/// [`SumTreeError::BadCount`] unless there are 1 to [`MAX_BATCH_OBJECTS`], [`SumTreeError::BadShardLen`] if an entry's
/// length is not that of a shard, [`SumTreeError::Overflow`] if the sum does not fit.
pub fn summarize(entries: &[BatchEntry]) -> Result<BatchSummary, SumTreeError> {
    let objects = check_count(entries)?;
    let top = top_of(entries)?;
    Ok(BatchSummary { root: root_hash(objects, &top), objects, bytes: top.bytes })
}

/// Proves that `entries[index]` belongs to the batch of these entries at that index.
///
/// # Errors
/// Those of [`summarize`], and [`SumTreeError::OutOfRange`].
pub fn prove_entry(entries: &[BatchEntry], index: u32) -> Result<SumProof, SumTreeError> {
    let count = check_count(entries)?;
    if index >= count {
        return Err(SumTreeError::OutOfRange { index, count });
    }
    let mut at = usize::try_from(index).map_err(|_| SumTreeError::OutOfRange { index, count })?;
    let mut rest = entries;
    let mut from_top = Vec::new();
    while rest.len() > 1 {
        let (left, right) = rest.split_at(rest.len().next_power_of_two() / 2);
        if at < left.len() {
            from_top.push(top_of(right)?);
            rest = left;
        } else {
            from_top.push(top_of(left)?);
            at -= left.len();
            rest = right;
        }
    }
    from_top.reverse();
    let siblings = from_top.try_into().map_err(|_| SumTreeError::WrongLength)?;
    Ok(SumProof { siblings })
}

/// Checks that an entry belongs to a batch at an index. Returns the offset of its bytes among the batch's.
///
/// # Errors
/// [`SumTreeError`] if it does not.
pub fn verify_entry(
    batch: &BatchSummary,
    index: u32,
    entry: &BatchEntry,
    proof: &SumProof,
) -> Result<u64, SumTreeError> {
    let count = batch.objects;
    if !(1..=MAX_BATCH_OBJECTS).contains(&count) {
        return Err(SumTreeError::BadCount(count.into()));
    }
    if index >= count {
        return Err(SumTreeError::OutOfRange { index, count });
    }
    // Down the tree for the turns, then up again with the siblings.
    let (mut lo, mut hi, mut turns) = (0, u64::from(count), Vec::new());
    while hi - lo > 1 {
        let middle = lo + split_of(hi - lo);
        let right = u64::from(index) >= middle;
        (lo, hi) = if right { (middle, hi) } else { (lo, middle) };
        turns.push(right);
    }
    if turns.len() != proof.siblings.len() {
        return Err(SumTreeError::WrongLength);
    }
    let (mut node, mut offset) = (entry.leaf()?, 0u64);
    for (right, sibling) in turns.iter().rev().zip(&proof.siblings) {
        if *right {
            offset = offset.checked_add(sibling.bytes).ok_or(SumTreeError::Overflow)?;
            node = join(sibling, &node)?;
        } else {
            node = join(&node, sibling)?;
        }
    }
    if node.bytes != batch.bytes || root_hash(count, &node) != batch.root {
        return Err(SumTreeError::Mismatch);
    }
    Ok(offset)
}

#[cfg(test)]
mod tests;
