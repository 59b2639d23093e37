//! The worker's state, as jobs report it and operators see it.

use crate::service::space::{Room, for_shards};
use meganet_primitives::{
    Balance, BlockNumber, GroupId, Period,
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

/// The disk's free bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that are free, without those that the ballast will take up.
    pub free: u64,
    /// Bytes of those that shards never take up.
    pub reserve: u64,
    /// The room that this leaves.
    pub room: Room,
}

impl std::fmt::Display for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (free, reserve) = (self.free >> 20, self.reserve >> 20);
        write!(
            f,
            "the disk has {free} MiB left, less than the {reserve} MiB that this worker keeps free: it takes in and rebuilds no shards. Free some space on this disk"
        )
    }
}

/// Money that the operator's account lacks for a transaction of this worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The cost of the transaction, in planck.
    pub needed: Balance,
    /// The account and the amount, in words.
    pub reason: String,
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reason = &self.reason;
        write!(
            f,
            "this worker cannot pay for its transactions, and a worker that does not prove loses its bond: {reason}"
        )
    }
}

/// The trouble of a worker that the registry has lost.
const UNREGISTERED: &str = "this worker is no longer registered on the chain: it was expelled, most often because it missed too many proofs (the worker or its node was off, its disk was too slow, or its operator's account could not pay the fee of a proof), or it has left. It serves what it holds, but is not paid. Look for the cause in the log and in `jobs`, remove it, and restart the worker: it then registers again, with a new bond";

/// Time for which a failure of the disk is reported.
const FRESH: Duration = Duration::from_secs(600);
/// How long the same failure of the disk is not logged again.
const LOG_AGAIN: Duration = Duration::from_secs(60);

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
    /// Whether the worker had joined and is not in the registry any more.
    unregistered: AtomicBool,
    shortage: Mutex<Option<Shortage>>,
    trouble: Mutex<Option<String>>,
    space: Mutex<Option<Space>>,
    disk_failure: Mutex<Option<(String, Instant)>>,
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
            unregistered: AtomicBool::new(false),
            shortage: Mutex::default(),
            trouble: Mutex::default(),
            space: Mutex::default(),
            disk_failure: Mutex::default(),
        }
    }

    /// Seconds since the start.
    pub fn uptime(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// This worker's registration; `None` until it is registered, and once it is no longer.
    pub fn worker(&self) -> Option<WorkerInfo> {
        self.worker.lock().clone()
    }

    /// Sets the registration.
    pub fn set_worker(&self, worker: WorkerInfo) {
        *self.worker.lock() = Some(worker);
        self.unregistered.store(false, Ordering::Release);
    }

    /// Returns true if the worker had joined and is not in the registry any more.
    pub fn is_unregistered(&self) -> bool {
        self.unregistered.load(Ordering::Acquire)
    }

    /// Notes that the registry has lost this worker, which had joined. Logs it once.
    pub fn set_unregistered(&self) {
        *self.worker.lock() = None;
        if !self.unregistered.swap(true, Ordering::AcqRel) {
            tracing::error!("{UNREGISTERED}");
        }
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

    /// The money that was missing for the last transaction; `None` if there was enough.
    pub fn shortage(&self) -> Option<Shortage> {
        self.shortage.lock().clone()
    }

    /// Sets [`Self::shortage`].
    pub fn set_shortage(&self, shortage: Option<Shortage>) {
        *self.shortage.lock() = shortage;
    }

    /// The reasons, in words, why the worker cannot do its work; `None` if it can.
    pub fn trouble(&self) -> Option<String> {
        let of_disk = || self.space().filter(|space| space.room != Room::Ample).map(|space| space.to_string());
        let passing = self.trouble.lock().clone().or_else(of_disk).or_else(|| self.disk_failure());
        // What costs the bond is not hidden by a disk that is full.
        let unregistered = self.is_unregistered().then(|| UNREGISTERED.to_owned());
        let poor = self.shortage().map(|shortage| shortage.to_string());
        let reasons: Vec<String> = [unregistered, poor, passing].into_iter().flatten().collect();
        (!reasons.is_empty()).then(|| reasons.join(". Also: "))
    }

    /// The disk's free bytes; `None` until they are known.
    pub fn space(&self) -> Option<Space> {
        *self.space.lock()
    }

    /// Sets [`Self::space`].
    pub fn set_space(&self, space: Space) {
        *self.space.lock() = Some(space);
    }

    /// Bytes that shards may still take up on the disk; unbounded until they are known.
    pub fn room(&self) -> u64 {
        self.space().map_or(u64::MAX, |space| for_shards(space.free, space.reserve))
    }

    /// The last failure of the disk while it served others, if it is ten minutes old or less.
    fn disk_failure(&self) -> Option<String> {
        let failure = self.disk_failure.lock();
        failure.as_ref().filter(|(_, at)| at.elapsed() <= FRESH).map(|(reason, _)| reason.clone())
    }

    /// Notes a failure of the disk while it served others. Logs it, unless the last one was the same: anybody's requests can
    /// repeat it.
    pub fn set_disk_failure(&self, reason: String) {
        let mut failure = self.disk_failure.lock();
        if failure.as_ref().is_none_or(|(last, at)| *last != reason || at.elapsed() > LOG_AGAIN) {
            tracing::error!("the store failed: {reason}");
        }
        *failure = Some((reason, Instant::now()));
    }

    /// Sets [`Self::trouble`].
    pub fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock() = trouble;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lasting_trouble_is_shown_together_with_what_passes() {
        let status = Status::new(Duration::MAX);
        assert_eq!(status.trouble(), None);
        status.set_unregistered();
        status.set_shortage(Some(Shortage { needed: 1, reason: "account 5F needs more".to_owned() }));
        status.set_trouble(Some("the node is away".to_owned()));
        let trouble = status.trouble().unwrap_or_default();
        assert!(trouble.contains("no longer registered") && trouble.contains("account 5F needs more"), "{trouble}");
        assert!(trouble.ends_with("Also: the node is away"), "{trouble}");
    }
}
