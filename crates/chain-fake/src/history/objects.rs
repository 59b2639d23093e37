//! Objects whose shards anybody can make: one leaf a shard, by the object's number and the slot.

use meganet_primitives::{
    SlotIndex,
    audit::{Answer, BatchPath, EntryPath, HeldLeaf, find_entry, find_leaf},
    chain::ChallengedByte,
    hash::Hash,
    merkle::{leaf_hash, prove_range, root_of_leaves, subtree_hash},
    object::{ObjectId, shards_root},
    range::{RangeLeaf, prove_leaf},
    sum_tree::{BatchEntry, prove_entry},
};

/// Slots of a compact group.
const SLOTS: u8 = 6;

fn data(object: u8, slot: SlotIndex) -> Vec<u8> {
    vec![object ^ (slot << 5); 1024]
}

fn root(object: u8, slot: SlotIndex) -> Hash {
    root_of_leaves(&[leaf_hash(&data(object, slot))])
}

fn roots(object: u8) -> Vec<Hash> {
    (0..SLOTS).map(|slot| root(object, slot)).collect()
}

/// An object as it stands in a batch.
pub(super) fn entry(object: u8) -> BatchEntry {
    BatchEntry { object: ObjectId([object; 32]), shards_root: shards_root(&roots(object)), shard_len: 1024 }
}

/// A registered batch with its objects.
#[derive(Clone)]
pub(super) struct Batch {
    pub(super) leaf: RangeLeaf,
    pub(super) entries: Vec<BatchEntry>,
    /// Numbers of entries that were deleted.
    pub(super) deleted: Vec<u32>,
}

/// How a worker wants to answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Held,
    /// Without the data: because the object was deleted, or because it did not sign for it.
    Excused,
}

/// The answer to a sample from the batches of its range; `None` if they do not reach as far.
pub(super) fn answer(batches: &[Batch], byte: &ChallengedByte, manner: Manner) -> Option<Answer> {
    // The range as it was when the period began.
    let known = batches.get(..usize::try_from(byte.range.leaves).ok()?)?;
    let leaves: Vec<RangeLeaf> = known.iter().map(|batch| batch.leaf).collect();
    let (index, in_batch) = find_leaf(&leaves, byte.sample.offset)?;
    let batch = known.get(usize::try_from(index).ok()?)?;
    let path = BatchPath { index, leaf: batch.leaf, proof: prove_leaf(&leaves, index).ok()? };
    let (number, _) = find_entry(&batch.entries, in_batch)?;
    let entry = *batch.entries.get(usize::try_from(number).ok()?)?;
    let in_batch = EntryPath { index: number, entry, proof: prove_entry(&batch.entries, number).ok()? };
    if manner == Manner::Excused {
        return Some(match batch.deleted.contains(&number) {
            true => Answer::Deleted(Box::new((path, in_batch))),
            false => Answer::Excused(Box::new(path)),
        });
    }
    let (object, slot) = (entry.object.0[0], byte.sample.slot);
    let hashes: Vec<Hash> = roots(object).iter().map(|root| leaf_hash(root)).collect();
    let top = |lo: u64, hi: u64| {
        let bounds = usize::try_from(lo).unwrap_or(0)..usize::try_from(hi).unwrap_or(0);
        subtree_hash(hashes.get(bounds).unwrap_or_default())
    };
    let held = HeldLeaf {
        root: root(object, slot),
        root_proof: prove_range(&top, SLOTS.into(), slot.into(), 1).ok()?,
        data: data(object, slot).try_into().ok()?,
        proof: prove_range(&|_, _| [0; 32], 1, 0, 1).ok()?,
    };
    Some(Answer::Held(Box::new((path, in_batch, held))))
}
