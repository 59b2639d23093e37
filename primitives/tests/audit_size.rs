//! The largest proofs fit the bound that the chain sets for them.
//!
//! Siblings are arbitrary digests, and what is above them is computed, from the leaf up: so the shapes are those of trees
//! that nobody could build here, and the verifier accepts them.
#![allow(clippy::unwrap_used)]

use codec::{DecodeAll, Encode};
use meganet_primitives::{
    audit::{Answer, AuditError, AuditProof, BatchPath, EntryPath, HeldLeaf, Sample, verify},
    hash::{Hash, Tag, tagged},
    merkle::{RangeProof, leaf_hash, node_hash, root_hash},
    object::{LEAF_LEN, ObjectId},
    range::{RangeError, RangeLeaf, RangeLeafProof, RangeState},
    sum_tree::{BatchEntry, BatchSummary, MAX_BATCH_OBJECTS, SumNode, SumProof},
};
use proptest::prelude::*;

/// Most bytes of a proof of four samples.
const MAX_BYTES: usize = 16 * 1024;
const SAMPLES: u32 = 4;
/// Shards of the widest profile.
const SHARDS: u64 = 48;

fn digest(salt: u64, level: u32) -> Hash {
    tagged(Tag::Seed, &[b"sibling", &salt.to_le_bytes(), &level.to_le_bytes()])
}

fn bits(index: u64, levels: u32) -> impl Iterator<Item = (u32, bool)> {
    (0..levels).map(move |level| (level, index >> level & 1 == 1))
}

/// The root of a tree of this many leaves, a power of two, and the proof of one of them: siblings from left to right.
fn tree(count: u64, index: u64, leaf: &[u8], salt: u64) -> (Hash, RangeProof) {
    assert!(count.is_power_of_two());
    let (mut top, mut left, mut right) = (leaf_hash(leaf), Vec::new(), Vec::new());
    for (level, on_right) in bits(index, count.ilog2()) {
        let sibling = digest(salt, level);
        top = if on_right { node_hash(&sibling, &top) } else { node_hash(&top, &sibling) };
        if on_right { &mut left } else { &mut right }.push(sibling);
    }
    left.reverse();
    (root_hash(count, &top), RangeProof { siblings: [left, right].concat() })
}

/// As [`tree`], for 48 leaves: 32 on the left, 16 on the right.
fn shards(slot: u64, root: &Hash, salt: u64) -> (Hash, RangeProof) {
    let (side, inside) = if slot < 32 { (32, slot) } else { (16, slot - 32) };
    let (mut top, mut left, mut right) = (leaf_hash(root), Vec::new(), Vec::new());
    for (level, on_right) in bits(inside, u64::ilog2(side)).chain([(5, slot >= 32)]) {
        let sibling = digest(salt, level);
        top = if on_right { node_hash(&sibling, &top) } else { node_hash(&top, &sibling) };
        if on_right { &mut left } else { &mut right }.push(sibling);
    }
    left.reverse();
    (root_hash(SHARDS, &top), RangeProof { siblings: [left, right].concat() })
}

/// The node above a leaf of a tree with sums, its siblings, and the bytes to the left. Each sibling has `bytes`.
fn sum_tree(tag: Tag, leaf: SumNode, index: u64, levels: u32, bytes: u64, salt: u64) -> (SumNode, Vec<SumNode>, u64) {
    let (mut node, mut siblings, mut offset) = (leaf, Vec::new(), 0);
    for (level, on_right) in bits(index, levels) {
        let sibling = SumNode { hash: digest(salt, level), bytes };
        let (left, right) = if on_right { (&sibling, &node) } else { (&node, &sibling) };
        let parts: [&[u8]; 4] = [&left.hash, &left.bytes.to_le_bytes(), &right.hash, &right.bytes.to_le_bytes()];
        offset += if on_right { bytes } else { 0 };
        node = SumNode { hash: tagged(tag, &parts), bytes: left.bytes + right.bytes };
        siblings.push(sibling);
    }
    (node, siblings, offset)
}

/// A place in the largest trees.
#[derive(Clone, Debug)]
struct Place {
    /// Levels of the range's first mountain, and the batch in it.
    mountain: (u32, u64),
    entry: u32,
    slot: u8,
    /// Leaves of the shard, and the one that is asked for.
    shard: (u64, u64),
    salt: u64,
}

