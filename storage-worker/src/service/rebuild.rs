//! Where a missing shard is rebuilt from, and when to try again.

use meganet_primitives::GroupId;
use std::collections::BTreeSet;

/// Seconds before the second attempt.
const FIRST: u64 = 5;
/// The most seconds between attempts.
const LONGEST: u64 = 600;

/// Seconds to wait after `attempts` failed attempts: doubling up to ten minutes, minus up to a quarter at random, so that
/// workers that failed together do not try again together. `chance` is any random number.
pub fn wait(attempts: u32, chance: u64) -> u64 {
    let doubled = FIRST.saturating_mul(1u64 << attempts.min(16)).min(LONGEST);
    doubled - chance % (doubled / 4 + 1)
}

/// The groups whose members can be asked for a shard, in the order of the attempts: of the group that it was listed for and
/// those that it is kept for, the ones in which this worker holds the shard's slot.
pub fn sources(listed: GroupId, kept: &BTreeSet<GroupId>, holds_slot: impl Fn(GroupId) -> bool) -> Vec<GroupId> {
    let others = kept.iter().copied().filter(|group| *group != listed);
    std::iter::once(listed).chain(others).filter(|group| holds_slot(*group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_comes_from_every_group_whose_slot_is_held() {
        // The groups that it is kept for, those whose slot is held, and those that are asked.
        let table: [[&[GroupId]; 3]; 5] = [
            [&[2], &[2], &[2]],
            [&[1, 2, 3], &[1, 2, 3], &[2, 1, 3]],
            // The slot in the group of the first upload is lost.
            [&[1, 2, 3], &[3], &[3]],
            // Nothing keeps it there any more, or only its file was found.
            [&[], &[2], &[2]],
            [&[1], &[], &[]],
        ];
        for [kept, slots, expected] in table {
            let kept = kept.iter().copied().collect();
            assert_eq!(sources(2, &kept, |group| slots.contains(&group)), expected, "{kept:?} {slots:?}");
        }
    }
}
