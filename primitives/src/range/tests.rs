#![allow(clippy::unwrap_used)]

use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

fn leaf(number: u64) -> RangeLeaf {
    let batch =
        BatchSummary { root: tagged(Tag::SumRoot, &[&number.to_le_bytes()]), objects: 1, bytes: number % 5 + 1 };
    RangeLeaf { batch, owner: [9; 32], signed: number, registered: 7 }
}

fn leaves(count: u64) -> Vec<RangeLeaf> {
    (0..count).map(leaf).collect()
}

#[test]
fn a_range_is_one_mountain_for_each_bit_of_its_length() {
    let mut state = RangeState::default();
    for number in 0..100 {
        assert_eq!(state.append(&leaf(number)), Ok(number));
        assert_eq!(count_of(&state.peaks), u64::from((number + 1).count_ones()));
        assert_eq!(state.check(), Ok(()));
        assert_eq!(state.bytes(), leaves(number + 1).iter().map(|leaf| leaf.batch.bytes).sum::<u64>());
    }
    assert_eq!(RangeState::from_leaves(&leaves(100)), Ok(state));
}

#[test]
fn the_peaks_of_three_leaves() {
    let state = RangeState::from_leaves(&leaves(3)).unwrap();
    let (a, b, c) = (leaf(0).peak(), leaf(1).peak(), leaf(2).peak());
    let node = tagged(Tag::RangeNode, &[&a.hash, &1u64.to_le_bytes(), &b.hash, &2u64.to_le_bytes()]);
    assert_eq!(state.peaks.to_vec(), [Peak { hash: node, bytes: 3 }, c]);
}

#[test]
fn a_sum_that_overflows_leaves_the_range_as_it_was() {
    let mut full = leaf(0);
    full.batch.bytes = u64::MAX;
    let mut state = RangeState::from_leaves(&leaves(2)).unwrap();
    let before = state.clone();
    assert_eq!(state.append(&full), Err(RangeError::Overflow));
    assert_eq!(state, before);
}

#[test]
fn the_longest_range_takes_no_further_leaf() {
    let peak = Peak { hash: [0; 32], bytes: 1 };
    let peaks = alloc::vec![peak; 64].try_into().unwrap();
    let mut state = RangeState { leaves: u64::MAX, peaks };
    assert_eq!(state.check(), Ok(()));
    assert_eq!(state.append(&leaf(0)), Err(RangeError::Overflow));
    let nothing = RangeLeafProof::default();
    assert_eq!(verify_leaf(&state, 0, &leaf(0), &nothing), Err(RangeError::WrongLength));
    assert_eq!(verify_leaf(&state, u64::MAX - 1, &leaf(0), &nothing), Err(RangeError::Mismatch));
    let beyond = RangeError::OutOfRange { index: u64::MAX, leaves: u64::MAX };
    assert_eq!(verify_leaf(&state, u64::MAX, &leaf(0), &nothing), Err(beyond));
}

#[test]
fn damaged_states_are_refused() {
    let mut state = RangeState::from_leaves(&leaves(3)).unwrap();
    state.leaves = 4;
    assert_eq!(state.check(), Err(RangeError::BadState));
    assert_eq!(state.append(&leaf(4)), Err(RangeError::BadState));
    assert_eq!(verify_leaf(&state, 0, &leaf(0), &RangeLeafProof::default()), Err(RangeError::BadState));
}

#[test]
fn leaves_that_are_not_there_cannot_be_proven() {
    assert!(matches!(prove_leaf(&[], 0), Err(RangeError::OutOfRange { .. })));
    assert!(matches!(prove_leaf(&leaves(5), 5), Err(RangeError::OutOfRange { .. })));
}

fn cases() -> impl Strategy<Value = (u64, u64, usize, u64)> {
    (1u64..150).prop_flat_map(|count| (Just(count), 0..count, any::<usize>(), any::<u64>()))
}

