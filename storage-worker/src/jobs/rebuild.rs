//! Rebuilds missing and damaged shards from k other members' shards. The list is in the store, so a crash loses only
//! the shard that was being written.

mod receive;

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    clock::Clock,
    disk::Disk,
    groups::Groups,
    metrics::Metrics,
    model::{
        keys::ShardKey,
        records::{LapseRecord, MissingShard, ObjectRecord, Reason},
    },
    reclaim::{Need, Reclaimer},
    service::{
        rebuild::{sources, wait},
        scrub::Pace,
    },
    status::Status,
    store::{Adoption, Store, StoreError, WriteError},
    throttle,
};
use async_trait::async_trait;
use futures::FutureExt;
use meganet_chain_client::{At, ChainClient, ChainError};
use meganet_primitives::{GroupId, chain::Tombstone, convert::to_u64};
use meganet_transfer::{FetchError, Network, Object};
use std::{collections::VecDeque, panic::AssertUnwindSafe, sync::Arc};
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinError, JoinSet},
};

/// Missing shards that are listed at once.
const PAGE: usize = 64;
/// Seconds before another attempt at a shard that no worker can have, because its owner encoded the object wrongly.
const HOPELESS: u64 = 24 * 3600;

/// Why a shard could not be rebuilt.
#[derive(Debug, thiserror::Error)]
enum RebuildError {
    #[error("this worker has no slot in the group any more")]
    NotMember,
    #[error("the disk is too full: it has room for {room} bytes of shards, and {len} are needed")]
    NoRoom { len: u64, room: u64 },
    #[error("its owner has deleted the object, as far as the node reports")]
    Deleted,
    #[error("the attempt panicked")]
    Panicked,
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many shards are rebuilt, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct RebuildSettings {
    /// Shards that are rebuilt at once; at least 1.
    pub at_once: usize,
    /// Bytes per second of all rebuilt shards together.
    pub rate: u64,
}

impl RebuildSettings {
    /// One attempt's share of the rate.
    fn pace(self) -> Pace {
        Pace::new(self.rate / to_u64(self.at_once.max(1)))
    }
}

/// The dependencies of [`Rebuild`].
#[derive(Clone)]
pub struct RebuildHandles {
    /// Answers which objects were deleted.
    pub chain: Arc<dyn ChainClient>,
    /// Reads the other members.
    pub network: Network,
    /// Keeps the list, and takes the shards.
    pub disk: Disk,
    /// This worker's slots.
    pub groups: Arc<Groups>,
    /// Counts running attempts.
    pub status: Arc<Status>,
    /// Shard bytes that the worker lends.
    pub capacity: u64,
    /// Counts rebuilt shards.
    pub metrics: Arc<Metrics>,
    /// Time and randomness of the next attempts.
    pub clock: Arc<dyn Clock>,
    /// Makes room for shards that are rebuilt.
    pub reclaimer: Arc<Reclaimer>,
    /// Wakes the job.
    pub due: Arc<Notify>,
}

/// The job that rebuilds.
pub struct Rebuild {
    handles: RebuildHandles,
    settings: RebuildSettings,
    /// Whether the last round has ended and the next one has not begun.
    rests: bool,
    /// Listed shards whose attempt has not begun.
    listed: VecDeque<MissingShard>,
    /// The last shard that was listed in this round.
    last: Option<ShardKey>,
    running: JoinSet<Result<(), StoreError>>,
    /// The shards of the running attempts, and of some that have ended.
    begun: Vec<(AbortHandle, ShardKey)>,
    /// A failure of the store in one of the attempts that have ended.
    failure: Option<StoreError>,
}

impl Rebuild {
    /// Rebuilds the shards on the store's list.
    pub fn new(handles: RebuildHandles, settings: RebuildSettings) -> Self {
        let (listed, begun, running) = (VecDeque::new(), Vec::new(), JoinSet::new());
        Self { handles, settings, rests: false, listed, last: None, running, begun, failure: None }
    }

    /// Notes the end of an attempt.
    fn ended(&mut self, attempt: Result<Result<(), StoreError>, JoinError>) {
        match attempt {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.failure = Some(error),
            Err(error) => tracing::error!(%error, "an attempt to rebuild a shard ended early"),
        }
    }

