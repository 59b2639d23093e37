//! Mountain ranges: the append-only list of batches that a group keeps for each expiry epoch, as its peaks only.
//!
//! A range of `leaves` batches is one perfect binary tree, a *mountain*, for each bit of that number, largest first.
//! The chain keeps their tops, the *peaks*, with the bytes under each; any leaf can be proven from the
//! list of all leaves.

mod prover;

pub use prover::RangeProver;

use crate::{
    AccountId, BlockNumber,
    hash::{Tag, tagged},
    merkle::count_of,
    sum_tree::{BatchSummary, SumNode},
};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most peaks of a range, and the most siblings of a proof in it.
pub const MAX_PEAKS: u32 = 64;

/// The top of a mountain: its digest and the bytes under it.
pub type Peak = SumNode;

/// A registered batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RangeLeaf {
    /// The batch.
    pub batch: BatchSummary,
    /// The account that paid and may delete early.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub owner: AccountId,
    /// The slots that signed a receipt: bit `i` (counted from the lowest) is slot `i`.
    pub signed: u64,
    /// Block of registration; a renewal keeps it. A worker that got its slot later is not bound by the signature of the one before.
    pub registered: BlockNumber,
}

/// A range as the chain keeps it. The default is the empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RangeState {
    /// Batches appended.
    pub leaves: u64,
    /// The peaks, largest mountain first: one for each bit of `leaves`.
    pub peaks: BoundedVec<Peak, ConstU32<MAX_PEAKS>>,
}

/// Proof that a leaf belongs to a range: the other subtree at each level of its mountain, from the leaf up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RangeLeafProof {
    /// The subtrees.
    pub siblings: BoundedVec<SumNode, ConstU32<MAX_PEAKS>>,
}

/// Why a batch cannot be appended to a range, or a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The byte sum or the number of leaves does not fit 64 bits.
    #[error("the range is full: its sums do not fit 64 bits, so use another expiry")]
    Overflow,
    /// The peaks are not those of a range of that many leaves.
    #[error("the range's peaks do not fit its number of leaves: fetch it again from the chain")]
    BadState,
    /// The range has no leaf of that index.
    #[error("leaf {index} is not within a range of {leaves}: ask for one that exists")]
    OutOfRange {
        /// The index.
        index: u64,
        /// Leaves of the range.
        leaves: u64,
    },
    /// The proof has fewer or more siblings than the leaf's mountain is high.
    #[error("the proof has the wrong number of siblings: the range has grown, so make it again")]
    WrongLength,
    /// The leaf with this proof does not lead to the peak.
    #[error("the leaf does not belong to the range at that index: make the proof again from the range's leaves")]
    Mismatch,
}

impl RangeLeaf {
    /// Returns the leaf as a mountain of its own.
    pub fn peak(&self) -> Peak {
        Peak { hash: self.using_encoded(|bytes| tagged(Tag::RangeLeaf, &[bytes])), bytes: self.batch.bytes }
    }
}

fn join(left: &SumNode, right: &SumNode) -> Result<SumNode, RangeError> {
    SumNode::join(Tag::RangeNode, left, right).ok_or(RangeError::Overflow)
}

impl RangeState {
    /// Makes the range of these leaves, appended in order.
    ///
    /// # Errors
    /// [`RangeError::Overflow`] if their bytes do not fit 64 bits.
    pub fn from_leaves<'a>(leaves: impl IntoIterator<Item = &'a RangeLeaf>) -> Result<Self, RangeError> {
        let mut state = Self::default();
        for leaf in leaves {
            state.append(leaf)?;
        }
        Ok(state)
    }

    /// Appends a batch and returns its index. After an error the range is unchanged.
    ///
    /// # Errors
    /// [`RangeError::Overflow`] if the sums do not fit, [`RangeError::BadState`] if the peaks are damaged.
    pub fn append(&mut self, leaf: &RangeLeaf) -> Result<u64, RangeError> {
        self.check()?;
        let index = self.leaves;
        let leaves = index.checked_add(1).ok_or(RangeError::Overflow)?;
        self.bytes().checked_add(leaf.batch.bytes).ok_or(RangeError::Overflow)?;
        let mut peaks = self.peaks.clone();
        let mut peak = leaf.peak();
        // As in binary addition: each trailing one bit is a mountain as high as the new one, and they merge.
        for _ in 0..index.trailing_ones() {
            peak = join(&peaks.pop().ok_or(RangeError::BadState)?, &peak)?;
        }
        peaks.try_push(peak).map_err(|_| RangeError::BadState)?;
        *self = Self { leaves, peaks };
        Ok(index)
    }

    /// Returns the bytes that each slot holds of the range: the sum over its batches.
    pub fn bytes(&self) -> u64 {
        // A checked state's sum fits; a damaged one must not panic.
        self.peaks.iter().fold(0, |sum, peak| sum.saturating_add(peak.bytes))
    }

    /// Checks that there is one peak for each bit of `leaves` and that the byte sum fits 64 bits.
    ///
    /// # Errors
    /// [`RangeError::BadState`] or [`RangeError::Overflow`].
    pub fn check(&self) -> Result<(), RangeError> {
        if count_of(&self.peaks) != u64::from(self.leaves.count_ones()) {
            return Err(RangeError::BadState);
        }
        self.peaks.iter().try_fold(0u64, |sum, peak| sum.checked_add(peak.bytes)).ok_or(RangeError::Overflow)?;
        Ok(())
    }
}