proptest! {
    #[test]
    fn every_leaf_is_proven_with_the_place_of_its_bytes((count, index, ..) in cases()) {
        let all = leaves(count);
        let state = RangeState::from_leaves(&all).unwrap();
        let before: u64 = all.iter().take(usize::try_from(index).unwrap()).map(|leaf| leaf.batch.bytes).sum();
        prop_assert_eq!(verify_leaf(&state, index, &leaf(index), &prove_leaf(&all, index).unwrap()), Ok(before));
    }

    #[test]
    fn any_flipped_bit_is_refused((count, index, at, _) in cases()) {
        let all = leaves(count);
        let state = RangeState::from_leaves(&all).unwrap();
        let proof = prove_leaf(&all, index).unwrap();
        let flip = |mut bytes: Vec<u8>| { let bit = at % (bytes.len() * 8); bytes[bit / 8] ^= 1 << (bit % 8); bytes };

        let bad = RangeLeaf::decode(&mut flip(leaf(index).encode()).as_slice()).unwrap();
        prop_assert!(verify_leaf(&state, index, &bad, &proof).is_err());
        if let Ok(bad) = RangeLeafProof::decode(&mut flip(proof.encode()).as_slice()) {
            prop_assert!(verify_leaf(&state, index, &leaf(index), &bad).is_err());
        }
        // Of the state, a proof depends on the leaf's own peak and on the number of leaves.
        let mut bad = state.clone();
        let peak = mountain_of(count, index).unwrap().peak;
        bad.peaks[peak] = Peak::decode(&mut flip(state.peaks[peak].encode()).as_slice()).unwrap();
        prop_assert!(verify_leaf(&bad, index, &leaf(index), &proof).is_err());
    }

    #[test]
    fn a_wrong_index_is_refused((count, index, _, other) in cases()) {
        let all = leaves(count);
        let state = RangeState::from_leaves(&all).unwrap();
        let elsewhere = other % (count + 3);
        let proof = prove_leaf(&all, index).unwrap();
        prop_assert_eq!(verify_leaf(&state, elsewhere, &leaf(index), &proof).is_ok(), elsewhere == index);
    }

    #[test]
    fn proofs_of_another_length_are_refused((count, index, at, _) in cases()) {
        let all = leaves(count);
        let state = RangeState::from_leaves(&all).unwrap();
        let proof = prove_leaf(&all, index).unwrap();
        let mut longer = proof.clone();
        longer.siblings.try_push(leaf(0).peak()).unwrap();
        prop_assert_eq!(verify_leaf(&state, index, &leaf(index), &longer), Err(RangeError::WrongLength));
        if !proof.siblings.is_empty() {
            let mut shorter = proof.clone();
            shorter.siblings.remove(at % proof.siblings.len());
            prop_assert_eq!(verify_leaf(&state, index, &leaf(index), &shorter), Err(RangeError::WrongLength));
        }
    }

    #[test]
    fn reordered_ranges_have_other_peaks(count in 2u64..100, at in any::<usize>()) {
        let mut all = leaves(count);
        let state = RangeState::from_leaves(&all).unwrap();
        let len = all.len();
        all.swap(at % len, (at + 1) % len);
        prop_assert_ne!(RangeState::from_leaves(&all).unwrap(), state);
    }
}

#[test]
fn a_walk_gives_the_same_proofs_as_the_list() {
    for count in 1..=40 {
        let all = leaves(count);
        let indices: Vec<u64> = (0..count).step_by(3).collect();
        let mut prover = RangeProver::new(count, &indices).unwrap();
        for index in prover.needs() {
            prover.push(&all[usize::try_from(index).unwrap()]).unwrap();
        }
        assert!(prover.needs().is_empty() && prover.push(&all[0]).is_err());
        let listed: Vec<RangeLeafProof> = indices.iter().map(|index| prove_leaf(&all, *index).unwrap()).collect();
        assert_eq!(prover.finish(), Ok(listed));
    }
    assert_eq!(RangeProver::new(12, &[12]).err(), Some(RangeError::OutOfRange { index: 12, leaves: 12 }));
}

#[test]
fn a_walk_needs_no_more_than_the_mountains_of_its_leaves() {
    // Mountains of 8, 4 and 1.
    assert_eq!(RangeProver::new(13, &[9]).unwrap().needs(), 8..12);
    assert_eq!(RangeProver::new(13, &[12, 8]).unwrap().needs(), 8..13);
    assert_eq!(RangeProver::new(13, &[]).unwrap().needs(), 13..13);
    let mut short = RangeProver::new(13, &[9]).unwrap();
    short.push(&leaf(8)).unwrap();
    assert_eq!(short.finish(), Err(RangeError::WrongLength));
}
