//! The Merkle tree over a shard's leaves, and proofs that a run of leaves belongs to it.
//!
//! Its shape is that of RFC 6962: a tree of n > 1 leaves splits at the largest power of two below n. A leaf is hashed
//! with [`Tag::Leaf`], a node with [`Tag::Node`], and the root binds the number of leaves with [`Tag::Root`], so a
//! proof for a tree of one size never fits a tree of another. The 64 leaves of each frame are an aligned subtree, whose
//! top [`FrameTree`] keeps instead of the leaves.

mod frame_tree;
mod proof;

pub use frame_tree::FrameTree;
pub use proof::{MAX_SIBLINGS, RangeProof, prove_range, verify_frames, verify_range};

use crate::{
    convert::to_u64,
    hash::{Hash, Tag, tagged},
};

/// Bytes of a leaf; chunk and shard lengths are multiples of it.
pub const LEAF_LEN: u64 = 1024;
/// Leaves of a full frame: an aligned subtree.
pub const LEAVES_PER_FRAME: u64 = 64;

/// The top of a tree without leaves. No message is known to have this digest, and no proof verifies against it.
pub const EMPTY_TOP: Hash = [0; 32];

/// Why a proof could not be made or is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The run is empty or reaches beyond the tree.
    #[error("leaves {start}..{start}+{len} are not within a tree of {count}: ask for leaves that exist")]
    OutOfRange {
        /// First leaf of the run.
        start: u64,
        /// Leaves of the run.
        len: u64,
        /// Leaves of the tree.
        count: u64,
    },
    /// The proof has fewer or more siblings than its place in the tree needs.
    #[error("the proof has the wrong number of siblings: fetch it again, from another worker if it repeats")]
    WrongLength,
    /// The leaves with this proof do not lead to the root.
    #[error("the bytes do not match their Merkle root: fetch them from another worker")]
    Mismatch,
    /// The number of frame tops does not fit the number of leaves.
    #[error("{tops} frame digests do not make up a shard of {leaves} leaves: rebuild the shard's tree from its bytes")]
    WrongFrameCount {
        /// Tops given.
        tops: u64,
        /// Leaves claimed.
        leaves: u64,
    },
}

/// Returns the digest of a leaf's bytes (1 KiB in a shard).
pub fn leaf_hash(data: &[u8]) -> Hash {
    tagged(Tag::Leaf, &[data])
}

/// Returns the digest of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    tagged(Tag::Node, &[left, right])
}

/// Returns the root: the top node's digest bound to the number of leaves.
pub fn root_hash(count: u64, top: &Hash) -> Hash {
    tagged(Tag::Root, &[&count.to_le_bytes(), top])
}

/// Returns the root of a tree of these leaf digests. Without leaves it is `root_hash(0, &EMPTY_TOP)`.
pub fn root_of_leaves(leaves: &[Hash]) -> Hash {
    root_hash(count_of(leaves), &subtree_hash(leaves))
}

/// Returns the top of a subtree of these leaf digests, without the count: the 64 of a frame, fewer of a tail chunk.
/// [`EMPTY_TOP`] without leaves.
pub fn subtree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_TOP,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&subtree_hash(left), &subtree_hash(right))
        }
    }
}

/// Returns the number of leaves left of the split of a tree of `size` > 1 leaves: the largest power of two below `size`.
pub(crate) fn split_of(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Returns the length of a slice as a count of leaves.
pub(crate) fn count_of<T>(items: &[T]) -> u64 {
    to_u64(items.len())
}

#[cfg(test)]
mod tests;
