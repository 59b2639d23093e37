#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn entry(number: u64, leaves: u64) -> BatchEntry {
    let root = tagged(Tag::Root, &[&number.to_le_bytes()]);
    BatchEntry { object: ObjectId(root), shards_root: root, shard_len: leaves * LEAF_LEN }
}

fn entries(count: u64) -> Vec<BatchEntry> {
    (0..count).map(|number| entry(number, number % 7 + 1)).collect()
}

#[test]
fn one_entry_is_a_batch() {
    let batch = summarize(&entries(1)).unwrap();
    assert_eq!((batch.objects, batch.bytes), (1, LEAF_LEN));
    let proof = prove_entry(&entries(1), 0).unwrap();
    assert!(proof.siblings.is_empty());
    assert_eq!(verify_entry(&batch, 0, &entries(1)[0], &proof), Ok(0));
}

#[test]
fn empty_and_oversized_batches_are_refused() {
    assert_eq!(summarize(&[]), Err(SumTreeError::BadCount(0)));
    assert_eq!(prove_entry(&[], 0), Err(SumTreeError::BadCount(0)));
    let most = u64::from(MAX_BATCH_OBJECTS);
    assert_eq!(summarize(&entries(most + 1)), Err(SumTreeError::BadCount(most + 1)));
}

#[test]
fn the_largest_batch_is_proven_within_the_bound() {
    let all = entries(MAX_BATCH_OBJECTS.into());
    let batch = summarize(&all).unwrap();
    let proof = prove_entry(&all, MAX_BATCH_OBJECTS - 1).unwrap();
    assert_eq!(count_of(&proof.siblings), u64::from(MAX_SUM_SIBLINGS));
    let last = all.last().unwrap();
    assert_eq!(verify_entry(&batch, MAX_BATCH_OBJECTS - 1, last, &proof), Ok(batch.bytes - last.shard_len));
}

#[test]
fn lengths_that_no_shard_has_are_refused() {
    for shard_len in [0, 1, LEAF_LEN - 1, LEAF_LEN + 1] {
        let bad = BatchEntry { shard_len, ..entry(0, 1) };
        assert_eq!(summarize(&[entry(1, 1), bad]), Err(SumTreeError::BadShardLen(shard_len)));
    }
}

#[test]
fn sums_that_overflow_are_refused() {
    let half = BatchEntry { shard_len: 1 << 63, ..entry(0, 1) };
    assert_eq!(summarize(&[half, half]), Err(SumTreeError::Overflow));
    let batch = summarize(&[entry(0, 1), entry(1, 1)]).unwrap();
    let siblings = alloc::vec![SumNode { hash: [0; 32], bytes: u64::MAX }].try_into().unwrap();
    assert_eq!(verify_entry(&batch, 0, &entry(0, 1), &SumProof { siblings }), Err(SumTreeError::Overflow));
}

fn cases() -> impl Strategy<Value = (u64, u32, usize, u32)> {
    (1u64..200).prop_flat_map(|count| (Just(count), 0..u32::try_from(count).unwrap(), any::<usize>(), any::<u32>()))
}

