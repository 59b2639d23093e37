//! Notes what has expired, was deleted or was not registered in time, and removes what this worker does not have to keep any
//! longer.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    clock::Clock,
    disk::Disk,
    groups::Groups,
    metrics::Metrics,
    model::{keys::LeafKey, records::LapseRecord},
    reclaim::Reclaimer,
    status::{Known, Status},
    store::StoreError,
};
use async_trait::async_trait;
use meganet_chain_client::{At, ChainClient};
use meganet_primitives::chain::{MAX_PAGE, Tombstone};
use std::{sync::Arc, time::Duration};

/// Staged shards that are removed in one go.
const STALE: usize = 1 << 16;
/// Rounds after which the chain is asked again for deleted objects.
const ASK_EVERY: u32 = 10;
/// Seconds after a start for which the ages of staged shards are not relied on.
const UNSURE: u64 = 3600;

/// How often to collect, and how long shards are kept that were never registered.
#[derive(Clone, Copy, Debug)]
pub struct CollectSettings {
    /// Time between rounds.
    pub interval: Duration,
    /// Time for which a shard without a receipt is kept.
    pub staged_for: Duration,
    /// Time for which a receipt counts as valid at least.
    pub receipts_for: Duration,
}

/// The dependencies of [`Collect`].
#[derive(Clone)]
pub struct CollectHandles {
    /// Answers which objects were deleted.
    pub chain: Arc<dyn ChainClient>,
    /// Holds the shards.
    pub disk: Disk,
    /// The storage epoch, and this worker's groups.
    pub groups: Arc<Groups>,
    /// The state up to which all registrations are known.
    pub status: Arc<Status>,
    /// Counts what is removed.
    pub metrics: Arc<Metrics>,
    /// The age of shards and reports.
    pub clock: Arc<dyn Clock>,
    /// Releases what has lapsed.
    pub reclaimer: Arc<Reclaimer>,
}

/// The job that collects garbage.
pub struct Collect {
    handles: CollectHandles,
    settings: CollectSettings,
    /// Rounds until the chain is asked again for deleted objects.
    ask_in: u32,
}

impl Collect {
    /// Removes what the handles do not require to be kept.
    pub fn new(handles: CollectHandles, settings: CollectSettings) -> Self {
        Self { handles, settings, ask_in: 0 }
    }

    /// Notes what has expired or was not registered in time, as soon as a block is known: without one, a lapse would have no
    /// age by the chain.
    async fn note_ended(&self) -> Result<(), StoreError> {
        let CollectHandles { disk, groups, status, clock, .. } = &self.handles;
        let Some(block) = status.head() else { return Ok(()) };
        let now = clock.now();
        let claim = LapseRecord { since: now, block };
        if disk.usage().lapsed > 0 {
            disk.run(move |store| store.date_lapses(claim)).await?;
        }
        // Epoch 0 is also the value before the chain has answered; nothing expires then.
        let epoch = groups.membership(|membership| membership.epoch());
        disk.run(move |store| store.lapse_expired(epoch, claim)).await?;
        if let Some(Known { block, groups }) = status.known() {
            let signed = now.saturating_sub(self.settings.receipts_for.as_secs());
            let lapsed = disk.run(move |store| store.lapse_receipts(block, signed, &groups, claim)).await?;
            if lapsed > 0 {
                tracing::info!(receipts = lapsed, "receipts were not registered in time");
            }
        }
        Ok(())
    }

    /// Removes what was never promised.
    async fn remove_stale(&self) -> Result<(), StoreError> {
        let CollectHandles { disk, status, metrics, clock, .. } = &self.handles;
        let now = clock.now();
        let before = disk.usage().shards;
        // After a start with a wrong clock everything looks old: it gets as long again, or an hour.
        let staged_for = self.settings.staged_for.as_secs();
        if status.uptime() >= staged_for.min(UNSURE) {
            let stale = now.saturating_sub(staged_for);
            while disk.run(move |store| store.drop_stale(stale, STALE)).await? == STALE {}
        }
        let shards = before.saturating_sub(disk.usage().shards);
        if shards > 0 {
            metrics.released.inc_by(shards);
            tracing::info!(shards, "removed shards that were never promised");
        }
        Ok(())
    }

