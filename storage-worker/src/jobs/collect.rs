//! Removes what this worker does not have to keep any more.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    clock::Clock,
    disk::Disk,
    groups::Groups,
    metrics::Metrics,
    model::keys::LeafKey,
    status::{Known, Status},
    store::StoreError,
};
use async_trait::async_trait;
use meganet_chain_client::{At, ChainClient};
use meganet_primitives::{
    GroupId,
    chain::{MAX_PAGE, Tombstone},
    convert::to_u64,
};
use std::{sync::Arc, time::Duration};

/// Leaves, receipts or shards that are removed in one go.
const PAGE: usize = 64;
/// Rounds after which the chain is asked again for deleted objects.
const ASK_EVERY: u32 = 10;

/// How often to collect, and how long staged shards are kept.
#[derive(Clone, Copy, Debug)]
pub struct CollectSettings {
    /// Time between rounds.
    pub interval: Duration,
    /// Time for which a shard without a receipt is kept.
    pub staged_for: Duration,
}

/// The job that collects garbage.
pub struct Collect {
    chain: Arc<dyn ChainClient>,
    disk: Disk,
    groups: Arc<Groups>,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    settings: CollectSettings,
    /// Rounds until the chain is asked again for deleted objects.
    ask_in: u32,
    removed: u64,
}

impl Collect {
    /// Removes what `groups` and `status` do not require to be kept.
    pub fn new(
        chain: Arc<dyn ChainClient>,
        disk: Disk,
        groups: Arc<Groups>,
        status: Arc<Status>,
        metrics: Arc<Metrics>,
        clock: Arc<dyn Clock>,
        settings: CollectSettings,
    ) -> Self {
        Self { chain, disk, groups, status, metrics, clock, settings, ask_in: 0, removed: 0 }
    }

    /// Removes what expired, and what was never registered.
    async fn remove_unneeded(&mut self) -> Result<(), StoreError> {
        let before = self.disk.usage().shards;
        // Epoch 0 is also the value before the chain has answered; nothing expires then.
        let epoch = self.groups.membership(|membership| membership.epoch());
        while self.disk.run(move |store| store.expire(epoch, PAGE)).await? == PAGE {}
        if let Some(Known { block, groups }) = self.status.known() {
            let groups: Arc<[GroupId]> = groups.into();
            loop {
                let groups = groups.clone();
                if self.disk.run(move |store| store.drop_unregistered(block, &groups, PAGE)).await? < PAGE {
                    break;
                }
            }
        }
        let stale = self.clock.now().saturating_sub(self.settings.staged_for.as_secs());
        while self.disk.run(move |store| store.drop_stale(stale, PAGE)).await? == PAGE {}
        let shards = before.saturating_sub(self.disk.usage().shards);
        if shards > 0 {
            self.count(shards);
            tracing::info!(shards, "removed shards that expired or were never registered");
        }
        Ok(())
    }

    /// Asks the chain which objects were deleted early, and releases them.
    async fn release_deleted(&mut self) -> Result<(), StepError> {
        let at = self.chain.pin(At::Finalized).await?;
        for group in self.groups.all().into_iter().map(|view| view.id) {
            for range in self.chain.ranges(group, at).await? {
                let mut after = None;
                loop {
                    let page = self.chain.tombstones(group, range.expiry, after, MAX_PAGE, at).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(*last);
                    let of_leaf = |tombstone: &Tombstone| {
                        let leaf = LeafKey { expiry: tombstone.expiry, group, index: tombstone.leaf };
                        (leaf, tombstone.object)
                    };
                    let deleted: Vec<_> = page.iter().map(of_leaf).collect();
                    let news = self.disk.run(move |store| store.tombstone(&deleted)).await?;
                    if news > 0 {
                        tracing::info!(group, expiry = range.expiry, objects = news, "released deleted objects");
                        self.count(to_u64(news));
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, released: u64) {
        self.metrics.released.inc_by(released);
        self.removed = self.removed.saturating_add(released);
    }
}

#[async_trait]
impl Job for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn status(&self) -> JobStatus {
        JobStatus::text(format!("removed {}", self.removed))
    }

    fn throttle(&self) -> Throttle {
        Throttle { poll: Some(self.settings.interval), retry: self.settings.interval }
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        self.remove_unneeded().await?;
        if self.ask_in == 0 {
            self.release_deleted().await?;
            self.ask_in = ASK_EVERY;
        }
        self.ask_in -= 1;
        Ok(Turn::Idle(None))
    }
}
