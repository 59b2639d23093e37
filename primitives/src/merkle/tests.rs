#![allow(clippy::unwrap_used)]

use super::*;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use proptest::prelude::*;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|leaf| leaf_hash(&leaf.to_le_bytes())).collect()
}

fn run(start: u64, len: u64) -> core::ops::Range<usize> {
    usize::try_from(start).unwrap()..usize::try_from(start + len).unwrap()
}

fn prove(leaves: &[Hash], start: u64, len: u64) -> RangeProof {
    let top_of = |lo, hi| subtree_hash(&leaves[run(lo, hi - lo)]);
    prove_range(&top_of, count_of(leaves), start, len).unwrap()
}

fn frame_tree(leaves: &[Hash]) -> FrameTree {
    let tops = leaves.chunks(64).map(subtree_hash).collect();
    FrameTree::new(tops, count_of(leaves)).unwrap()
}

#[test]
fn the_tree_has_the_shape_of_rfc_6962() {
    let l = leaves(7);
    let left = node_hash(&node_hash(&l[0], &l[1]), &node_hash(&l[2], &l[3]));
    let right = node_hash(&node_hash(&l[4], &l[5]), &l[6]);
    assert_eq!(root_of_leaves(&l), root_hash(7, &node_hash(&left, &right)));
    assert_eq!(root_of_leaves(&l[..1]), root_hash(1, &l[0]));
    assert_eq!(root_of_leaves(&[]), root_hash(0, &EMPTY_TOP));
}

#[test]
fn a_leaf_cannot_pose_as_a_node_nor_a_tree_as_one_of_another_size() {
    let l = leaves(2);
    assert_ne!(leaf_hash(&[l[0], l[1]].concat()), node_hash(&l[0], &l[1]));
    // The one leaf of the second tree is the top of the first.
    assert_ne!(root_of_leaves(&l), root_of_leaves(&[subtree_hash(&l)]));
}

#[test]
fn every_run_of_every_small_tree_is_proven() {
    for count in 1..=17 {
        let all = leaves(count);
        let root = root_of_leaves(&all);
        for start in 0..count {
            for len in 1..=count - start {
                let proof = prove(&all, start, len);
                assert_eq!(verify_range(&root, count, start, &all[run(start, len)], &proof), Ok(()));
            }
        }
    }
}

#[test]
fn runs_that_are_not_there_can_neither_be_proven_nor_verified() {
    let all = leaves(5);
    let root = root_of_leaves(&all);
    for (start, len) in [(0, 0), (5, 1), (0, 6), (u64::MAX, 1), (1, u64::MAX)] {
        let refused = MerkleError::OutOfRange { start, len, count: 5 };
        assert_eq!(prove_range(&|_, _| EMPTY_TOP, 5, start, len), Err(refused));
    }
    let nothing = RangeProof::default();
    assert!(matches!(verify_range(&root, 5, 0, &[], &nothing), Err(MerkleError::OutOfRange { .. })));
    assert!(matches!(verify_range(&root, 0, 0, &all[..1], &nothing), Err(MerkleError::OutOfRange { .. })));
    assert!(matches!(verify_range(&root, 5, u64::MAX, &all, &nothing), Err(MerkleError::OutOfRange { .. })));
}

#[test]
fn frames_give_the_same_root_as_their_leaves() {
    for count in (1..=10).chain(60..=70).chain(120..=130).chain([191, 192, 193, 300, 640, 1000]) {
        let all = leaves(count);
        assert_eq!(frame_tree(&all).root(), root_of_leaves(&all), "{count} leaves");
    }
}

#[test]
fn frame_counts_that_do_not_fit_are_refused() {
    for (tops, count) in [(0, 0), (1, 0), (0, 1), (1, 65), (2, 64), (3, 128)] {
        let wrong = MerkleError::WrongFrameCount { tops, leaves: count };
        assert_eq!(FrameTree::new(leaves(tops), count), Err(wrong));
    }
}

#[test]
fn a_leaf_is_proven_from_its_frame_and_from_no_other() {
    for count in [1, 63, 64, 65, 129, 200, 333] {
        let all = leaves(count);
        let tree = frame_tree(&all);
        for leaf in 0..count {
            let (first, len) = tree.leaves_of_frames(leaf / LEAVES_PER_FRAME, 1).unwrap();
            let proof = tree.prove_leaf(leaf, &all[run(first, len)]).unwrap();
            assert_eq!(verify_range(&tree.root(), count, leaf, &all[run(leaf, 1)], &proof), Ok(()));
            assert_eq!(tree.prove_leaf(leaf, &all[run(first, len - 1)]), Err(MerkleError::Mismatch));
        }
        assert!(matches!(tree.prove_leaf(count, &all), Err(MerkleError::OutOfRange { .. })));
    }
}

#[test]
fn an_oversized_proof_is_refused_before_it_takes_memory() {
    let most = usize::try_from(MAX_SIBLINGS).unwrap();
    let full = RangeProof { siblings: alloc::vec![EMPTY_TOP; most] }.encode();
    assert!(RangeProof::decode(&mut full.as_slice()).is_ok());
    let over = RangeProof { siblings: alloc::vec![EMPTY_TOP; most + 1] }.encode();
    assert!(RangeProof::decode(&mut over.as_slice()).is_err());
    assert!(RangeProof::decode(&mut codec::Compact(u32::MAX).encode().as_slice()).is_err());
}