    /// Lists the next shards of this round, which tries every missing shard whose time has come, once; returns false at its end.
    /// A shard stays on the store's list until its attempt has ended, which may take hours, so those that run are passed over.
    async fn list(&mut self) -> Result<bool, StoreError> {
        // Before the store is read: one that ends meanwhile may be read as it was.
        self.begun.retain(|(attempt, _)| !attempt.is_finished());
        let (now, after) = (self.handles.clock.now(), self.last);
        let page = self.handles.disk.run(move |store| store.missing(now, after.as_ref(), PAGE)).await?;
        self.last = page.last().map(key_of);
        let runs = |missing: &MissingShard| self.begun.iter().any(|(_, key)| *key == key_of(missing));
        self.listed = page.into_iter().filter(|missing| !runs(missing)).collect();
        Ok(self.last.is_some())
    }

    fn begin(&mut self, missing: MissingShard) {
        let (handles, settings, key) = (self.handles.clone(), self.settings, key_of(&missing));
        let attempt = self.running.spawn(async move { handles.attempt(missing, settings).await });
        self.begun.push((attempt, key));
    }
}

#[async_trait]
impl Job for Rebuild {
    fn name(&self) -> &'static str {
        "rebuild"
    }

    fn status(&self) -> JobStatus {
        let running = self.running.len();
        JobStatus {
            progress: Some(format!("{running} running, {} rebuilt", self.handles.metrics.rebuilt.get())),
            queue: Some(self.handles.disk.usage().missing),
        }
    }

    fn throttle(&self) -> Throttle {
        throttle::REBUILD
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        while let Some(attempt) = self.running.try_join_next() {
            self.ended(attempt);
        }
        // A disk that fails is the operator's to see. It may be full for a while only, so the attempts go on.
        if let Some(error) = self.failure.take() {
            return Err(StepError::waiting(error));
        }
        let places = self.settings.at_once.max(1);
        self.rests = self.running.len() < places && self.listed.is_empty() && !self.list().await?;
        while self.running.len() < places {
            let Some(missing) = self.listed.pop_front() else { break };
            self.begin(missing);
        }
        let more = !self.rests && self.running.len() < places;
        Ok(if more { Turn::Busy } else { Turn::Idle(None) })
    }

    async fn wake(&mut self) {
        loop {
            tokio::select! {
                () = self.handles.due.notified() => return,
                Some(attempt) = self.running.join_next() => self.ended(attempt),
            }
            // Between two rounds there is nothing to put into its place: the next one begins when the rest is over.
            if !self.rests || self.failure.is_some() {
                return;
            }
        }
    }
}

/// An attempt that counts as running until it is dropped.
struct Running<'a>(&'a Status);

impl<'a> Running<'a> {
    fn begin(status: &'a Status) -> Self {
        status.rebuild_begins();
        Self(status)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.rebuild_ends();
    }
}

impl RebuildHandles {
    /// Tries to rebuild a shard, and sets the time of the next attempt if that fails. A panic counts as a failed
    /// attempt, so that one shard does not keep the others from being rebuilt.
    ///
    /// # Errors
    /// If the store fails.
    async fn attempt(&self, missing: MissingShard, settings: RebuildSettings) -> Result<(), StoreError> {
        let key = key_of(&missing);
        let running = Running::begin(&self.status);
        let result = AssertUnwindSafe(self.rebuild(&missing, key, settings)).catch_unwind().await;
        drop(running);
        let Err(error) = result.unwrap_or(Err(RebuildError::Panicked)) else { return Ok(()) };
        self.metrics.rebuild_failures.inc();
        let attempts = missing.record.attempts.saturating_add(1);
        let seconds = match &error {
            RebuildError::Fetch(FetchError::BadObject { .. }) => HOPELESS,
            _ => wait(attempts, self.clock.chance()),
        };
        tracing::info!(shard = %key, attempts, again_in_s = seconds, "cannot rebuild a shard yet: {error}");
        let now = self.clock.now();
        self.disk.run(move |store| store.postpone(&key, now, seconds)).await?;
        match error {
            RebuildError::Store(error) | RebuildError::Write(WriteError::Store(error)) => Err(error),
            _ => Ok(()),
        }
    }