    /// Asks the chain which objects were deleted early, and notes them.
    async fn note_deleted(&self) -> Result<(), StepError> {
        let CollectHandles { chain, disk, groups, clock, .. } = &self.handles;
        let head = chain.finalized().await?;
        let (at, claim) = (At::Block(head.hash), LapseRecord { since: clock.now(), block: head.number });
        for group in groups.all().into_iter().map(|view| view.id) {
            for range in chain.ranges(group, at).await? {
                let mut after = None;
                loop {
                    let page = chain.tombstones(group, range.expiry, after, MAX_PAGE, at).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(*last);
                    let of_leaf = |tombstone: &Tombstone| {
                        let leaf = LeafKey { expiry: tombstone.expiry, group, index: tombstone.leaf };
                        (leaf, tombstone.object)
                    };
                    let deleted: Vec<_> = page.iter().map(of_leaf).collect();
                    let news = disk.run(move |store| store.tombstone(&deleted, claim)).await?;
                    if news > 0 {
                        tracing::info!(group, expiry = range.expiry, objects = news, "owners have deleted objects");
                    }
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Job for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn status(&self) -> JobStatus {
        let (removed, lapsed) = (self.handles.metrics.released.get(), self.handles.disk.usage().lapsed);
        JobStatus::text(format!("removed {removed} shards, {lapsed} lapses"))
    }

    fn throttle(&self) -> Throttle {
        Throttle { poll: Some(self.settings.interval), retry: self.settings.interval }
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        self.note_ended().await?;
        self.remove_stale().await?;
        if self.ask_in == 0 {
            self.note_deleted().await?;
            self.ask_in = ASK_EVERY;
        }
        self.ask_in -= 1;
        self.handles.reclaimer.release_old().await?;
        Ok(Turn::Idle(None))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        clock::testing::SetClock,
        reclaim::ReclaimHandles,
        store::{
            Adoption, Store,
            memory::MemoryEngine,
            no_hook,
            testing::{FakeObject, in_memory},
        },
    };
    use meganet_chain_fake::FakeChain;
    use meganet_net::{NetLimits, memory::Hub};
    use meganet_primitives::{BlockNumber, receipt::PeerKey, units::BLOCK_SECONDS};

    const DAY: u64 = 24 * 3600;
    const BLOCKS: BlockNumber = 20;
    /// The seconds that these take.
    const KEEP: u64 = 20 * BLOCK_SECONDS;

    /// A job whose node the operator answers for.
    fn job(chain: &FakeChain, disk: &Disk, clock: Arc<SetClock>) -> Collect {
        let (status, metrics) = (Arc::new(Status::new(Duration::MAX)), Arc::new(Metrics::default()));
        let reclaimer = Arc::new(Reclaimer::new(ReclaimHandles {
            chain: chain.client(),
            disk: disk.clone(),
            status: status.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            keep: Duration::from_secs(KEEP),
            trust_node: true,
        }));
        let net = Hub::new().reader(PeerKey([1; 32]), NetLimits::default());
        let groups = Arc::new(Groups::new(chain.client(), clock.clone(), net));
        let day = Duration::from_secs(DAY);
        let settings = CollectSettings { interval: day, staged_for: day, receipts_for: day };
        let handles =
            CollectHandles { chain: chain.client(), disk: disk.clone(), groups, status, metrics, clock, reclaimer };
        Collect::new(handles, settings)
    }

    #[tokio::test]
    async fn a_file_that_was_adopted_with_a_wrong_clock_stays_until_it_is_old_by_the_chain_too() {
        let base = tempfile::tempdir().unwrap();
        let object = FakeObject::new(1, 1 << 18);
        object.store(&in_memory(base.path()), 0, 1);
        // The index is lost, and the machine was off without keeping the time.
        let store = Store::with(base.path(), Box::new(MemoryEngine::default()), no_hook()).unwrap();
        assert_eq!(store.adopt(&object.key(0), 1_000).unwrap(), Adoption::Adopted);
        let (chain, disk, clock) = (FakeChain::default(), Disk::new(Arc::new(store)), Arc::new(SetClock::default()));
        let mut job = job(&chain, &disk, clock.clone());
        // Set right before the next start.
        clock.set(1_000 + 4 * DAY);
        // The chain may be known a moment before its head is.
        chain.ticks(BLOCKS);
        job.step().await.unwrap();
        let steps = [(0, 1, 1), (KEEP, 1, 1), (KEEP, BLOCKS, 0)];
        for (seconds, blocks, shards) in steps {
            clock.set(1_000 + 4 * DAY + seconds);
            chain.ticks(blocks);
            let (status, head) = (job.handles.status.clone(), chain.finalized().await.unwrap().number);
            status.set_head(head);
            status.set_followed(head);
            status.ranges_settled(status.ranges_mark(), true);
            assert!(status.synced());
            job.step().await.unwrap();
            assert_eq!(disk.usage().shards, shards, "after {seconds} s and {blocks} blocks");
        }
    }
}