/// A tree, a run of it, and where to do damage.
fn cases() -> impl Strategy<Value = (u64, u64, u64, usize, usize)> {
    (1u64..300).prop_flat_map(|count| {
        let run = (0..count).prop_flat_map(move |start| (Just(start), 1..=count - start));
        (Just(count), run, any::<usize>(), any::<usize>()).prop_map(|(c, (s, l), a, b)| (c, s, l, a, b))
    })
}

fn flip(hash: &mut Hash, bit: usize) {
    hash[bit / 8 % 32] ^= 1 << (bit % 8);
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused((count, start, len, at, bit) in cases()) {
        let all = leaves(count);
        let root = root_of_leaves(&all);
        let (part, proof) = (all[run(start, len)].to_vec(), prove(&all, start, len));
        prop_assert_eq!(verify_range(&root, count, start, &part, &proof), Ok(()));

        let mut bad = part.clone();
        flip(&mut bad[at % part.len()], bit);
        prop_assert_eq!(verify_range(&root, count, start, &bad, &proof), Err(MerkleError::Mismatch));
        let mut bad = root;
        flip(&mut bad, bit);
        prop_assert_eq!(verify_range(&bad, count, start, &part, &proof), Err(MerkleError::Mismatch));
        if !proof.siblings.is_empty() {
            let mut bad = proof.clone();
            let siblings = bad.siblings.len();
            flip(&mut bad.siblings[at % siblings], bit);
            prop_assert_eq!(verify_range(&root, count, start, &part, &bad), Err(MerkleError::Mismatch));
        }
    }

    #[test]
    fn reordered_truncated_and_extended_runs_are_refused((count, start, len, at, _) in cases()) {
        let all = leaves(count);
        let root = root_of_leaves(&all);
        let (part, proof) = (all[run(start, len)].to_vec(), prove(&all, start, len));
        if len > 1 {
            let mut bad = part.clone();
            bad.swap(at % part.len(), (at % part.len() + 1) % part.len());
            prop_assert_eq!(verify_range(&root, count, start, &bad, &proof), Err(MerkleError::Mismatch));
            prop_assert!(verify_range(&root, count, start, &part[1..], &proof).is_err());
            prop_assert!(verify_range(&root, count, start, &part[..part.len() - 1], &proof).is_err());
        }
        let mut longer = part.clone();
        longer.push(EMPTY_TOP);
        prop_assert!(verify_range(&root, count, start, &longer, &proof).is_err());
    }

    #[test]
    fn another_place_or_another_size_is_refused((count, start, len, at, _) in cases()) {
        let all = leaves(count);
        let root = root_of_leaves(&all);
        let (part, proof) = (all[run(start, len)].to_vec(), prove(&all, start, len));
        let elsewhere = u64::try_from(at).unwrap() % (count + 3);
        if elsewhere != start {
            prop_assert!(verify_range(&root, count, elsewhere, &part, &proof).is_err());
        }
        let other = start + len + u64::try_from(at).unwrap() % 500;
        if other != count {
            prop_assert!(verify_range(&root, other, start, &part, &proof).is_err());
        }
    }

    #[test]
    fn missing_extra_and_swapped_siblings_are_refused((count, start, len, at, _) in cases()) {
        let all = leaves(count);
        let root = root_of_leaves(&all);
        let (part, proof) = (all[run(start, len)].to_vec(), prove(&all, start, len));
        let mut bad = proof.clone();
        bad.siblings.insert(at % (proof.siblings.len() + 1), EMPTY_TOP);
        prop_assert_eq!(verify_range(&root, count, start, &part, &bad), Err(MerkleError::WrongLength));
        if let Some(last) = proof.siblings.len().checked_sub(1) {
            let mut bad = proof.clone();
            bad.siblings.remove(at % (last + 1));
            prop_assert_eq!(verify_range(&root, count, start, &part, &bad), Err(MerkleError::WrongLength));
            let mut bad = proof.clone();
            bad.siblings.swap(0, last);
            prop_assert_eq!(verify_range(&root, count, start, &part, &bad).is_ok(), last == 0);
        }
    }

    #[test]
    fn frames_are_proven_from_their_tops(frames in 1u64..12, tail in 1u64..=64, first in 0u64..12, run_len in 1u64..12) {
        let count = (frames - 1) * LEAVES_PER_FRAME + tail;
        let all = leaves(count);
        let tree = frame_tree(&all);
        match tree.prove_frames(first, run_len) {
            Ok(proof) => {
                let (start, len) = tree.leaves_of_frames(first, run_len).unwrap();
                let part = &all[run(start, len)];
                prop_assert_eq!(start, first * LEAVES_PER_FRAME);
                prop_assert_eq!(verify_range(&tree.root(), count, start, part, &proof), Ok(()));
                prop_assert_eq!(&proof, &prove(&all, start, len));

                let tops: Vec<_> = part.chunks(64).map(subtree_hash).collect();
                prop_assert_eq!(verify_frames(&tree.root(), count, first, &tops, &proof), Ok(()));
                prop_assert!(verify_frames(&tree.root(), count, first + 1, &tops, &proof).is_err());
                prop_assert!(verify_frames(&tree.root(), count + 64, first, &tops, &proof).is_err());
                let mut bad = tops.clone();
                flip(&mut bad[0], tail.trailing_zeros().try_into().unwrap());
                prop_assert_eq!(verify_frames(&tree.root(), count, first, &bad, &proof), Err(MerkleError::Mismatch));
            }
            Err(_) => prop_assert!(first + run_len > frames),
        }
    }
}