    async fn rebuild(
        &self,
        missing: &MissingShard,
        key: ShardKey,
        settings: RebuildSettings,
    ) -> Result<(), RebuildError> {
        let now = self.clock.now();
        // Its file may be here after all, if the index was lost.
        if self.disk.run(move |store| store.adopt(&key, now)).await? == Adoption::Adopted {
            self.metrics.adopted.inc();
            return Ok(());
        }
        let known = move |store: &Store| Ok::<_, StoreError>((store.groups_of(&key)?, store.slots()?));
        let (kept, slots) = self.disk.run(known).await?;
        let groups = sources(missing.record.group, &kept, |group| slots.contains(&(group, key.shard)));
        if groups.is_empty() {
            // A slot that was lost: if it comes back, the shard is listed again.
            self.disk.run(move |store| store.give_up(&key)).await?;
            return Ok(());
        }
        let mut failed = RebuildError::NotMember;
        for group in groups {
            match self.rebuild_in(group, missing, key, settings).await {
                // The members of another group may have it.
                Err(
                    error @ (RebuildError::NotMember
                    | RebuildError::Deleted
                    | RebuildError::Fetch(_)
                    | RebuildError::Chain(_)),
                ) => failed = error,
                result => return result,
            }
        }
        Err(failed)
    }

    /// Rebuilds a shard from the other members of one group.
    async fn rebuild_in(
        &self,
        group: GroupId,
        missing: &MissingShard,
        key: ShardKey,
        settings: RebuildSettings,
    ) -> Result<(), RebuildError> {
        let view = self.groups.get(group).await.ok_or(RebuildError::NotMember)?;
        if view.slot != key.shard {
            return Err(RebuildError::NotMember);
        }
        if self.deleted(group, key).await? {
            // It stays on the list: the report may be taken back.
            return Err(RebuildError::Deleted);
        }
        let object = self.network.object(group, key.object).await?;
        let record = record_of(&object);
        let len = object.layout().shard_len();
        let promised = self.status.worker().map_or(0, |worker| worker.committed);
        let lacking = self.disk.usage().bytes.saturating_add(len).saturating_sub(self.capacity.max(promised));
        if lacking > 0
            && let Err(error) = self.reclaimer.make_room(Need::Room(lacking)).await
        {
            tracing::warn!(%error, "cannot make room for a rebuilt shard");
        }
        let room = self.status.room();
        if len > room {
            return Err(RebuildError::NoRoom { len, room });
        }
        let shard = self.receive(&object, key, settings.pace()).await?;
        let now = self.clock.now();
        let commit = move |store: &Store| {
            // It may have been released meanwhile, or uploaded after all.
            let wanted = store.is_missing(&key)?;
            if wanted {
                store.commit(shard, &key, &record, group, now)?;
            }
            Ok::<_, WriteError>(wanted)
        };
        if !self.disk.run(commit).await? {
            return Ok(());
        }
        self.metrics.rebuilt.inc();
        self.metrics.rebuilt_bytes.inc_by(len);
        if missing.record.reason == Reason::Damaged {
            self.metrics.healed.inc();
            tracing::info!(shard = %key, "a damaged shard is whole again");
        } else {
            tracing::debug!(shard = %key, "a missing shard is rebuilt");
        }
        Ok(())
    }

    /// Asks the chain whether the object was deleted from every batch that it is kept for, and notes those.
    async fn deleted(&self, group: GroupId, key: ShardKey) -> Result<bool, RebuildError> {
        let leaves = self.disk.run(move |store| store.leaves_of(&key)).await?;
        let leaves: Vec<_> = leaves.into_iter().filter(|leaf| leaf.group == group).collect();
        if leaves.is_empty() {
            // Kept for a receipt that is not registered yet.
            return Ok(false);
        }
        let object = key.object;
        let asked: Vec<_> =
            leaves.iter().map(|leaf| Tombstone { expiry: leaf.expiry, leaf: leaf.index, object }).collect();
        let head = self.chain.finalized().await?;
        let answers = self.chain.tombstoned(group, &asked, At::Block(head.hash)).await?;
        let gone: Vec<_> =
            leaves.iter().zip(answers).filter(|(_, deleted)| *deleted).map(|(leaf, _)| (*leaf, object)).collect();
        let all = gone.len() == leaves.len();
        if !gone.is_empty() {
            let claim = LapseRecord { since: self.clock.now(), block: head.number };
            self.disk.run(move |store| store.tombstone(&gone, claim)).await?;
        }
        Ok(all)
    }
}

fn key_of(missing: &MissingShard) -> ShardKey {
    ShardKey { object: missing.object, shard: missing.shard }
}

