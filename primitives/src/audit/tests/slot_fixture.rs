//! A range of batches of objects with all shards of one slot.

use crate::{
    audit::{Answer, BatchPath, EntryPath, HeldLeaf, Sample, find_entry, find_leaf},
    merkle::{leaf_hash, prove_range, root_of_leaves, subtree_hash},
    object::{LEAF_LEN, ObjectId, shards_root},
    range::{RangeLeaf, RangeState, prove_leaf},
    sum_tree::{BatchEntry, prove_entry, summarize},
};

/// Shards of an object.
pub const SHARDS: u8 = 6;
/// The slot whose shards the fixture has.
pub const SLOT: u8 = 2;

/// A range and the shards of one slot in it. Lengths are in leaves.
pub struct SlotFixture {
    salt: u8,
    batches: Vec<Vec<BatchEntry>>,
    leaves: Vec<RangeLeaf>,
    pub range: RangeState,
}

fn data(salt: u8, object: u64, leaf: u64) -> Vec<u8> {
    let tag = [salt, 0].into_iter().chain(object.to_le_bytes()).chain(leaf.to_le_bytes()).cycle();
    tag.take(1024).collect()
}

fn hashes(salt: u8, object: u64, leaves: u64) -> Vec<[u8; 32]> {
    (0..leaves).map(|leaf| leaf_hash(&data(salt, object, leaf))).collect()
}

fn roots(own: [u8; 32]) -> Vec<[u8; 32]> {
    (0..SHARDS).map(|slot| if slot == SLOT { own } else { [slot; 32] }).collect()
}

/// The number of an object, which its id begins with.
fn number(id: &ObjectId) -> u64 {
    let mut low = [0; 8];
    low.copy_from_slice(&id.0[..8]);
    u64::from_le_bytes(low)
}

impl SlotFixture {
    pub fn new(salt: u8, sizes: &[Vec<u64>]) -> Self {
        let mut next = 0u64;
        let mut entry = |leaves: &u64| {
            let mut id = [salt; 32];
            id[..8].copy_from_slice(&next.to_le_bytes());
            let root = root_of_leaves(&hashes(salt, next, *leaves));
            next += 1;
            BatchEntry { object: ObjectId(id), shards_root: shards_root(&roots(root)), shard_len: leaves * LEAF_LEN }
        };
        let batches: Vec<Vec<BatchEntry>> = sizes.iter().map(|batch| batch.iter().map(&mut entry).collect()).collect();
        let leaf = |batch: &Vec<BatchEntry>| RangeLeaf {
            batch: summarize(batch).unwrap(),
            owner: [salt; 32],
            signed: 1 << SLOT,
            registered: 7,
        };
        let leaves: Vec<RangeLeaf> = batches.iter().map(leaf).collect();
        let range = RangeState::from_leaves(&leaves).unwrap();
        Self { salt, batches, leaves, range }
    }

    pub fn sample(&self, at: u64) -> Sample {
        Sample { group: 1, slot: SLOT, expiry: 9, offset: at % self.range.bytes() }
    }

    pub fn answer(&self, sample: &Sample) -> Answer {
        let (index, in_batch) = find_leaf(&self.leaves, sample.offset).unwrap();
        let at = usize::try_from(index).unwrap();
        let proof = prove_leaf(&self.leaves, index).unwrap();
        let batch = BatchPath { index, leaf: self.leaves[at], proof };

        let entries = &self.batches[at];
        let (index, in_shard) = find_entry(entries, in_batch).unwrap();
        let entry = entries[usize::try_from(index).unwrap()];
        let path = EntryPath { index, entry, proof: prove_entry(entries, index).unwrap() };

        let (object, leaves) = (number(&entry.object), entry.shard_len / LEAF_LEN);
        let hashes = hashes(self.salt, object, leaves);
        let top = |of: &[[u8; 32]], lo: u64, hi: u64| {
            subtree_hash(&of[usize::try_from(lo).unwrap()..usize::try_from(hi).unwrap()])
        };
        let proof = prove_range(&|lo, hi| top(&hashes, lo, hi), leaves, in_shard / LEAF_LEN, 1).unwrap();
        let root = root_of_leaves(&hashes);
        let roots: Vec<_> = roots(root).iter().map(|root| leaf_hash(root)).collect();
        let root_proof = prove_range(&|lo, hi| top(&roots, lo, hi), SHARDS.into(), SLOT.into(), 1).unwrap();
        let data = data(self.salt, object, in_shard / LEAF_LEN).try_into().unwrap();
        Answer::Held(Box::new((batch, path, HeldLeaf { root, root_proof, data, proof })))
    }
}
