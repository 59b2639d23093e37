//! A range of three batches with all the shards of one slot.

use crate::{filler, hex, scale};
use meganet_primitives::{
    audit::{Answer, BatchPath, EntryPath, HeldLeaf, Holding, Sample, find_entry, find_leaf},
    hash::Hash,
    merkle::{leaf_hash, prove_range, root_of_leaves, subtree_hash},
    object::{LEAF_LEN, ObjectId, shards_root},
    range::{RangeLeaf, RangeState, prove_leaf},
    sum_tree::{BatchEntry, prove_entry, summarize},
};
use serde_json::{Value, json};

/// Shards of an object.
pub const SHARDS: u8 = 6;
/// The worker and its slot.
pub const WORKER: u32 = 4_711;
const SLOT: u8 = 2;
const GROUP: u32 = 7;
const EXPIRY: u32 = 90;

/// Leaves of the shards of each batch's objects.
const SIZES: [&[u64]; 3] = [&[5, 70], &[60, 2], &[40, 33, 1]];
/// The batch for which the slot did not sign.
const UNSIGNED: usize = 1;
/// The number of the object that its owner deleted.
const DELETED: u64 = 5;

pub struct SlotFixture {
    batches: Vec<Vec<BatchEntry>>,
    leaves: Vec<RangeLeaf>,
    pub range: RangeState,
}

fn at(place: u64) -> usize {
    usize::try_from(place).unwrap()
}

fn data(object: u64, leaf: u64) -> Vec<u8> {
    [object.to_le_bytes(), leaf.to_le_bytes()].concat().repeat(64)
}

fn hashes(object: u64, leaves: u64) -> Vec<Hash> {
    (0..leaves).map(|leaf| leaf_hash(&data(object, leaf))).collect()
}

fn roots(object: u64, leaves: u64) -> Vec<Hash> {
    let own = root_of_leaves(&hashes(object, leaves));
    let root = |slot| if slot == SLOT { own } else { filler("shard", object * 100 + u64::from(slot)) };
    (0..SHARDS).map(root).collect()
}

/// Each object's number with the leaves of its shards.
fn numbered() -> Vec<Vec<(u64, u64)>> {
    let mut numbers = 0u64..;
    SIZES.map(|batch| numbers.by_ref().zip(batch.iter().copied()).collect()).to_vec()
}

impl SlotFixture {
    pub fn new() -> Self {
        let entry = |(number, leaves): &(u64, u64)| BatchEntry {
            object: ObjectId(filler("object", *number)),
            shards_root: shards_root(&roots(*number, *leaves)),
            shard_len: leaves * LEAF_LEN,
        };
        let batches: Vec<Vec<BatchEntry>> = numbered().iter().map(|batch| batch.iter().map(entry).collect()).collect();
        let leaf = |(index, entries): (usize, &Vec<BatchEntry>)| RangeLeaf {
            batch: summarize(entries).unwrap(),
            owner: filler("owner", 0),
            signed: if index == UNSIGNED { 0b111_011 } else { 0b101_111 },
            registered: 1_000 + u32::try_from(index).unwrap(),
        };
        let leaves: Vec<RangeLeaf> = batches.iter().enumerate().map(leaf).collect();
        let range = RangeState::from_leaves(&leaves).unwrap();
        Self { batches, leaves, range }
    }

    pub fn holding(&self) -> Holding {
        Holding { group: GROUP, slot: SLOT, ranges: vec![(EXPIRY, self.range.bytes())] }
    }

    /// Batch, object in it, and byte in the shard.
    pub fn place(&self, sample: &Sample) -> (u64, u32, u64) {
        let (batch, in_batch) = find_leaf(&self.leaves, sample.offset).unwrap();
        let (entry, in_shard) = find_entry(&self.batches[at(batch)], in_batch).unwrap();
        (batch, entry, in_shard)
    }

    fn number(&self, batch: u64, entry: u32) -> u64 {
        numbered()[at(batch)][at(entry.into())].0
    }

    /// Returns the worker's answer to a sample.
    pub fn kind(&self, sample: &Sample) -> &'static str {
        let (batch, entry, _) = self.place(sample);
        match self.leaves[at(batch)].signed >> SLOT & 1 {
            0 => "excused",
            _ if self.number(batch, entry) == DELETED => "deleted",
            _ => "held",
        }
    }

    pub fn answer(&self, sample: &Sample, kind: &str) -> Answer {
        let (index, entry, in_shard) = self.place(sample);
        let (leaf, entries) = (self.leaves[at(index)], &self.batches[at(index)]);
        let batch = BatchPath { index, leaf, proof: prove_leaf(&self.leaves, index).unwrap() };
        let number = self.number(index, entry);
        let path =
            EntryPath { index: entry, entry: entries[at(entry.into())], proof: prove_entry(entries, entry).unwrap() };
        let (leaves, place) = (path.entry.shard_len / LEAF_LEN, in_shard / LEAF_LEN);
        let prove = |hashes: &[Hash], place: u64| {
            let count = u64::try_from(hashes.len()).unwrap();
            prove_range(&|lo, hi| subtree_hash(&hashes[at(lo)..at(hi)]), count, place, 1).unwrap()
        };
        let roots = roots(number, leaves);
        let root_hashes: Vec<Hash> = roots.iter().map(|root| leaf_hash(root)).collect();
        let held = HeldLeaf {
            root: roots[usize::from(SLOT)],
            root_proof: prove(&root_hashes, SLOT.into()),
            data: data(number, place).try_into().unwrap(),
            proof: prove(&hashes(number, leaves), place),
        };
        match kind {
            "excused" => Answer::Excused(Box::new(batch)),
            "deleted" => Answer::Deleted(Box::new((batch, path))),
            _ => Answer::Held(Box::new((batch, path, held))),
        }
    }

    pub fn describe(&self) -> Value {
        let object = |(entry, (number, leaves)): (&BatchEntry, &(u64, u64))| {
            let roots: Vec<_> = roots(*number, *leaves).iter().map(hex).collect();
            json!({ "number": number, "object": hex(entry.object.0), "leaves": leaves, "shard_roots": roots })
        };
        let batches: Vec<Value> = self
            .leaves
            .iter()
            .zip(self.batches.iter().zip(numbered()))
            .map(|(leaf, (entries, numbers))| {
                json!({
                    "owner": hex(leaf.owner), "signed": leaf.signed, "registered": leaf.registered,
                    "objects": entries.iter().zip(&numbers).map(object).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({ "shards": SHARDS, "slot": SLOT, "batches": batches, "range": scale(&self.range) })
    }
}