fn record_of(object: &Object) -> ObjectRecord {
    let commitment = object.commitment();
    ObjectRecord { header: *commitment.header(), roots: commitment.shard_roots().to_vec() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        clock::SystemClock,
        model::keys::LeafKey,
        reclaim::ReclaimHandles,
        store::testing::{CLAIM, FakeObject, in_memory},
    };
    use meganet_chain_fake::FakeChain;
    use meganet_net::{NetLimits, memory::Hub};
    use meganet_primitives::{range::RangeLeaf, receipt::PeerKey, sum_tree::summarize};
    use std::{path::Path, time::Duration};

    /// A job of two attempts at once.
    fn job(base: &Path) -> Rebuild {
        let (chain, clock) = (FakeChain::default().client(), Arc::new(SystemClock));
        let disk = Disk::new(Arc::new(in_memory(base)));
        let (status, metrics) = (Arc::new(Status::new(Duration::MAX)), Arc::new(Metrics::default()));
        let net = Hub::new().reader(PeerKey([1; 32]), NetLimits::default());
        let reclaimer = Arc::new(Reclaimer::new(ReclaimHandles {
            chain: chain.clone(),
            disk: disk.clone(),
            status: status.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            keep: Duration::ZERO,
            trust_node: false,
        }));
        let handles = RebuildHandles {
            network: Network::new(chain.clone(), net.clone()),
            groups: Arc::new(Groups::new(chain.clone(), clock.clone(), net)),
            chain,
            disk,
            status,
            capacity: u64::MAX,
            metrics,
            clock,
            reclaimer,
            due: Arc::default(),
        };
        Rebuild::new(handles, RebuildSettings { at_once: 2, rate: u64::MAX })
    }

    /// Lists a shard as missing whose slot is lost, so that the first attempt takes it off the list.
    fn lack(store: &Store, group: GroupId) -> ShardKey {
        let object = FakeObject::new(group.into(), 1000);
        let (key, entries) = (LeafKey { expiry: 10, group, index: 0 }, [object.entry()]);
        let leaf = RangeLeaf { batch: summarize(&entries).unwrap(), owner: [1; 32], signed: 1, registered: 1 };
        store.set_slot(group, 0).unwrap();
        store.add_leaf(&key, &leaf).unwrap();
        store.resolve(&key, &leaf, 0, &entries, 0).unwrap();
        store.lose_slot(group, 0, CLAIM).unwrap();
        object.key(0)
    }

    #[tokio::test]
    async fn shards_are_tried_while_another_attempt_takes_hours_and_that_shard_is_not_tried_twice() {
        let base = tempfile::tempdir().unwrap();
        let mut job = job(base.path());
        let store = job.handles.disk.store().clone();
        let endless = lack(&store, 1);
        let attempt = job.running.spawn(std::future::pending());
        job.begun.push((attempt, endless));
        while job.step().await.unwrap() == Turn::Busy {}
        assert_eq!((job.rests, job.running.len()), (true, 1));
        assert!(job.wake().now_or_never().is_none(), "there is nothing to do");

        lack(&store, 2);
        job.handles.due.notify_one();
        assert!(job.wake().now_or_never().is_some(), "there is something to do");
        while job.step().await.unwrap() == Turn::Busy {}
        while job.running.len() > 1 {
            let ended = job.running.join_next().await.unwrap();
            job.ended(ended);
        }
        assert!(job.failure.is_none());
        let missing: Vec<ShardKey> = store.missing(0, None, 9).unwrap().iter().map(key_of).collect();
        assert_eq!(missing, [endless]);
    }

    #[tokio::test]
    async fn between_two_rounds_only_an_attempt_in_which_the_store_failed_wakes_the_job() {
        let base = tempfile::tempdir().unwrap();
        let cases = [(false, Ok(()), true), (true, Ok(()), false), (true, Err(StoreError::Interrupted), true)];
        let mut job = job(base.path());
        for (rests, result, wakes) in cases {
            job.rests = rests;
            let attempt = job.running.spawn(async move { result });
            while !attempt.is_finished() {
                tokio::task::yield_now().await;
            }
            assert_eq!(job.wake().now_or_never().is_some(), wakes, "{rests}");
            assert!(job.running.is_empty());
        }
        assert!(job.failure.is_some());
    }
}
