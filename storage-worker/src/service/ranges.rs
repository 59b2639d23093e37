//! Checks of a group's ranges: leaves that other members send are compared with the peaks on the chain.

use meganet_primitives::range::{RangeLeaf, RangeState};

/// The most leaves of a range that are fetched from another member at once, 88 bytes each.
pub const MAX_LEAVES: u64 = 1 << 20;

/// How the known leaves of a range compare with the chain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeComparison {
    /// All leaves are known.
    Complete,
    /// Leaves are missing from an index on.
    Behind {
        /// The first missing index.
        from: u64,
    },
    /// More leaves are known than the queried block has: that block is older than the known leaves.
    Ahead,
}

/// Compares the number of known leaves with a range of the chain.
pub fn compare(known: u64, chain: &RangeState) -> RangeComparison {
    match known.cmp(&chain.leaves) {
        std::cmp::Ordering::Equal => RangeComparison::Complete,
        std::cmp::Ordering::Less => RangeComparison::Behind { from: known },
        std::cmp::Ordering::Greater => RangeComparison::Ahead,
    }
}

/// Returns true if the leaves, in order, are exactly those of the chain's range.
pub fn is_range<'a>(chain: &RangeState, leaves: impl IntoIterator<Item = &'a RangeLeaf>) -> bool {
    RangeState::from_leaves(leaves).is_ok_and(|state| state == *chain)
}
