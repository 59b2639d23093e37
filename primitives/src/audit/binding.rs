//! Which batches a slot's worker must be able to prove.

use crate::{BlockNumber, SlotIndex, range::RangeLeaf};

/// Returns true if a slot is bound to a batch: its receipt is one of those that the batch was registered with, and its
/// present worker, which has held the slot since block `since`, held it then. A worker can't be excused from a sample of
/// such a batch.
pub fn is_bound(leaf: &RangeLeaf, slot: SlotIndex, since: BlockNumber) -> bool {
    let signed = leaf.signed.checked_shr(slot.into()).is_some_and(|bits| bits & 1 == 1);
    signed && leaf.registered >= since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sum_tree::BatchSummary;

    fn leaf(signed: u64) -> RangeLeaf {
        let batch = BatchSummary { root: [1; 32], bytes: 1_024, objects: 1 };
        RangeLeaf { batch, owner: [2; 32], signed, registered: 10 }
    }

    #[test]
    fn a_slot_is_bound_by_its_own_receipt_and_only_its_present_worker() {
        assert!(is_bound(&leaf(0b100), 2, 10) && is_bound(&leaf(1 << 63), 63, 0));
        assert!(!is_bound(&leaf(0b100), 1, 10));
        assert!(!is_bound(&leaf(0b100), 2, 11));
        assert!(!is_bound(&leaf(u64::MAX), 64, 0));
    }
}
