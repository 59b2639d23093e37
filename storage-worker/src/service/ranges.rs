//! What a group's range must contain. A co-member's word is checked against the peaks that the chain has.

use meganet_primitives::range::{RangeLeaf, RangeState};

/// The most leaves of a range that are fetched from a co-member at once, 88 bytes each.
pub const MAX_LEAVES: u64 = 1 << 20;

/// How what is known of a range compares with the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All leaves are known.
    Complete,
    /// Leaves are missing from that index on.
    Behind {
        /// The first missing index.
        from: u64,
    },
    /// More leaves are known than the block had that was asked: it is older than what is known.
    Ahead,
}

/// Compares the number of known leaves with a range of the chain.
pub fn standing(known: u64, chain: &RangeState) -> Standing {
    match known.cmp(&chain.leaves) {
        std::cmp::Ordering::Equal => Standing::Complete,
        std::cmp::Ordering::Less => Standing::Behind { from: known },
        std::cmp::Ordering::Greater => Standing::Ahead,
    }
}

/// Whether these leaves are exactly those of the chain's range: the known ones and then the fetched ones.
pub fn is_range<'a>(chain: &RangeState, leaves: impl IntoIterator<Item = &'a RangeLeaf>) -> bool {
    RangeState::from_leaves(leaves).is_ok_and(|state| state == *chain)
}
