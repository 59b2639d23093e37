//! Which faults happen, and when: a function of the seed.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::{collections::BTreeSet, time::Duration};

/// Most processes with a fault at the same time: fewer than the shards of an object that may be away.
const AT_ONCE: usize = 3;

/// A fault. Workers are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A worker is killed, and starts again afterwards.
    Kill(usize),
    /// A worker stands still.
    Pause(usize),
    /// No other worker or reader reaches a worker, and it reaches none.
    Partition(usize),
    /// A worker's disk is full.
    FullDisk(usize),
    /// A bit flips in a file of a worker; the number chooses the file.
    Flip(usize, u64),
    /// A worker's clock is wrong by this number of hours.
    Clock(usize, i8),
    /// The gateway is killed, and starts again afterwards.
    KillGateway,
    /// A validator is killed, and starts again afterwards: without it no block becomes final.
    KillValidator(usize),
}

/// Faults that begin together and end together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time without faults before.
    pub calm: Duration,
    /// The faults; each process has one at most.
    pub faults: Vec<Fault>,
    /// How long they last.
    pub lasts: Duration,
}

/// The faults that are possible on a network.
#[derive(Clone, Debug)]
pub struct Possible {
    /// Workers.
    pub workers: usize,
    /// Validators.
    pub validators: usize,
    /// Workers with a small disk, which can be filled.
    pub small_disks: Vec<usize>,
    /// Whether traffic can be cut off.
    pub partitions: bool,
}

/// An endless sequence of steps.
pub struct Plan {
    random: StdRng,
    possible: Possible,
}

impl Plan {
    /// The same seed makes the same plan.
    pub fn new(seed: u64, possible: Possible) -> Self {
        Self { random: StdRng::seed_from_u64(seed), possible }
    }

    fn fault(&mut self, busy: &mut BTreeSet<usize>) -> Option<Fault> {
        let worker = self.random.random_range(0..self.possible.workers);
        let fault = match self.random.random_range(0..10u8) {
            0 | 1 => Fault::Kill(worker),
            2 | 3 => Fault::Pause(worker),
            4 => Fault::Flip(worker, self.random.random()),
            5 => Fault::Clock(worker, *[-48, -1, 1, 5, 72].choose(&mut self.random)?),
            6 | 7 if self.possible.partitions => Fault::Partition(worker),
            8 => {
                return self
                    .possible
                    .small_disks
                    .choose(&mut self.random)
                    .copied()
                    .filter(|it| busy.insert(*it))
                    .map(Fault::FullDisk);
            }
            9 if self.random.random() => return Some(Fault::KillGateway),
            9 => return Some(Fault::KillValidator(self.random.random_range(0..self.possible.validators))),
            _ => Fault::Pause(worker),
        };
        busy.insert(worker).then_some(fault)
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let wanted = self.random.random_range(1..=AT_ONCE);
        let mut busy = BTreeSet::new();
        let mut faults = Vec::new();
        for _ in 0..wanted {
            let fault = self.fault(&mut busy);
            // A process has one fault at a time.
            faults.extend(fault.filter(|fault| !faults.contains(fault)));
        }
        let mut seconds = |range| Duration::from_millis(self.random.random_range(range));
        Some(Step { calm: seconds(0..8_000), faults, lasts: seconds(2_000..15_000) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn possible() -> Possible {
        Possible { workers: 12, validators: 3, small_disks: vec![0, 5], partitions: true }
    }

    #[test]
    fn a_seed_makes_one_plan() {
        let plan = |seed| Plan::new(seed, possible()).take(50).collect::<Vec<_>>();
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn every_fault_happens_and_no_worker_has_two() {
        let mut kinds = BTreeSet::new();
        for step in Plan::new(1, possible()).take(300) {
            assert!(step.faults.len() <= AT_ONCE);
            let mut workers = BTreeSet::new();
            for fault in &step.faults {
                let (kind, worker) = match fault {
                    Fault::Kill(worker) => (0, Some(*worker)),
                    Fault::Pause(worker) => (1, Some(*worker)),
                    Fault::Partition(worker) => (2, Some(*worker)),
                    Fault::FullDisk(worker) => (3, Some(*worker)),
                    Fault::Flip(worker, _) => (4, Some(*worker)),
                    Fault::Clock(worker, _) => (5, Some(*worker)),
                    Fault::KillGateway => (6, None),
                    Fault::KillValidator(_) => (7, None),
                };
                kinds.insert(kind);
                assert!(worker.is_none_or(|worker| workers.insert(worker)), "{step:?}");
            }
        }
        assert_eq!(kinds.len(), 8);
    }
}
