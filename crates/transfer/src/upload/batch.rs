//! Which objects are signed for together. Pure.

use meganet_primitives::{convert::to_usize, sum_tree::MAX_BATCH_OBJECTS};

/// Objects that the same members hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The members that hold all of them: bit i is slot i.
    pub(crate) slots: u64,
    /// Indices of the objects, in order.
    pub(crate) objects: Vec<usize>,
}

/// Puts objects, each with the members that hold it, into as few batches as the quorum allows. A member signs only for
/// what it holds wholly, so objects that different members missed may have to be apart.
pub(crate) fn partition(held: &[u64], quorum: u8) -> Vec<Group> {
    let limit = to_usize(MAX_BATCH_OBJECTS.into());
    let mut groups: Vec<Group> = Vec::new();
    for (index, slots) in held.iter().enumerate() {
        let fits =
            |group: &&mut Group| group.objects.len() < limit && (group.slots & slots).count_ones() >= u32::from(quorum);
        // The one that loses the fewest signers.
        let best = groups.iter_mut().filter(fits).max_by_key(|group| (group.slots & slots).count_ones());
        match best {
            Some(group) => {
                group.slots &= slots;
                group.objects.push(index);
            }
            None => groups.push(Group { slots: *slots, objects: vec![index] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_batch_where_a_quorum_holds_everything() {
        let groups = partition(&[0b11_1111, 0b11_1110, 0b01_1111], 4);
        assert_eq!(groups, [Group { slots: 0b01_1110, objects: vec![0, 1, 2] }]);
    }

    #[test]
    fn several_where_different_members_missed_different_objects() {
        let groups = partition(&[0b00_1111, 0b11_1100, 0b00_1111, 0b11_1111], 4);
        assert_eq!(groups.len(), 2);
        assert_eq!((&groups[0].objects[..], &groups[1].objects[..]), (&[0, 2][..], &[1, 3][..]));
    }

    proptest! {
        #[test]
        fn every_object_is_in_one_batch_whose_signers_hold_it(
            held in proptest::collection::vec(0_u64..4096, 0..60),
            quorum in 1_u8..8,
        ) {
            let held: Vec<u64> = held.into_iter().filter(|h| h.count_ones() >= u32::from(quorum)).collect();
            let groups = partition(&held, quorum);
            let mut seen: Vec<usize> = groups.iter().flat_map(|g| g.objects.clone()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..held.len()).collect::<Vec<_>>());
            for group in groups {
                prop_assert!(group.slots.count_ones() >= u32::from(quorum));
                prop_assert!(group.objects.iter().all(|index| held[*index] & group.slots == group.slots));
            }
        }
    }
}
