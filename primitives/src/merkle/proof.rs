//! Proofs that a run of leaves belongs to a tree.

use super::LEAVES_PER_FRAME;
use super::{MerkleError, node_hash, root_hash, split_of};
use crate::hash::Hash;
use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, Error, Input};
use scale_info::TypeInfo;

/// The most siblings that a proof can need: a left and a right one for each level of the deepest tree.
pub const MAX_SIBLINGS: u32 = 128;

/// Proof that a run of leaves belongs to a tree: the tops of the maximal subtrees outside the run, from left to right.
/// Decoding refuses more than [`MAX_SIBLINGS`] before it allocates memory for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, DecodeWithMemTracking, TypeInfo)]
pub struct RangeProof {
    /// The tops.
    pub siblings: Vec<Hash>,
}

impl Decode for RangeProof {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let siblings = BoundedVec::<Hash, ConstU32<MAX_SIBLINGS>>::decode(input)?;
        Ok(Self { siblings: siblings.into_inner() })
    }
}

/// Proves that leaves `start .. start + len` belong to a tree of `count` leaves. `top_of(lo, hi)` returns the top of
/// the subtree over leaves `lo..hi` and is called only for subtrees of the tree, so a caller that keeps the tops of frames
/// needs no leaves outside the frames that the run touches.
///
/// # Errors
/// [`MerkleError::OutOfRange`] if the run is empty or not within the tree.
pub fn prove_range(
    top_of: &dyn Fn(u64, u64) -> Hash,
    count: u64,
    start: u64,
    len: u64,
) -> Result<RangeProof, MerkleError> {
    let end = end_of(count, start, len)?;
    let mut siblings = Vec::new();
    collect(top_of, (0, count), (start, end), &mut siblings);
    Ok(RangeProof { siblings })
}

fn collect(top_of: &dyn Fn(u64, u64) -> Hash, tree: (u64, u64), run: (u64, u64), out: &mut Vec<Hash>) {
    let ((lo, hi), (start, end)) = (tree, run);
    if hi <= start || end <= lo {
        out.push(top_of(lo, hi));
    } else if lo < start || end < hi {
        let middle = lo + split_of(hi - lo);
        collect(top_of, (lo, middle), run, out);
        collect(top_of, (middle, hi), run, out);
    }
}

/// Checks that the leaves with these digests are leaves `start ..` of the tree of `count` leaves with this root.
///
/// # Errors
/// [`MerkleError::OutOfRange`] if there are no leaves or they are not within the tree, [`MerkleError::WrongLength`] if
/// the proof is too short or too long for their place, [`MerkleError::Mismatch`] if it does not lead to the root.
pub fn verify_range(
    root: &Hash,
    count: u64,
    start: u64,
    leaf_hashes: &[Hash],
    proof: &RangeProof,
) -> Result<(), MerkleError> {
    let top = range_top(count, start, leaf_hashes, proof)?;
    if root_hash(count, &top) != *root {
        return Err(MerkleError::Mismatch);
    }
    Ok(())
}

/// Checks that whole frames with these tops are frames `first ..` of the shard of `leaves` leaves with this root. It
/// accepts exactly what [`verify_range`] accepts with the digests of all their leaves, and saves callers that have computed
/// the tops from the frames' bytes the leaves. A top that was only received proves nothing about how many leaves are under
/// it.
///
/// # Errors
/// [`MerkleError::OutOfRange`] (in frames) if there are no frames or they are not within the shard, else as
/// [`verify_range`].
pub fn verify_frames(
    root: &Hash,
    leaves: u64,
    first: u64,
    tops: &[Hash],
    proof: &RangeProof,
) -> Result<(), MerkleError> {
    // Frames are aligned subtrees, so the tree above them has the shape of a tree whose leaves they are.
    let top = range_top(leaves.div_ceil(LEAVES_PER_FRAME), first, tops, proof)?;
    if root_hash(leaves, &top) != *root {
        return Err(MerkleError::Mismatch);
    }
    Ok(())
}

/// Returns the top to which a run of digests and its proof lead.
fn range_top(count: u64, start: u64, digests: &[Hash], proof: &RangeProof) -> Result<Hash, MerkleError> {
    let end = end_of(count, start, super::count_of(digests))?;
    let mut walk = Walk { leaves: digests.iter(), siblings: proof.siblings.iter(), start, end };
    let top = walk.top(0, count)?;
    if walk.siblings.next().is_some() {
        return Err(MerkleError::WrongLength);
    }
    Ok(top)
}

/// Takes leaves and siblings in the order in which the tree is walked from left to right.
struct Walk<'a> {
    leaves: core::slice::Iter<'a, Hash>,
    siblings: core::slice::Iter<'a, Hash>,
    start: u64,
    end: u64,
}

impl Walk<'_> {
    fn top(&mut self, lo: u64, hi: u64) -> Result<Hash, MerkleError> {
        if hi <= self.start || self.end <= lo {
            return self.siblings.next().copied().ok_or(MerkleError::WrongLength);
        }
        if hi - lo == 1 {
            return self.leaves.next().copied().ok_or(MerkleError::WrongLength);
        }
        let middle = lo + split_of(hi - lo);
        let left = self.top(lo, middle)?;
        let right = self.top(middle, hi)?;
        Ok(node_hash(&left, &right))
    }
}

fn end_of(count: u64, start: u64, len: u64) -> Result<u64, MerkleError> {
    match start.checked_add(len) {
        Some(end) if len > 0 && end <= count => Ok(end),
        _ => Err(MerkleError::OutOfRange { start, len, count }),
    }
}