proptest! {
    #[test]
    fn every_entry_is_proven_with_the_place_of_its_bytes((count, index, ..) in cases()) {
        let all = entries(count);
        let batch = summarize(&all).unwrap();
        let at = usize::try_from(index).unwrap();
        let before: u64 = all[..at].iter().map(|entry| entry.shard_len).sum();
        let proof = prove_entry(&all, index).unwrap();
        prop_assert_eq!(verify_entry(&batch, index, &all[at], &proof), Ok(before));
        prop_assert_eq!(batch.bytes, all.iter().map(|entry| entry.shard_len).sum::<u64>());
    }

    #[test]
    fn any_flipped_bit_is_refused((count, index, at, _) in cases()) {
        let all = entries(count);
        let batch = summarize(&all).unwrap();
        let one = &all[usize::try_from(index).unwrap()];
        let proof = prove_entry(&all, index).unwrap();
        let flip = |mut bytes: Vec<u8>| { let bit = at % (bytes.len() * 8); bytes[bit / 8] ^= 1 << (bit % 8); bytes };

        let bad = BatchEntry::decode(&mut flip(one.encode()).as_slice()).unwrap();
        prop_assert!(verify_entry(&batch, index, &bad, &proof).is_err());
        let bad = BatchSummary::decode(&mut flip(batch.encode()).as_slice()).unwrap();
        prop_assert!(verify_entry(&bad, index, one, &proof).is_err());
        if let Ok(bad) = SumProof::decode(&mut flip(proof.encode()).as_slice()) {
            prop_assert!(verify_entry(&batch, index, one, &bad).is_err());
        }
    }

    #[test]
    fn a_wrong_index_sum_or_count_is_refused((count, index, at, other) in cases()) {
        let all = entries(count);
        let batch = summarize(&all).unwrap();
        let one = &all[usize::try_from(index).unwrap()];
        let proof = prove_entry(&all, index).unwrap();
        let elsewhere = other % (batch.objects + 3);
        if elsewhere != index {
            prop_assert!(verify_entry(&batch, elsewhere, one, &proof).is_err());
        }
        let bad = BatchSummary { bytes: batch.bytes ^ (1 << (at % 64)), ..batch };
        prop_assert_eq!(verify_entry(&bad, index, one, &proof), Err(SumTreeError::Mismatch));
        let bad = BatchSummary { objects: batch.objects ^ (1 << (at % 32)), ..batch };
        prop_assert!(verify_entry(&bad, index, one, &proof).is_err());
    }

    #[test]
    fn a_shifted_sum_is_refused_even_where_the_total_agrees((count, index, at, _) in cases()) {
        // The proof claims bytes for one subtree that belong to another.
        let all = entries(count);
        let batch = summarize(&all).unwrap();
        let one = &all[usize::try_from(index).unwrap()];
        let mut proof = prove_entry(&all, index).unwrap();
        if proof.siblings.len() > 1 {
            let last = proof.siblings.len() - 1;
            let from = at % last;
            let moved = proof.siblings[from].bytes.min(LEAF_LEN);
            proof.siblings[from].bytes -= moved;
            proof.siblings[last].bytes += moved;
            prop_assert_eq!(verify_entry(&batch, index, one, &proof), Err(SumTreeError::Mismatch));
        }
    }

    #[test]
    fn reordered_truncated_and_extended_batches_have_other_roots(count in 2u64..100, at in any::<usize>()) {
        let all = entries(count);
        let root = summarize(&all).unwrap().root;
        let mut swapped = all.clone();
        swapped.swap(at % all.len(), (at + 1) % all.len());
        prop_assert_ne!(summarize(&swapped).unwrap().root, root);
        prop_assert_ne!(summarize(&all[..all.len() - 1]).unwrap().root, root);
        prop_assert_ne!(summarize(&entries(count + 1)).unwrap().root, root);
    }

    #[test]
    fn proofs_of_another_length_are_refused((count, index, at, _) in cases()) {
        let all = entries(count);
        let batch = summarize(&all).unwrap();
        let one = &all[usize::try_from(index).unwrap()];
        let proof = prove_entry(&all, index).unwrap();
        let mut longer = proof.clone();
        longer.siblings.try_push(SumNode { hash: [0; 32], bytes: 0 }).unwrap();
        prop_assert_eq!(verify_entry(&batch, index, one, &longer), Err(SumTreeError::WrongLength));
        if !proof.siblings.is_empty() {
            let mut shorter = proof.clone();
            shorter.siblings.remove(at % proof.siblings.len());
            prop_assert_eq!(verify_entry(&batch, index, one, &shorter), Err(SumTreeError::WrongLength));
        }
    }
}
