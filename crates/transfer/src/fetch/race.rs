//! Which shards to ask for next. Pure: no clock, no network.

use meganet_primitives::{SlotIndex, convert::to_usize};

/// A set of shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shards(u64);

impl Shards {
    pub(crate) fn of(shards: impl IntoIterator<Item = SlotIndex>) -> Self {
        Self(shards.into_iter().fold(0, |set, shard| set | Self::bit(shard)))
    }

    pub(crate) fn contains(self, shard: SlotIndex) -> bool {
        self.0 & Self::bit(shard) != 0
    }

    pub(crate) fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn add(&mut self, shard: SlotIndex) {
        self.0 |= Self::bit(shard);
    }

    fn remove(&mut self, shard: SlotIndex) {
        self.0 &= !Self::bit(shard);
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Slots are at most 64; a shard beyond is in no set.
    fn bit(shard: SlotIndex) -> u64 {
        1_u64.checked_shl(shard.into()).unwrap_or(0)
    }
}

/// The race for one window: until all wanted shards are here, or any k.
pub(crate) struct Race {
    k: u32,
    wanted: Shards,
    /// Shards that a member may have, the best first.
    order: Vec<SlotIndex>,
    /// Shards of distrusted members, which are asked for last.
    distrusted: Shards,
    have: Shards,
    running: Shards,
    late: Shards,
    failed: Shards,
}

impl Race {
    /// `wanted` are the shards that make the others unnecessary; empty if any k are enough.
    pub(crate) fn new(k: u8, wanted: Shards, order: Vec<SlotIndex>, distrusted: Shards, have: Shards) -> Self {
        Self {
            k: k.into(),
            wanted,
            order,
            distrusted,
            have,
            running: Shards::default(),
            late: Shards::default(),
            failed: Shards::default(),
        }
    }

    /// Whether enough shards have arrived.
    pub(crate) fn is_won(&self) -> bool {
        self.have.count() >= self.k || (!self.wanted.is_empty() && self.wanted.without(self.have).is_empty())
    }

    /// Whether nothing is under way. After [`Race::starts`] gave nothing, the race is lost then.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Shards under way that were late.
    pub(crate) fn stragglers(&self) -> Shards {
        self.running.and(self.late)
    }

    /// The shards to ask for now. They count as under way from here on.
    pub(crate) fn starts(&mut self) -> Vec<SlotIndex> {
        if self.is_won() {
            return Vec::new();
        }
        let candidates = Shards::of(self.order.iter().copied());
        let startable = candidates.without(self.have.or(self.running).or(self.failed));
        let missing = self.wanted.without(self.have);
        let reachable = missing.without(startable.or(self.running)).is_empty();
        let mut start = Shards::default();
        if !missing.is_empty() && reachable {
            start = missing.and(startable).without(self.distrusted);
        }
        let in_time = self.running.or(start).without(self.late);
        if missing.is_empty() || !missing.without(in_time).is_empty() {
            // The wanted ones will not all come in time: see to it that any k do.
            let coming = self.have.count() + in_time.count();
            let lacking = to_usize(self.k.saturating_sub(coming).into());
            let others = self.order.iter().filter(|shard| startable.contains(**shard) && !start.contains(**shard));
            start = start.or(Shards::of(others.take(lacking).copied()));
        }
        self.running = self.running.or(start);
        self.order.iter().copied().filter(|shard| start.contains(*shard)).collect()
    }

    /// Records that a shard arrived and is correct.
    pub(crate) fn came(&mut self, shard: SlotIndex) {
        self.running.remove(shard);
        self.have.add(shard);
    }

    /// Records that a shard could not be fetched.
    pub(crate) fn failed(&mut self, shard: SlotIndex) {
        self.running.remove(shard);
        self.failed.add(shard);
    }

