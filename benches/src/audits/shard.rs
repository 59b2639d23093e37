//! Shards of any size, of which only the challenged leaves exist.
//!
//! A subtree without a challenged leaf is a digest that depends only on its position; it cannot be told from a computed
//! one. So the trees, their roots and the proofs are those of a shard whose other leaves are unknown, at the cost of the
//! challenged paths.

use meganet_primitives::{
    hash::{Hash, Tag, tagged},
    merkle::{MerkleError, RangeProof, leaf_hash, node_hash, prove_range, root_hash},
};
use std::collections::BTreeSet;

/// An arbitrary digest, different from all others.
pub(super) fn filler(purpose: &str, numbers: &[u64]) -> Hash {
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    tagged(Tag::Seed, &[purpose.as_bytes(), &numbers])
}

/// The bytes of a leaf.
pub(super) fn leaf_data(object: u64, leaf: u64) -> Vec<u8> {
    filler("leaf", &[object, leaf]).repeat(32)
}

/// A slot's shard of an object.
pub(super) struct Shard<'a> {
    /// The object's index among those of the slot.
    pub object: u64,
    /// Number of leaves.
    pub leaves: u64,
    /// The leaves that exist.
    pub real: &'a BTreeSet<u64>,
}

impl Shard<'_> {
    fn top(&self, lo: u64, hi: u64) -> Hash {
        if self.real.range(lo..hi).next().is_none() {
            return filler("subtree", &[self.object, lo, hi]);
        }
        if hi - lo == 1 {
            return leaf_hash(&leaf_data(self.object, lo));
        }
        let middle = lo + (1 << (hi - lo - 1).ilog2());
        node_hash(&self.top(lo, middle), &self.top(middle, hi))
    }

    pub(super) fn root(&self) -> Hash {
        root_hash(self.leaves, &self.top(0, self.leaves))
    }

    pub(super) fn prove(&self, leaf: u64) -> Result<RangeProof, MerkleError> {
        prove_range(&|lo, hi| self.top(lo, hi), self.leaves, leaf, 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use meganet_primitives::merkle::{root_of_leaves, verify_range};

    #[test]
    fn a_shard_of_which_all_is_there_has_the_usual_root() {
        for leaves in [1, 2, 63, 64, 65] {
            let real = (0..leaves).collect();
            let hashes: Vec<Hash> = (0..leaves).map(|leaf| leaf_hash(&leaf_data(3, leaf))).collect();
            assert_eq!(Shard { object: 3, leaves, real: &real }.root(), root_of_leaves(&hashes));
        }
    }

    #[test]
    fn real_leaves_have_proofs_and_others_have_none() {
        let real = BTreeSet::from([5, 1 << 27]);
        let shard = Shard { object: 0, leaves: 1 << 28, real: &real };
        for leaf in [5, 6, 1 << 27] {
            let digest = leaf_hash(&leaf_data(0, leaf));
            let verdict = verify_range(&shard.root(), shard.leaves, leaf, &[digest], &shard.prove(leaf).unwrap());
            assert_eq!(verdict.is_ok(), real.contains(&leaf), "{leaf}");
        }
    }
}
