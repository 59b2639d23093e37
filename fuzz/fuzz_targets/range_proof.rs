//! Merkle and mountain-range proofs: no forged proof is accepted, and no input panics.
#![no_main]

use codec::Decode;
use libfuzzer_sys::fuzz_target;
use meganet_primitives::{
    merkle::{leaf_hash, root_of_leaves, verify_range, RangeProof},
    range::{verify_leaf, RangeLeaf, RangeLeafProof, RangeState},
};

fuzz_target!(|bytes: &[u8]| {
    let input = &mut &*bytes;
    let Ok((count, start, run, proof)) = <(u64, u64, u8, RangeProof)>::decode(input) else { return };
    // The leaves are not those of the tree, so no proof may fit.
    let leaves: Vec<_> = (0..run).map(|leaf| leaf_hash(&[leaf, 1])).collect();
    let tree: Vec<_> = (0..=run).map(|leaf| leaf_hash(&[leaf, 2])).collect();
    let root = root_of_leaves(&tree);
    assert!(verify_range(&root, u64::from(run) + 1, start, &leaves, &proof).is_err());
    assert!(verify_range(&root, count, start, &leaves, &proof).is_err());

    let Ok((mut state, index, leaf, proof)) = <(RangeState, u64, RangeLeaf, RangeLeafProof)>::decode(input) else {
        return;
    };
    let _ = verify_leaf(&state, index, &leaf, &proof);
    let before = state.clone();
    match state.append(&leaf) {
        Ok(at) => assert!(at == before.leaves && state.check().is_ok()),
        Err(_) => assert_eq!(state, before),
    }
});
