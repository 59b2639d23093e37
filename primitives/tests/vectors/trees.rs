//! Vectors of trees, batches and ranges.

use crate::{filler, hex, scale};
use meganet_primitives::{
    merkle::{leaf_hash, prove_range, root_of_leaves, subtree_hash, verify_range},
    object::ObjectId,
    range::{RangeLeaf, RangeState, prove_leaf, verify_leaf},
    sum_tree::{BatchEntry, SumNode, prove_entry, summarize, verify_entry},
};
use serde_json::{Value, json};

fn leaf_data(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

pub fn merkle() -> Value {
    let roots: Vec<Value> = [0u64, 1, 2, 3, 5, 8, 64, 65, 130]
        .map(|count| {
            let leaves: Vec<_> = (0..count).map(|number| leaf_hash(&leaf_data(number))).collect();
            json!({ "leaves": count, "top": hex(subtree_hash(&leaves)), "root": hex(root_of_leaves(&leaves)) })
        })
        .to_vec();
    let proofs: Vec<Value> = [(1u64, 0u64, 1u64), (7, 0, 7), (7, 2, 3), (7, 6, 1), (130, 64, 64), (130, 128, 2)]
        .map(|(count, start, len)| {
            let leaves: Vec<_> = (0..count).map(|number| leaf_hash(&leaf_data(number))).collect();
            let at = |place: u64| usize::try_from(place).unwrap();
            let proof = prove_range(&|lo, hi| subtree_hash(&leaves[at(lo)..at(hi)]), count, start, len).unwrap();
            let root = root_of_leaves(&leaves);
            verify_range(&root, count, start, &leaves[at(start)..at(start + len)], &proof).unwrap();
            let siblings: Vec<_> = proof.siblings.iter().map(hex).collect();
            json!({ "leaves": count, "start": start, "len": len, "siblings": siblings, "encoded": scale(&proof) })
        })
        .to_vec();
    json!({
        "about": "Merkle trees. The data of leaf i is i as u64 LE. `top` is the tree's top without its count. \
                  A proof's siblings are the maximal subtrees outside start .. start+len, left to right.",
        "leaf_0": hex(leaf_hash(&leaf_data(0))),
        "roots": roots,
        "proofs": proofs,
    })
}

fn entry(number: u64) -> BatchEntry {
    BatchEntry {
        object: ObjectId(filler("object", number)),
        shards_root: filler("shards", number),
        shard_len: (number % 3 + 1) * 1024,
    }
}

fn nodes(nodes: &[SumNode]) -> Vec<Value> {
    nodes.iter().map(|node| json!({ "hash": hex(node.hash), "bytes": node.bytes })).collect()
}

pub fn batches() -> Value {
    let batches: Vec<Value> = [1u64, 2, 3, 7]
        .map(|count| {
            let entries: Vec<_> = (0..count).map(entry).collect();
            let batch = summarize(&entries).unwrap();
            let described: Vec<_> = entries
                .iter()
                .map(|entry| {
                    json!({
                        "object": hex(entry.object.0),
                        "shards_root": hex(entry.shards_root),
                        "shard_len": entry.shard_len,
                        "encoded": scale(entry),
                    })
                })
                .collect();
            let proofs: Vec<_> = (0..)
                .zip(&entries)
                .map(|(index, entry)| {
                    let proof = prove_entry(&entries, index).unwrap();
                    let offset = verify_entry(&batch, index, entry, &proof).unwrap();
                    json!({ "index": index, "offset": offset, "siblings": nodes(&proof.siblings) })
                })
                .collect();
            json!({
                "entries": described,
                "root": hex(batch.root),
                "objects": batch.objects,
                "bytes": batch.bytes,
                "encoded": scale(&batch),
                "proofs": proofs,
            })
        })
        .to_vec();
    json!({
        "about": "Batches: trees of byte sums. `encoded` is SCALE. A proof's siblings go from the leaf up; `offset` is \
                  where the entry's bytes begin in the batch.",
        "batches": batches,
    })
}

pub fn ranges() -> Value {
    let leaf = |number: u64| {
        let entries: Vec<_> = (number * 3..=number * 4).map(entry).collect();
        RangeLeaf {
            batch: summarize(&entries).unwrap(),
            owner: filler("owner", number),
            signed: 0b1011 << number,
            registered: 1000 + u32::try_from(number).unwrap(),
        }
    };
    let leaves: Vec<_> = (0..7).map(leaf).collect();
    let described: Vec<_> = leaves
        .iter()
        .map(|leaf| {
            let batch = leaf.batch;
            json!({
                "root": hex(batch.root), "objects": batch.objects, "bytes": batch.bytes,
                "owner": hex(leaf.owner), "signed": leaf.signed, "registered": leaf.registered,
                "encoded": scale(leaf),
            })
        })
        .collect();
    let states: Vec<_> = (0..=leaves.len())
        .map(|count| {
            let state = RangeState::from_leaves(&leaves[..count]).unwrap();
            json!({ "leaves": count, "peaks": nodes(&state.peaks), "bytes": state.bytes(), "encoded": scale(&state) })
        })
        .collect();
    let state = RangeState::from_leaves(&leaves).unwrap();
    let proofs: Vec<_> = (0..)
        .zip(&leaves)
        .map(|(index, leaf)| {
            let proof = prove_leaf(&leaves, index).unwrap();
            let offset = verify_leaf(&state, index, leaf, &proof).unwrap();
            json!({ "index": index, "offset": offset, "siblings": nodes(&proof.siblings) })
        })
        .collect();
    json!({
        "about": "Mountain ranges. `states` are the ranges of the first leaves; `proofs` are within that of all. \
                  A proof's siblings go from the leaf up.",
        "leaves": described,
        "states": states,
        "proofs": proofs,
    })
}
