//! Proofs from a walk over a range's leaves, for ranges that are too long to have in memory.

use super::{RangeError, RangeLeaf, RangeLeafProof, join, mountain_of};
use crate::sum_tree::SumNode;
use alloc::vec::Vec;

/// Proves several leaves of a range at once, from its leaves one after another. It keeps one node for each level of the range,
/// and the proofs.
pub struct RangeProver {
    leaves: u64,
    /// The next leaf to take, and the first that is not needed.
    next: u64,
    end: u64,
    /// Complete subtrees that wait for their right neighbour, with their heights, which fall from left to right.
    waiting: Vec<(u32, SumNode)>,
    targets: Vec<Target>,
}

/// A leaf to prove.
struct Target {
    index: u64,
    /// By level, up to the height of its mountain.
    siblings: Vec<Option<SumNode>>,
}

impl RangeProver {
    /// Begins to prove the leaves of these indices in a range of `leaves` leaves.
    ///
    /// # Errors
    /// [`RangeError::OutOfRange`] if the range has no such leaf.
    pub fn new(leaves: u64, indices: &[u64]) -> Result<Self, RangeError> {
        let (mut first, mut end, mut targets) = (leaves, 0, Vec::new());
        for index in indices {
            let mountain = mountain_of(leaves, *index)?;
            first = first.min(mountain.first);
            end = end.max(mountain.first + (1 << mountain.height));
            let height = usize::try_from(mountain.height).map_err(|_| RangeError::BadState)?;
            targets.push(Target { index: *index, siblings: alloc::vec![None; height] });
        }
        Ok(Self { leaves, next: first, end: end.max(first), waiting: Vec::new(), targets })
    }

    /// Returns the indices of the leaves that [`Self::push`] still has to take, all of them in order.
    pub fn needs(&self) -> core::ops::Range<u64> {
        self.next..self.end
    }

    /// Takes the next leaf that is [needed](Self::needs).
    ///
    /// # Errors
    /// [`RangeError::OutOfRange`] if no further one is needed, [`RangeError::Overflow`] if the bytes do not fit 64 bits.
    pub fn push(&mut self, leaf: &RangeLeaf) -> Result<(), RangeError> {
        if self.next >= self.end {
            return Err(RangeError::OutOfRange { index: self.next, leaves: self.leaves });
        }
        // Mountains begin at multiples of their size, so the place of a subtree among those of its height is known from
        // any leaf in it.
        let (mut place, mut level, mut node) = (self.next, 0, leaf.peak());
        self.next += 1;
        loop {
            self.found(level, place, &node);
            match self.waiting.last() {
                Some((height, _)) if *height == level => {}
                _ => break,
            }
            let Some((_, left)) = self.waiting.pop() else { break };
            node = join(&left, &node)?;
            (place, level) = (place >> 1, level + 1);
        }
        self.waiting.push((level, node));
        Ok(())
    }

    fn found(&mut self, level: u32, place: u64, node: &SumNode) {
        for target in &mut self.targets {
            if (target.index >> level) ^ 1 == place {
                let level = usize::try_from(level).ok();
                if let Some(sibling) = level.and_then(|level| target.siblings.get_mut(level)) {
                    *sibling = Some(*node);
                }
            }
        }
    }

    /// Returns the proofs, in the order of the indices.
    ///
    /// # Errors
    /// [`RangeError::WrongLength`] if leaves that are [needed](Self::needs) are missing.
    pub fn finish(self) -> Result<Vec<RangeLeafProof>, RangeError> {
        let proof = |target: Target| {
            let siblings: Option<Vec<SumNode>> = target.siblings.into_iter().collect();
            let siblings = siblings.and_then(|siblings| siblings.try_into().ok()).ok_or(RangeError::WrongLength)?;
            Ok(RangeLeafProof { siblings })
        };
        self.targets.into_iter().map(proof).collect()
    }
}
