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

    /// Notes what has expired or was not registered in time, and removes what was never promised.
    async fn remove_unneeded(&self) -> Result<(), StoreError> {
        let CollectHandles { disk, groups, status, metrics, clock, .. } = &self.handles;
        let now = clock.now();
        // Epoch 0 is also the value before the chain has answered; nothing expires then.
        let epoch = groups.membership(|membership| membership.epoch());
        let claim = LapseRecord { since: now, block: status.head().unwrap_or_default() };
        disk.run(move |store| store.lapse_expired(epoch, claim)).await?;
        if let Some(Known { block, groups }) = status.known() {
            let signed = now.saturating_sub(self.settings.receipts_for.as_secs());
            let lapsed = disk.run(move |store| store.lapse_receipts(block, signed, &groups, claim)).await?;
            if lapsed > 0 {
                tracing::info!(receipts = lapsed, "receipts were not registered in time");
            }
        }
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
        self.remove_unneeded().await?;
        if self.ask_in == 0 {
            self.note_deleted().await?;
            self.ask_in = ASK_EVERY;
        }
        self.ask_in -= 1;
        self.handles.reclaimer.release_old().await?;
        Ok(Turn::Idle(None))
    }
}
