//! What is going on, for whoever asks over HTTP.

use crate::sync::lock;
use meganet_primitives::{
    BlockNumber, GroupId, Period,
    chain::{ChallengeInfo, ChallengeState, WorkerAudit, WorkerInfo},
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

/// Blocks that following may be behind the head: the newest one is always being read.
const LAG: BlockNumber = 2;

/// Groups of which everything is known, to the last object, that was registered up to a final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The block.
    pub block: BlockNumber,
    /// The groups.
    pub groups: Vec<GroupId>,
}

/// Shared by everything that runs; read by [`crate::http`].
pub struct Status {
    started: Instant,
    worker: Mutex<Option<WorkerInfo>>,
    head: Mutex<Option<BlockNumber>>,
    followed: Mutex<Option<BlockNumber>>,
    /// Counts what happened that the sync job has to look at.
    changes: AtomicU64,
    /// The value of `changes` up to which all is known; 0 at first, below every change.
    settled: AtomicU64,
    known: Mutex<Option<Known>>,
    rebuilding: AtomicU64,
    challenge: Mutex<Option<(Period, ChallengeState)>>,
    audit: Mutex<Option<WorkerAudit>>,
    left: AtomicBool,
    trouble: Mutex<Option<String>>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            worker: Mutex::default(),
            head: Mutex::default(),
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
}

impl Status {
    /// Seconds since the start.
    pub fn uptime(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// What the chain says of this worker; `None` until it is registered.
    pub fn worker(&self) -> Option<WorkerInfo> {
        lock(&self.worker).clone()
    }

    /// The chain has said what it knows of this worker.
    pub fn set_worker(&self, worker: WorkerInfo) {
        *lock(&self.worker) = Some(worker);
    }

    /// The finalized head that was last heard of.
    pub fn head(&self) -> Option<BlockNumber> {
        *lock(&self.head)
    }

    /// The chain has a new finalized head.
    pub fn set_head(&self, block: BlockNumber) {
        let mut head = lock(&self.head);
        *head = Some(head.map_or(block, |known| known.max(block)));
    }

    /// The last finalized block whose registrations are known.
    pub fn followed(&self) -> Option<BlockNumber> {
        *lock(&self.followed)
    }

    /// The registrations of a block are known.
    pub fn set_followed(&self, block: BlockNumber) {
        *lock(&self.followed) = Some(block);
    }

    /// Something was registered, or a slot given, that the sync job has to look at.
    pub fn ranges_changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// To be asked before the sync job looks, and given to [`Self::ranges_settled`] afterwards.
    pub fn ranges_mark(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// All that had changed when the mark was taken is known to the last object; or is not.
    pub fn ranges_settled(&self, mark: u64, whole: bool) {
        self.settled.store(if whole { mark } else { 0 }, Ordering::Release);
    }

    /// What was last known to the last object.
    pub fn known(&self) -> Option<Known> {
        lock(&self.known).clone()
    }

    /// See [`Self::known`].
    pub fn set_known(&self, known: Known) {
        *lock(&self.known) = Some(known);
    }

    /// Whether everything that the followed blocks registered for this worker's slots is known to the last object.
    pub fn ranges_whole(&self) -> bool {
        self.settled.load(Ordering::Acquire) == self.changes.load(Ordering::Acquire)
    }

    /// Whether the worker knows all that it should hold.
    pub fn synced(&self) -> bool {
        let (Some(followed), Some(head)) = (self.followed(), self.head()) else { return false };
        followed.saturating_add(LAG) >= head && self.ranges_whole()
    }

    /// Shards that are being rebuilt.
    pub fn rebuilding(&self) -> u64 {
        self.rebuilding.load(Ordering::Relaxed)
    }

    /// A rebuild begins.
    pub fn rebuild_begins(&self) {
        self.rebuilding.fetch_add(1, Ordering::Relaxed);
    }

    /// A rebuild has ended.
    pub fn rebuild_ends(&self) {
        self.rebuilding.fetch_sub(1, Ordering::Relaxed);
    }

    /// The period and state of the challenge last heard of.
    pub fn challenge(&self) -> Option<(Period, ChallengeState)> {
        *lock(&self.challenge)
    }

    /// What the chain says of the present challenge; `None` where there is none.
    pub fn set_challenge(&self, challenge: Option<&ChallengeInfo>) {
        *lock(&self.challenge) = challenge.map(|challenge| (challenge.period, challenge.state));
    }

    /// What the chain last said that this worker has proven, missed and earned.
    pub fn audit(&self) -> Option<WorkerAudit> {
        lock(&self.audit).clone()
    }

    /// See [`Self::audit`].
    pub fn set_audit(&self, audit: WorkerAudit) {
        *lock(&self.audit) = Some(audit);
    }

    /// Whether the worker has taken itself off the registry.
    pub fn left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// It has.
    pub fn set_left(&self) {
        self.left.store(true, Ordering::Release);
    }

    /// What keeps the worker from its work, in words, if anything does.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// See [`Self::trouble`].
    pub fn set_trouble(&self, trouble: Option<String>) {
        *lock(&self.trouble) = trouble;
    }
}