/// The mountain of a leaf.
struct Mountain {
    /// Index among the peaks.
    peak: usize,
    /// Index of its first leaf.
    first: u64,
    /// Levels above its leaves.
    height: u32,
}

fn mountain_of(leaves: u64, index: u64) -> Result<Mountain, RangeError> {
    let mut first = 0;
    for (peak, height) in (0..64).rev().filter(|bit| leaves >> bit & 1 == 1).enumerate() {
        let size = 1u64 << height;
        if index - first < size {
            return Ok(Mountain { peak, first, height });
        }
        first += size;
    }
    Err(RangeError::OutOfRange { index, leaves })
}

/// Returns the top over some leaves of a mountain. Their number is a power of two.
fn top_of(leaves: &[RangeLeaf]) -> Result<SumNode, RangeError> {
    match leaves {
        [] => Err(RangeError::BadState),
        [leaf] => Ok(leaf.peak()),
        _ => {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            join(&top_of(left)?, &top_of(right)?)
        }
    }
}

/// Proves that `leaves[index]` belongs to the range of these leaves at that index.
///
/// # Errors
/// [`RangeError::OutOfRange`], and [`RangeError::Overflow`] if their bytes do not fit 64 bits.
pub fn prove_leaf(leaves: &[RangeLeaf], index: u64) -> Result<RangeLeafProof, RangeError> {
    let beyond = RangeError::OutOfRange { index, leaves: count_of(leaves) };
    let mountain = mountain_of(count_of(leaves), index)?;
    let mut proof = RangeLeafProof::default();
    for level in 0..mountain.height {
        let (place, size) = ((index - mountain.first) >> level, 1u64 << level);
        let first = mountain.first + (place ^ 1) * size;
        let run = usize::try_from(first).ok().zip(usize::try_from(first + size).ok());
        let sibling = run.and_then(|(start, end)| leaves.get(start..end)).ok_or(beyond)?;
        proof.siblings.try_push(top_of(sibling)?).map_err(|_| beyond)?;
    }
    Ok(proof)
}

/// Checks that a leaf belongs to a range at an index. Returns the offset of its bytes among the range's.
///
/// # Errors
/// [`RangeError`] if it does not.
pub fn verify_leaf(
    state: &RangeState,
    index: u64,
    leaf: &RangeLeaf,
    proof: &RangeLeafProof,
) -> Result<u64, RangeError> {
    state.check()?;
    let mountain = mountain_of(state.leaves, index)?;
    if count_of(&proof.siblings) != u64::from(mountain.height) {
        return Err(RangeError::WrongLength);
    }
    let mut offset = state.peaks.iter().take(mountain.peak).fold(0u64, |sum, peak| sum.saturating_add(peak.bytes));
    let mut node = leaf.peak();
    for (level, sibling) in proof.siblings.iter().enumerate() {
        if (index - mountain.first) >> level & 1 == 1 {
            offset = offset.checked_add(sibling.bytes).ok_or(RangeError::Overflow)?;
            node = join(sibling, &node)?;
        } else {
            node = join(&node, sibling)?;
        }
    }
    if state.peaks.get(mountain.peak) == Some(&node) { Ok(offset) } else { Err(RangeError::Mismatch) }
}

#[cfg(test)]
mod tests;