    /// Marks all requests under way as late.
    pub(crate) fn now_late(&mut self) {
        self.late = self.late.or(self.running);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn race(k: u8, wanted: &[u8], order: &[u8], distrusted: &[u8]) -> Race {
        Race::new(
            k,
            Shards::of(wanted.iter().copied()),
            order.to_vec(),
            Shards::of(distrusted.iter().copied()),
            Shards::default(),
        )
    }

    #[test]
    fn asks_for_the_wanted_shards_alone_while_all_is_well() {
        let mut race = race(4, &[1, 2], &[0, 1, 2, 3, 4, 5], &[]);
        assert_eq!(race.starts(), [1, 2]);
        assert!(race.starts().is_empty());
        race.came(1);
        assert!(race.starts().is_empty() && !race.is_won());
        race.came(2);
        assert!(race.is_won());
    }

    #[test]
    fn any_k_will_do_when_a_wanted_one_fails() {
        let mut race = race(2, &[0, 1], &[0, 1, 2, 3], &[]);
        assert_eq!(race.starts(), [0, 1]);
        race.failed(0);
        assert_eq!(race.starts(), [2]);
        race.came(2);
        assert!(!race.is_won());
        race.came(1);
        assert!(race.is_won());
    }

    #[test]
    fn a_late_one_is_overtaken_and_still_counts_when_it_comes() {
        let mut race = race(2, &[0], &[0, 1, 2, 3], &[]);
        assert_eq!(race.starts(), [0]);
        race.now_late();
        assert_eq!(race.starts(), [1, 2]);
        assert_eq!(race.stragglers(), Shards::of([0]));
        race.came(0);
        assert!(race.is_won());
    }

    #[test]
    fn distrusted_members_are_asked_last() {
        let mut first = race(2, &[0, 1], &[1, 2, 3, 0], &[0]);
        assert_eq!(first.starts(), [1, 2]);
        let mut only = race(2, &[0, 1], &[1, 0], &[0]);
        assert_eq!(only.starts(), [1, 0]);
    }

    #[test]
    fn a_vacant_slot_is_worked_around_at_once() {
        let mut race = race(3, &[0, 1], &[1, 2, 3, 4], &[]);
        assert_eq!(race.starts(), [1, 2, 3]);
    }

    #[test]
    fn without_wanted_shards_k_are_raced() {
        let mut race = race(2, &[], &[3, 1, 0], &[]);
        assert_eq!(race.starts(), [3, 1]);
        race.failed(3);
        race.failed(1);
        assert_eq!(race.starts(), [0]);
        race.failed(0);
        assert!(race.starts().is_empty() && race.is_idle() && !race.is_won());
    }

    proptest! {
        /// Whatever fails or is late: no shard is asked for twice, and the race is won whenever k members answer.
        #[test]
        fn wins_whenever_k_answer(
            n in 2_u8..12,
            k in 1_u8..6,
            wanted in any::<u64>(),
            good in any::<u64>(),
            events in proptest::collection::vec(any::<u8>(), 200),
        ) {
            let k = k.min(n);
            let wanted = Shards::of((0..k).filter(|s| wanted >> s & 1 == 1));
            let mut race = Race::new(k, wanted, (0..n).collect(), Shards::default(), Shards::default());
            let mut asked = Vec::new();
            let mut running: Vec<u8> = Vec::new();
            for event in events {
                let new = race.starts();
                for shard in &new {
                    prop_assert!(!asked.contains(shard));
                }
                asked.extend(&new);
                running.extend(&new);
                if race.is_won() || race.is_idle() {
                    break;
                }
                if event % 3 == 0 {
                    race.now_late();
                } else {
                    let shard = running.remove(usize::from(event) % running.len());
                    if good >> shard & 1 == 1 { race.came(shard) } else { race.failed(shard) }
                }
            }
            let answering = (0..n).filter(|s| good >> s & 1 == 1).count();
            if answering >= usize::from(k) {
                prop_assert!(race.is_won());
            }
        }
    }
}
