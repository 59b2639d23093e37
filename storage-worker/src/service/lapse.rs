//! When bytes whose promise is reported to have ended may be removed.
//!
//! One report is not enough: a node may lie or be on another chain, a clock may be wrong, and a worker that was expelled
//! after an outage may hold the last copies of a group. So bytes go only when the end is proven, has been reported for long
//! enough by the clock and by the chain, and, for a lost slot, when its successor has shown that it holds the shards. Until
//! then they are served. Where shards that are paid for need the space, what is proven to be over goes earlier, and of what is
//! not proven only what ends at a date: ranges that have expired, and receipts that were not registered in time, which are the
//! first to make way. A deletion, the loss of a slot, or a promise that a node does not mention could be invented for one worker
//! alone, and the node that invented it would also confirm it. The worker refuses uploads instead.

use crate::model::{
    Lapse,
    records::{LapseRecord, Seconds},
};
use meganet_primitives::{BlockNumber, units::BLOCK_SECONDS};
use std::time::Duration;

/// The present, as the worker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// By its clock.
    pub now: Seconds,
    /// The last finalized block.
    pub block: BlockNumber,
    /// Whether this comes from a verified chain, or from a node that the operator answers for.
    pub proven: bool,
    /// Whether shards that are paid for need the space.
    pub pressed: bool,
}

/// Returns true if the bytes of a lapse may be removed, as soon as the chain confirms it once more ([`Verdict`]).
///
/// That is so once it has been reported for at least `keep`, by the clock and by the chain, and is proven. Where the space
/// is needed, the end of a receipt, an expiry or a deletion that is proven need not be old, and the old end of a receipt or of
/// a range need not be proven.
pub fn is_ripe(lapse: &Lapse, record: &LapseRecord, keep: Duration, present: Present) -> bool {
    let seconds = keep.as_secs();
    let blocks = BlockNumber::try_from(seconds / BLOCK_SECONDS).unwrap_or(BlockNumber::MAX);
    // One without a block has no age by the chain yet, and the clock alone may have been wrong when it was noted.
    let by_chain = record.block > 0 && present.block >= record.block.saturating_add(blocks);
    let is_old = by_chain && present.now >= record.since.saturating_add(seconds);
    // Nobody copies these any more; a lost slot or an adopted file may be needed.
    let is_over = matches!(lapse, Lapse::Receipt(_) | Lapse::Range { .. } | Lapse::Object(..));
    match (present.pressed, present.proven) {
        (false, proven) => proven && is_old,
        (true, true) => is_old || is_over,
        (true, false) => is_old && matches!(lapse, Lapse::Receipt(_) | Lapse::Range { .. }),
    }
}

/// The chain's answer about a lapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is so: the bytes may go.
    Ended,
    /// It is so, but others do not hold the bytes yet.
    StillNeeded,
    /// It is not so: the promise stands.
    Stands,
}

/// Returns the verdict on a receipt that is not registered: `known` is the block up to which all registrations of its group
/// are known, `None` if something is unknown.
pub fn of_receipt(valid_until: BlockNumber, known: Option<BlockNumber>) -> Verdict {
    match known {
        Some(block) if block >= valid_until => Verdict::Ended,
        Some(_) => Verdict::Stands,
        None => Verdict::StillNeeded,
    }
}

/// Returns the verdict on an adopted file for which no promise is known: `synced` is whether everything is known that the chain
/// counts on. A worker that the registry has lost has no groups, and so knows of none of the promises that it made in them.
pub fn of_adopted(synced: bool, unregistered: bool) -> Verdict {
    if synced && !unregistered { Verdict::Ended } else { Verdict::StillNeeded }
}

