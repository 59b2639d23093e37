//! Whose turn it is to have the chain renew a prepaid batch.

use meganet_primitives::{AutoRenewalId, BlockNumber, Epoch, SlotIndex, pay::RENEWAL_WINDOW};

/// The longest turn, in blocks, before the next member tries too.
const MAX_TURN: BlockNumber = 5;

/// The order in which the members of a group try to renew a batch. Only the first to succeed is paid; the others lose their
/// fees. So one member tries at a time, beginning with another one for each renewal, and all have tried before half of the
/// epoch is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Blocks of a storage epoch.
    pub epoch_blocks: BlockNumber,
    /// Slots of the group.
    pub slots: u8,
    /// This worker's slot.
    pub slot: SlotIndex,
}

impl Turns {
    /// Length of a turn in blocks.
    pub fn blocks(&self) -> BlockNumber {
        (self.epoch_blocks / 2 / BlockNumber::from(self.slots.max(1))).clamp(1, MAX_TURN)
    }

    /// The first block in which this worker tries to renew a batch that expires at `expiry`.
    pub fn begins(&self, id: AutoRenewalId, expiry: Epoch) -> BlockNumber {
        let slots = u64::from(self.slots.max(1));
        let first = (id % slots).wrapping_add(u64::from(expiry) % slots) % slots;
        let place = (u64::from(self.slot) % slots).wrapping_add(slots).wrapping_sub(first) % slots;
        let due = expiry.saturating_sub(RENEWAL_WINDOW).saturating_mul(self.epoch_blocks);
        let place = BlockNumber::try_from(place).unwrap_or_default();
        due.saturating_add(place.saturating_mul(self.blocks()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_has_a_turn_of_its_own_within_the_epoch() {
        for (epoch_blocks, slots) in [(1, 6), (48, 6), (60, 12), (1_200, 48), (28_800, 40), (7, 64)] {
            for (id, expiry) in [(0, 1), (1, 5), (77, 1_000), (u64::MAX, 3)] {
                let turn = |slot| Turns { epoch_blocks, slots, slot }.begins(id, expiry);
                let begun = (expiry - 1) * epoch_blocks;
                let turns: BTreeSet<u32> = (0..slots).map(turn).collect();
                assert_eq!(turns.len(), usize::from(slots));
                assert_eq!(turns.first(), Some(&begun));
                // Only an epoch of fewer blocks than twice the slots is too short for all.
                let last = turns.last().copied().unwrap_or_default();
                assert!(last < begun + (epoch_blocks / 2).max(u32::from(slots)), "{epoch_blocks} {slots}: {turns:?}");
            }
        }
    }

    #[test]
    fn another_one_begins_each_time() {
        let first = |id, expiry| {
            let begins = |slot: &u8| Turns { epoch_blocks: 60, slots: 6, slot: *slot }.begins(id, expiry);
            (0..6).find(|slot| begins(slot) == (expiry - 1) * 60)
        };
        assert_eq!((first(0, 6), first(0, 7), first(1, 7), first(5, 7)), (Some(0), Some(1), Some(2), Some(0)));
    }
}