/// A sample, the range that it is drawn from, and the answer.
fn answered(place: &Place) -> (Sample, RangeState, Answer) {
    let Place { mountain: (height, batch), entry: index, slot, shard: (leaves, leaf), salt } = place.clone();
    let data = vec![7; usize::try_from(LEAF_LEN).unwrap()];
    let (root, proof) = tree(leaves, leaf, &data, salt);
    let (shards_root, root_proof) = shards(slot.into(), &root, salt + 1);
    let held = HeldLeaf { root, root_proof, data: data.try_into().unwrap(), proof };

    let entry = BatchEntry { object: ObjectId(digest(salt, 99)), shards_root, shard_len: leaves * LEAF_LEN };
    let node = SumNode { hash: tagged(Tag::SumLeaf, &[&entry.encode()]), bytes: entry.shard_len };
    let levels = MAX_BATCH_OBJECTS.ilog2();
    let (top, siblings, in_batch) = sum_tree(Tag::SumNode, node, index.into(), levels, LEAF_LEN, salt + 2);
    let parts: [&[u8]; 3] = [&u64::from(MAX_BATCH_OBJECTS).to_le_bytes(), &top.bytes.to_le_bytes(), &top.hash];
    let root = tagged(Tag::SumRoot, &parts);
    let path = EntryPath { index, entry, proof: SumProof { siblings: siblings.try_into().unwrap() } };

    let summary = BatchSummary { root, objects: MAX_BATCH_OBJECTS, bytes: top.bytes };
    let leaf_of_range = RangeLeaf { batch: summary, owner: digest(salt, 98), signed: u64::MAX, registered: u32::MAX };
    let (peak, siblings, in_range) = sum_tree(Tag::RangeNode, leaf_of_range.peak(), batch, height, LEAF_LEN, salt + 3);
    let proof = RangeLeafProof { siblings: siblings.try_into().unwrap() };
    // All mountains below the first one are there too: the largest range with one of that height.
    let lower = (0..height).map(|level| SumNode { hash: digest(salt + 4, level), bytes: LEAF_LEN });
    let peaks: Vec<SumNode> = [peak].into_iter().chain(lower).collect();
    let range = RangeState { leaves: (2 << height) - 1, peaks: peaks.try_into().unwrap() };

    let sample = Sample { group: 1, slot, expiry: 2, offset: in_range + in_batch + leaf * LEAF_LEN + 1023 };
    let batch = BatchPath { index: batch, leaf: leaf_of_range, proof };
    (sample, range, Answer::Held(Box::new((batch, path, held))))
}

fn places() -> impl Strategy<Value = Place> {
    let shard = (0u32..=28).prop_flat_map(|depth| (Just(1u64 << depth), 0..1u64 << depth));
    let mountain = (0u32..=20).prop_flat_map(|height| (Just(height), 0..1u64 << height));
    (mountain, 0..MAX_BATCH_OBJECTS, 0..48u8, shard, 0..u64::MAX / 2)
        .prop_map(|(mountain, entry, slot, shard, salt)| Place { mountain, entry, slot, shard, salt })
}

fn verdict((sample, range, answer): &(Sample, RangeState, Answer)) -> Result<(), AuditError> {
    verify(sample, range, u8::try_from(SHARDS).unwrap(), answer)
}

proptest! {
    #[test]
    fn four_answers_fit_whatever_is_asked(places in prop::collection::vec(places(), 4)) {
        let answered: Vec<_> = places.iter().map(answered).collect();
        for one in &answered {
            prop_assert_eq!(verdict(one), Ok(()));
        }
        let answers: Vec<Answer> = answered.into_iter().map(|(_, _, answer)| answer).collect();
        let bytes = AuditProof { answers: answers.try_into().unwrap() }.encode();
        prop_assert!(bytes.len() <= MAX_BYTES, "{} bytes", bytes.len());
        prop_assert_eq!(AuditProof::decode_all(&mut bytes.as_slice()).unwrap().encode(), bytes);
    }

    #[test]
    fn the_answer_fits_no_other_place(place in places(), other: prop::sample::Index) {
        let (sample, range, answer) = answered(&place);
        let leaf = u64::try_from(other.index(usize::try_from(range.bytes() / LEAF_LEN).unwrap())).unwrap();
        prop_assume!(leaf != sample.offset / LEAF_LEN);
        let elsewhere = Sample { offset: leaf * LEAF_LEN, ..sample };
        prop_assert!(verdict(&(elsewhere, range, answer)).is_err());
    }
}

#[test]
fn the_largest_proof_fits() {
    // Slots below 32 of 48 have the longest paths.
    let largest = Place {
        mountain: (20, (1 << 20) - 1),
        entry: MAX_BATCH_OBJECTS - 1,
        slot: 31,
        shard: (1 << 28, (1 << 28) - 1),
        salt: 1,
    };
    let one = answered(&largest);
    assert_eq!(verdict(&one), Ok(()));
    let answers: Vec<Answer> = (0..SAMPLES).map(|_| one.2.clone()).collect();
    let bytes = AuditProof { answers: answers.try_into().unwrap() }.encoded_size();
    // A leaf of 1,024 bytes, 34 digests, 36 digests with sums, and what names batch, object and shard.
    let fixed = 1 + (8 + 88 + 1) + (4 + 72 + 1) + (32 + 1) + (2 + 1024) + 1;
    assert_eq!(bytes, 1 + 4 * (fixed + 34 * 32 + 36 * 40));
    assert!(bytes <= MAX_BYTES, "{bytes} bytes");
}

#[test]
fn a_mountain_more_is_another_range() {
    let place = Place { mountain: (20, 5), entry: 9, slot: 47, shard: (1 << 28, 77), salt: 2 };
    let (sample, mut range, answer) = answered(&place);
    range.leaves += 1;
    assert_eq!(verdict(&(sample, range, answer)), Err(AuditError::Batch(RangeError::BadState)));
}
