//! The fast trees are the trees of the primitives.

use crate::support::plaintext;
use meganet_objects::{ChunkHasher, RootHasher, ShardHasher, TreeError};
use meganet_primitives::{
    hash::Hash,
    merkle::{RangeProof, leaf_hash, root_of_leaves, subtree_hash, verify_range},
};
use proptest::prelude::*;

fn slow_leaves(shard: &[u8]) -> Vec<Hash> {
    shard.chunks(1024).map(leaf_hash).collect()
}

#[test]
fn chunks_of_every_length_have_the_digests_of_the_primitives() {
    let bytes = plaintext(65_536);
    let mut hasher = ChunkHasher::new();
    for leaves in 1..=64 {
        let chunk = &bytes[..leaves * 1024];
        assert_eq!(hasher.leaves(chunk).unwrap(), slow_leaves(chunk));
        assert_eq!(hasher.top(chunk).unwrap(), subtree_hash(&slow_leaves(chunk)), "{leaves} leaves");
    }
}

#[test]
fn shards_of_every_number_of_frames_have_the_root_of_the_primitives() {
    for leaves in (1..64 * 9).step_by(21).chain((1..20).map(|frames| frames * 64)) {
        let shard = plaintext(leaves * 1024);
        let expected = root_of_leaves(&slow_leaves(&shard));
        let mut hasher = ShardHasher::new();
        hasher.push(&shard);
        let (root, tree) = hasher.finish().unwrap();
        assert_eq!((root, tree.root(), tree.leaves()), (expected, expected, leaves));
        let (mut tops, mut chunks) = (RootHasher::new(), ChunkHasher::new());
        for chunk in shard.chunks(65_536) {
            tops.push(chunks.top(chunk).unwrap(), u64::try_from(chunk.len()).unwrap() / 1024);
        }
        assert_eq!(tops.root(), expected, "{leaves} leaves");
    }
}

#[test]
fn bytes_that_are_not_whole_leaves_have_no_tree() {
    let mut hasher = ChunkHasher::new();
    for len in [0, 1, 1023, 1025, 65_537, 66_560, 131_072] {
        assert_eq!(hasher.top(&plaintext(len)), Err(TreeError::NotLeaves(len)));
    }
    for len in [0, 1, 1023, 65_537, 1024 * 1024 + 1] {
        let mut hasher = ShardHasher::new();
        hasher.push(&plaintext(len));
        assert_eq!((hasher.len(), hasher.is_empty()), (len, len == 0));
        assert!(matches!(hasher.finish(), Err(TreeError::NotLeaves(bytes)) if bytes == len));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_shard_may_come_in_any_pieces(leaves in 1_u64..400, cuts in prop::collection::vec(1_usize..200_000, 1..8)) {
        let shard = plaintext(leaves * 1024);
        let (mut hasher, mut rest, mut cuts) = (ShardHasher::new(), shard.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            hasher.push(piece);
            rest = after;
        }
        let (root, tree) = hasher.finish().unwrap();
        let slow = slow_leaves(&shard);
        prop_assert_eq!(root, root_of_leaves(&slow));
        let proof: RangeProof = tree.prove_frames(0, 1).unwrap();
        prop_assert!(verify_range(&root, leaves, 0, &slow[..slow.len().min(64)], &proof).is_ok());
    }
}
