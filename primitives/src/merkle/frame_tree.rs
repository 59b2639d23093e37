//! The tree of a shard, kept as the tops of its frames.

use super::LEAVES_PER_FRAME;
use super::{EMPTY_TOP, MerkleError, RangeProof, node_hash, prove_range, root_hash, subtree_hash};
use crate::hash::Hash;
use alloc::{vec, vec::Vec};

/// The Merkle tree of a shard above its frames: 64 bytes of memory for each frame of 64 KiB.
///
/// A frame here is a chunk of the shard: 64 leaves, the last one perhaps fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameTree {
    /// `levels[0]` are the tops of frames; each further level pairs the one before and lifts an odd last one as it is,
    /// which makes the same tree as splitting at powers of two from above.
    levels: Vec<Vec<Hash>>,
    leaves: u64,
}

impl FrameTree {
    /// Makes the tree of a shard of `leaves` leaves (1 KiB each) from the tops of its frames, in order.
    ///
    /// # Errors
    /// [`MerkleError::WrongFrameCount`] without leaves, or unless there is one top for every 64 begun leaves.
    pub fn new(tops: Vec<Hash>, leaves: u64) -> Result<Self, MerkleError> {
        let count = super::count_of(&tops);
        if leaves == 0 || count != leaves.div_ceil(LEAVES_PER_FRAME) {
            return Err(MerkleError::WrongFrameCount { tops: count, leaves });
        }
        let mut levels = vec![tops];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let level = below.chunks(2).map(|pair| match pair {
                [left, right] => node_hash(left, right),
                _ => pair[0],
            });
            levels.push(level.collect());
        }
        Ok(Self { levels, leaves })
    }

    /// The shard's root.
    pub fn root(&self) -> Hash {
        root_hash(self.leaves, &self.top_of(0, self.leaves))
    }

    /// Leaves of the shard (1 KiB each).
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Frames of the shard.
    pub fn frames(&self) -> u64 {
        super::count_of(self.tops())
    }

    /// The tops of the frames, in order.
    pub fn tops(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// Returns the first leaf and the number of leaves of frames `first .. first + count`.
    ///
    /// # Errors
    /// [`MerkleError::OutOfRange`] (in frames) if `count` is 0 or a frame is beyond the shard.
    pub fn leaves_of_frames(&self, first: u64, count: u64) -> Result<(u64, u64), MerkleError> {
        let end = first
            .checked_add(count)
            .filter(|end| count > 0 && *end <= self.frames())
            .ok_or(MerkleError::OutOfRange { start: first, len: count, count: self.frames() })?;
        let start = first * LEAVES_PER_FRAME;
        Ok((start, (end * LEAVES_PER_FRAME).min(self.leaves) - start))
    }

    /// Proves frames `first .. first + count`. It is checked by [`super::verify_range`] with the digests of all their
    /// leaves, from leaf `first * 64`.
    ///
    /// # Errors
    /// [`MerkleError::OutOfRange`] (in frames) if `count` is 0 or a frame is beyond the shard.
    pub fn prove_frames(&self, first: u64, count: u64) -> Result<RangeProof, MerkleError> {
        let (start, len) = self.leaves_of_frames(first, count)?;
        prove_range(&|lo, hi| self.top_of(lo, hi), self.leaves, start, len)
    }

    /// Proves one leaf, given the digests of all leaves of its frame.
    ///
    /// # Errors
    /// [`MerkleError::OutOfRange`] if there is no such leaf, [`MerkleError::Mismatch`] if the digests are not those
    /// of its frame.
    pub fn prove_leaf(&self, leaf: u64, frame_leaves: &[Hash]) -> Result<RangeProof, MerkleError> {
        if leaf >= self.leaves {
            return Err(MerkleError::OutOfRange { start: leaf, len: 1, count: self.leaves });
        }
        let frame = leaf / LEAVES_PER_FRAME;
        let (first, len) = self.leaves_of_frames(frame, 1)?;
        let top = usize::try_from(frame).ok().and_then(|frame| self.tops().get(frame));
        if super::count_of(frame_leaves) != len || top != Some(&subtree_hash(frame_leaves)) {
            return Err(MerkleError::Mismatch);
        }
        let inside = |lo: u64, hi: u64| {
            let run = usize::try_from(lo - first).ok()?..usize::try_from(hi - first).ok()?;
            frame_leaves.get(run).map(subtree_hash)
        };
        let top_of = |lo: u64, hi: u64| {
            if lo < first || first + len < hi { self.top_of(lo, hi) } else { inside(lo, hi).unwrap_or(EMPTY_TOP) }
        };
        prove_range(&top_of, self.leaves, leaf, 1)
    }

    /// Returns the top over leaves `lo..hi`, which must be a subtree of whole frames.
    fn top_of(&self, lo: u64, hi: u64) -> Hash {
        let (first, end) = (lo / LEAVES_PER_FRAME, hi.div_ceil(LEAVES_PER_FRAME));
        let frames = end.saturating_sub(first).max(1);
        // A subtree at the right edge that is not full was lifted to the level of the next power of two.
        let level = frames.next_power_of_two().trailing_zeros();
        let find = || {
            let level_tops = self.levels.get(usize::try_from(level).ok()?)?;
            level_tops.get(usize::try_from(first >> level).ok()?).copied()
        };
        find().unwrap_or(EMPTY_TOP)
    }
}
