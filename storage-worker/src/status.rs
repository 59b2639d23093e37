//! The worker's state, as jobs report it and operators see it.

use meganet_primitives::{
    BlockNumber, GroupId, Period,
    chain::{ChallengeInfo, ChallengeState, WorkerAudit, WorkerInfo},
};
use parking_lot::Mutex;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Blocks by which following may lag behind the head: the newest one is always being read.
const LAG: BlockNumber = 2;

/// Groups whose registrations up to a finalized block are all known, down to each object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The block.
    pub block: BlockNumber,
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// The worker's state, written by jobs and read by [`crate::http`].
pub struct Status {
    started: Instant,
    worker: Mutex<Option<WorkerInfo>>,
    /// The last known finalized block, and when it was first seen.
    head: Mutex<Option<(BlockNumber, Instant)>>,
    /// Time without a new finalized block after which the state known here counts as out of date.
    silence: Duration,
    followed: Mutex<Option<BlockNumber>>,
    /// Counts the events that the sync job has to look at.
    changes: AtomicU64,
    /// The value of `changes` up to which everything is known; 0 at first, below every change.
    settled: AtomicU64,
    known: Mutex<Option<Known>>,
    rebuilding: AtomicU64,
    challenge: Mutex<Option<(Period, ChallengeState)>>,
    audit: Mutex<Option<WorkerAudit>>,
    left: AtomicBool,
    trouble: Mutex<Option<String>>,
}

impl Status {
    /// Nothing is known yet. After `silence` without a new finalized block, what is known counts as out of date.
    pub fn new(silence: Duration) -> Self {
        Self {
            started: Instant::now(),
            worker: Mutex::default(),
            head: Mutex::default(),
            silence,
            followed: Mutex::default(),
            changes: AtomicU64::new(1),
            settled: AtomicU64::new(0),
            known: Mutex::default(),
            rebuilding: AtomicU64::new(0),
            challenge: Mutex::default(),
            audit: Mutex::default(),
            left: AtomicBool::new(false),
            trouble: Mutex::default(),
        }
    }

    /// Seconds since the start.
    pub fn uptime(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// This worker's registration; `None` until it is registered.
    pub fn worker(&self) -> Option<WorkerInfo> {
        self.worker.lock().clone()
    }

    /// Sets the registration.
    pub fn set_worker(&self, worker: WorkerInfo) {
        *self.worker.lock() = Some(worker);
    }

    /// The last known finalized block.
    pub fn head(&self) -> Option<BlockNumber> {
        self.head.lock().map(|(block, _)| block)
    }

    /// The time since the last known finalized block was first seen.
    pub fn head_age(&self) -> Option<Duration> {
        self.head.lock().map(|(_, seen)| seen.elapsed())
    }

    /// Notes a finalized block; known and older ones are ignored.
    pub fn set_head(&self, block: BlockNumber) {
        let mut head = self.head.lock();
        if head.is_none_or(|(known, _)| known < block) {
            *head = Some((block, Instant::now()));
        }
    }

    /// Returns true if no block has become final for too long.
    pub fn is_silent(&self) -> bool {
        self.head_age().is_some_and(|age| age >= self.silence)
    }

    /// The finalized block up to which all registrations are known.
    pub fn followed(&self) -> Option<BlockNumber> {
        *self.followed.lock()
    }

    /// Notes that the registrations of a block are known.
    pub fn set_followed(&self, block: BlockNumber) {
        *self.followed.lock() = Some(block);
    }

    /// Notes a registration or a new slot that the sync job has to look at.
    pub fn ranges_changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// A mark of the changes so far. The sync job takes it before it looks, for [`Self::ranges_settled`].
    pub fn ranges_mark(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Notes whether everything that had changed before the mark is known now, down to each object.
    pub fn ranges_settled(&self, mark: u64, whole: bool) {
        self.settled.store(if whole { mark } else { 0 }, Ordering::Release);
    }

    /// The last state in which everything was known.
    pub fn known(&self) -> Option<Known> {
        self.known.lock().clone()
    }

    /// Sets [`Self::known`].
    pub fn set_known(&self, known: Known) {
        *self.known.lock() = Some(known);
    }

    /// Returns true if everything that the followed blocks registered for this worker's slots is known, down to each
    /// object.
    pub fn ranges_whole(&self) -> bool {
        self.settled.load(Ordering::Acquire) == self.changes.load(Ordering::Acquire)
    }

    /// Returns true if the worker knows everything that it should hold, up to a recent finalized block.
    pub fn synced(&self) -> bool {
        let (Some(followed), Some(head)) = (self.followed(), self.head()) else { return false };
        followed.saturating_add(LAG) >= head && self.ranges_whole() && !self.is_silent()
    }

    /// Number of shards that are being rebuilt.
    pub fn rebuilding(&self) -> u64 {
        self.rebuilding.load(Ordering::Relaxed)
    }

    /// Notes that a rebuild begins.
    pub fn rebuild_begins(&self) {
        self.rebuilding.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a rebuild has ended.
    pub fn rebuild_ends(&self) {
        self.rebuilding.fetch_sub(1, Ordering::Relaxed);
    }

    /// Period and state of the last known challenge.
    pub fn challenge(&self) -> Option<(Period, ChallengeState)> {
        *self.challenge.lock()
    }

    /// Sets the present challenge; `None` if there is none.
    pub fn set_challenge(&self, challenge: Option<&ChallengeInfo>) {
        *self.challenge.lock() = challenge.map(|challenge| (challenge.period, challenge.state));
    }

    /// The worker's audit record and pay, as last read from the chain.
    pub fn audit(&self) -> Option<WorkerAudit> {
        self.audit.lock().clone()
    }

    /// Sets [`Self::audit`].
    pub fn set_audit(&self, audit: WorkerAudit) {
        *self.audit.lock() = Some(audit);
    }

    /// Returns true if the worker has taken itself off the registry.
    pub fn left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// Notes that the worker has taken itself off the registry.
    pub fn set_left(&self) {
        self.left.store(true, Ordering::Release);
    }

    /// The reason, in words, why the worker cannot do its work; `None` if it can.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().clone()
    }

    /// Sets [`Self::trouble`].
    pub fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock() = trouble;
    }
}
