//! Counts by block, and the comparison that decides whose place goes to a newcomer.

use crate::{AddressBlock, Prefix};
use std::collections::HashMap;

/// Counts things by the blocks that they come from, and by the wider blocks of IPv6 around those.
#[derive(Clone, Debug, Default)]
pub struct BlockCounts {
    by_prefix: HashMap<Prefix, usize>,
}

impl BlockCounts {
    /// Counts one more of this block.
    pub fn add(&mut self, block: AddressBlock) {
        for (prefix, _) in block.prefixes() {
            let count = self.by_prefix.entry(prefix).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Counts one less of this block.
    pub fn remove(&mut self, block: AddressBlock) {
        for (prefix, _) in block.prefixes() {
            if let Some(count) = self.by_prefix.get_mut(&prefix) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.by_prefix.remove(&prefix);
                }
            }
        }
    }

    /// Returns true if nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    /// The load of a block, to be compared with the bound of a block: its own count, half of its IPv6 /48's, or an eighth of
    /// its IPv6 /32's, the largest of them.
    pub fn load(&self, block: AddressBlock) -> usize {
        let loads = block.prefixes().map(|(prefix, share)| self.count(prefix).div_ceil(share));
        loads.max().unwrap_or_default()
    }

    /// Returns true if two blocks are in a block, or a wider one, whose load has reached a bound: for one of the two, one of
    /// the other has to go.
    pub fn are_crowded(&self, a: AddressBlock, b: AddressBlock, bound: usize) -> bool {
        let mut shared = a.prefixes().filter(|(prefix, _)| b.is_in(*prefix));
        shared.any(|(prefix, share)| self.count(prefix).div_ceil(share) >= bound)
    }

    /// Returns how much more a holder's block has than a newcomer's would have with one more; `None` if it has no more, so
    /// that the two cannot displace each other in turn. Wider blocks that both are in are left out: they say nothing about
    /// which of the two has more.
    pub fn excess(&self, holder: AddressBlock, newcomer: AddressBlock) -> Option<usize> {
        let load = |of: AddressBlock, other: AddressBlock, more: usize| {
            let own = of.prefixes().filter(|(prefix, _)| !other.is_in(*prefix));
            let loads = own.map(|(prefix, share)| self.count(prefix).saturating_add(more).div_ceil(share));
            loads.max().unwrap_or_default()
        };
        load(holder, newcomer, 0).checked_sub(load(newcomer, holder, 1)).filter(|excess| *excess > 0)
    }

    fn count(&self, prefix: Prefix) -> usize {
        self.by_prefix.get(&prefix).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn block(address: &str) -> AddressBlock {
        AddressBlock::of(address.parse().unwrap())
    }

    /// Counts that have these numbers of blocks.
    fn counts(of: &[(&str, usize)]) -> BlockCounts {
        let mut counts = BlockCounts::default();
        for (address, count) in of {
            (0..*count).for_each(|_| counts.add(block(address)));
        }
        counts
    }

    #[test]
    fn counts_come_back() {
        let mut counts = counts(&[("192.0.2.1", 2), ("2001:db8::1", 1)]);
        assert_eq!((counts.load(block("192.0.2.9")), counts.load(block("2001:db8::9"))), (2, 1));
        for address in ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::1"] {
            counts.remove(block(address));
        }
        assert!(counts.is_empty());
    }

    #[test]
    fn wider_blocks_count_for_all_in_them() {
        let mut counts = BlockCounts::default();
        for number in 0..=255 {
            counts.add(block(&format!("2001:db8:0:{number:x}00::1")));
        }
        // A /48 counts as two blocks, a /32 as eight.
        assert_eq!(counts.load(block("2001:db8:0:100::1")), 128);
        assert_eq!(counts.load(block("2001:db8:1::1")), 32);
        assert_eq!(counts.load(block("2001:db9::1")), 0);
        let near = |a, b, bound| counts.are_crowded(block(a), block(b), bound);
        assert!(near("2001:db8:0:100::1", "2001:db8:0:200::1", 128));
        assert!(!near("2001:db8:0:100::1", "2001:db8:0:200::1", 129));
        assert!(near("2001:db8:0:100::1", "2001:db8:1::1", 32));
        assert!(!near("2001:db8:0:100::1", "2001:db8:1::1", 33));
        assert!(!near("2001:db8:0:100::1", "192.0.2.1", 1));
    }

    #[test]
    fn a_newcomer_displaces_only_where_more_are() {
        let of = [
            ("192.0.2.1", 5),
            ("192.0.3.1", 3),
            ("192.0.4.1", 4),
            ("2001:db8:0:100::1", 1),
            ("2001:db8:0:200::1", 9),
            ("2001:db8:1::1", 2),
        ];
        let counts = counts(&of);
        for (holder, newcomer, excess) in [
            ("192.0.2.1", "198.51.100.1", Some(4)),
            ("192.0.2.1", "192.0.3.1", Some(1)),
            ("192.0.2.1", "192.0.4.1", None),
            ("192.0.2.1", "192.0.2.2", None),
            ("192.0.3.1", "192.0.2.1", None),
            // The one /56 has more than the other, whatever their /48 has.
            ("2001:db8:0:200::1", "2001:db8:0:100::1", Some(7)),
            ("2001:db8:0:100::1", "2001:db8:0:200::1", None),
            // Of another /48.
            ("2001:db8:0:200::1", "2001:db8:1::1", Some(6)),
            ("2001:db8:0:100::1", "2001:db8:1::1", Some(2)),
            // The newcomer's /48 has ten already.
            ("192.0.4.1", "2001:db8:0:300::1", None),
            ("2001:db8:0:100::1", "192.0.3.1", Some(1)),
        ] {
            assert_eq!(counts.excess(block(holder), block(newcomer)), excess, "{holder} {newcomer}");
        }
    }
}
