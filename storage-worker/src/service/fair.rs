//! A budget of memory that readers share. Nobody's share is fixed: each shrinks as others come, and a part is kept for the
//! members of the worker's own groups, whose rebuilds must not wait for strangers. Where nothing is left, an answer that
//! takes too long to be sent makes way.

use meganet_primitives::{convert::to_u64, receipt::PeerKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The time that every answer has.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes per second below which an answer makes way for others.
const CONTENDED: u64 = 64 << 10;

/// Somebody who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The reader.
    pub peer: PeerKey,
    /// Whether it is a member of one of this worker's groups.
    pub is_member: bool,
}

#[derive(Debug)]
struct Answer {
    reader: Reader,
    bytes: u64,
    began: Duration,
    evicted: bool,
}

/// The answers in memory.
#[derive(Debug)]
pub struct FairMemory {
    total: u64,
    answers: BTreeMap<u64, Answer>,
    next: u64,
}

impl FairMemory {
    /// Answers of this many bytes may be in memory; a quarter is for members of own groups.
    pub fn new(total: u64) -> Self {
        Self { total, answers: BTreeMap::new(), next: 0 }
    }

    /// Takes memory for an answer; returns its number. `None` while too much is in memory, or this reader has its share.
    pub fn take(&mut self, reader: Reader, bytes: u64, now: Duration) -> Option<u64> {
        let limit = if reader.is_member { self.total } else { self.total / 4 * 3 };
        let used: u64 = self.answers.values().map(|answer| answer.bytes).fold(0, u64::saturating_add);
        if used.saturating_add(bytes) > limit {
            return None;
        }
        let of_reader = self.answers.values().filter(|answer| answer.reader.peer == reader.peer);
        let has = of_reader.map(|answer| answer.bytes).fold(0, u64::saturating_add);
        let others: BTreeSet<PeerKey> =
            self.answers.values().map(|answer| answer.reader.peer).filter(|peer| *peer != reader.peer).collect();
        // One share is left for the next newcomer. A first answer is never too much.
        let share = limit / to_u64(others.len()).saturating_add(2);
        if has > 0 && has.saturating_add(bytes) > share {
            return None;
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.answers.insert(id, Answer { reader, bytes, began: now, evicted: false });
        Some(id)
    }

    /// Frees the memory of an answer.
    pub fn give(&mut self, id: u64) {
        self.answers.remove(&id);
    }

    /// Returns the answer that has to make way: the one that is the most behind the pace that is asked for where others wait.
    pub fn evict(&mut self, now: Duration) -> Option<u64> {
        let overdue = |answer: &Answer| {
            let allowed = GRACE.saturating_add(Duration::from_millis(answer.bytes.saturating_mul(1000) / CONTENDED));
            now.saturating_sub(answer.began).checked_sub(allowed).filter(|_| !answer.evicted)
        };
        let late = self.answers.iter_mut().filter_map(|(id, answer)| Some((overdue(answer)?, *id, answer)));
        let (_, id, answer) = late.max_by_key(|(overdue, ..)| *overdue)?;
        answer.evicted = true;
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MIB: u64 = 1 << 20;

    fn stranger(seed: u8) -> Reader {
        Reader { peer: PeerKey([seed; 32]), is_member: false }
    }

    fn member(seed: u8) -> Reader {
        Reader { is_member: true, ..stranger(seed) }
    }

    #[test]
    fn two_who_never_take_their_answers_leave_room_for_others_and_for_members() {
        let mut memory = FairMemory::new(48 * MIB);
        let now = Duration::ZERO;
        for seed in [1, 2] {
            while memory.take(stranger(seed), MIB, now).is_some() {}
        }
        assert!(memory.take(stranger(3), MIB, now).is_some());
        // However many strangers come, members find some.
        for seed in 4..100 {
            memory.take(stranger(seed), MIB, now);
        }
        assert!(memory.take(stranger(200), MIB, now).is_none());
        assert!(memory.take(member(201), MIB, now).is_some());
        let used: u64 = memory.answers.values().map(|answer| answer.bytes).sum();
        assert!(used <= 48 * MIB);
    }

    #[test]
    fn what_takes_too_long_makes_way_and_only_then() {
        let mut memory = FairMemory::new(4 * MIB);
        let at = Duration::from_secs;
        let first = memory.take(stranger(1), MIB, at(0)).unwrap();
        let second = memory.take(stranger(2), MIB, at(10)).unwrap();
        // 16 seconds at 64 KiB/s, and the grace.
        assert_eq!(memory.evict(at(17)), None);
        assert_eq!(memory.evict(at(19)), Some(first));
        assert_eq!(memory.evict(at(19)), None);
        memory.give(first);
        assert_eq!(memory.evict(at(60)), Some(second));
    }
}