/// Returns the verdict on a lost slot: `holder` is the slot's present worker and whether it holds all shards of the slot.
pub fn of_slot(holder: Option<(bool, bool)>) -> Verdict {
    match holder {
        Some((true, _)) => Verdict::Stands,
        Some((false, true)) => Verdict::Ended,
        Some((false, false)) | None => Verdict::StillNeeded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::{LeafKey, ReceiptKey, ShardKey};
    use meganet_primitives::object::ObjectId;

    const KEEP: Duration = Duration::from_secs(600);

    const SLOT: Lapse = Lapse::Slot { group: 1, slot: 2 };
    const RANGE: Lapse = Lapse::Range { expiry: 3, group: 1 };
    const OBJECT: Lapse = Lapse::Object(LeafKey { expiry: 3, group: 1, index: 0 }, ObjectId([1; 32]));
    const ADOPTED: Lapse = Lapse::Shard(ShardKey { object: ObjectId([1; 32]), shard: 2 });
    const RECEIPT: Lapse = Lapse::Receipt(ReceiptKey { expiry: 3, group: 1, slot: 2, batch: [7; 32], valid_until: 40 });

    fn present(now: Seconds, block: BlockNumber, proven: bool) -> Present {
        Present { now, block, proven, pressed: false }
    }

    #[test]
    fn a_lapse_is_ripe_only_when_it_is_old_by_both_clocks_and_proven() {
        let record = LapseRecord { since: 1_000, block: 50 };
        let blocks = 600 / u32::try_from(BLOCK_SECONDS).unwrap_or(1);
        let table = [
            (present(1_600, 50 + blocks, true), true),
            (present(1_599, 50 + blocks, true), false),
            (present(1_600, 49 + blocks, true), false),
            // A clock that jumps, and a node that lies, each for itself.
            (present(u64::MAX, 60, true), false),
            (present(1_010, u32::MAX, true), false),
            (present(u64::MAX, u32::MAX, false), false),
        ];
        for (present, ripe) in table {
            assert_eq!(is_ripe(&SLOT, &record, KEEP, present), ripe, "{present:?}");
            assert_eq!(is_ripe(&RANGE, &record, KEEP, present), ripe, "{present:?}");
            assert_eq!(is_ripe(&RECEIPT, &record, KEEP, present), ripe, "{present:?}");
        }
        // Noted before any block was known, maybe by a clock that was years behind.
        let undated = LapseRecord { since: 1_000, block: 0 };
        for lapse in [SLOT, RANGE, RECEIPT, ADOPTED] {
            assert!(!is_ripe(&lapse, &undated, KEEP, present(u64::MAX, u32::MAX, true)), "{lapse:?}");
        }
    }

    #[test]
    fn where_space_is_needed_what_is_proven_to_be_over_goes_at_once_and_of_hearsay_only_what_ends_at_a_date() {
        let record = LapseRecord { since: 1_000, block: 50 };
        let pressed = |now, block, proven| Present { pressed: true, ..present(now, block, proven) };
        let (young, old) = ((1_001, 51), (1_600, 50 + 200));
        let table = [
            (RANGE, young, true, true),
            (RANGE, young, false, false),
            (RANGE, old, false, true),
            (RANGE, (u64::MAX, 51), false, false),
            (RANGE, (1_001, u32::MAX), false, false),
            (OBJECT, young, true, true),
            (OBJECT, old, false, false),
            (RECEIPT, young, true, true),
            (RECEIPT, young, false, false),
            (RECEIPT, old, false, true),
            (SLOT, young, true, false),
            (SLOT, old, true, true),
            (SLOT, old, false, false),
            (SLOT, (u64::MAX, u32::MAX), false, false),
            (ADOPTED, young, true, false),
            (ADOPTED, old, true, true),
            (ADOPTED, old, false, false),
        ];
        for (lapse, (now, block), proven, ripe) in table {
            assert_eq!(is_ripe(&lapse, &record, KEEP, pressed(now, block, proven)), ripe, "{lapse:?} {now} {proven}");
        }
    }

    #[test]
    fn a_receipt_has_ended_once_all_is_known_up_to_its_last_block() {
        assert_eq!(of_receipt(40, None), Verdict::StillNeeded);
        assert_eq!(of_receipt(40, Some(39)), Verdict::Stands);
        assert_eq!(of_receipt(40, Some(40)), Verdict::Ended);
    }

    #[test]
    fn an_adopted_file_is_needed_until_everything_is_known_and_by_a_worker_without_registration() {
        assert_eq!(of_adopted(true, false), Verdict::Ended);
        for (synced, unregistered) in [(false, false), (false, true), (true, true)] {
            assert_eq!(of_adopted(synced, unregistered), Verdict::StillNeeded, "{synced} {unregistered}");
        }
    }

    #[test]
    fn a_lost_slot_is_needed_until_its_successor_has_shown_its_shards() {
        assert_eq!(of_slot(None), Verdict::StillNeeded);
        assert_eq!(of_slot(Some((false, false))), Verdict::StillNeeded);
        assert_eq!(of_slot(Some((false, true))), Verdict::Ended);
        assert_eq!(of_slot(Some((true, false))), Verdict::Stands);
    }
}
