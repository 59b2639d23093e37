//! Brings the store up to the chain: fetches leaves of ranges that following did not bring, checked against the chain's
//! peaks, and the entries of batches that this worker did not sign, checked against their leaves.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    clock::Clock,
    disk::Disk,
    groups::Groups,
    model::keys::LeafKey,
    service::{
        GroupView,
        ranges::{MAX_LEAVES, RangeComparison, compare, is_range},
    },
    status::{Known, Status},
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{At, ChainClient};
use meganet_net::{Net, RangeQuery};
use meganet_primitives::{
    chain::RangeInfo,
    convert::to_usize,
    range::RangeLeaf,
    receipt::PeerKey,
    sum_tree::{BatchEntry, summarize},
};
use std::sync::Arc;
use tokio::sync::Notify;

/// Unresolved leaves that are listed at once.
const PAGE: usize = 64;

/// The dependencies of [`SyncRanges`].
#[derive(Clone)]
pub struct SyncHandles {
    /// The ranges as they should be.
    pub chain: Arc<dyn ChainClient>,
    /// The ranges as they are known.
    pub disk: Disk,
    /// This worker's groups.
    pub groups: Arc<Groups>,
    /// Told whether everything is known.
    pub status: Arc<Status>,
    /// Asks other members.
    pub net: Net,
    /// Chooses whom to ask first.
    pub clock: Arc<dyn Clock>,
    /// Wakes the job.
    pub due: Arc<Notify>,
    /// Wakes the rebuild job.
    pub rebuild_due: Arc<Notify>,
}

/// The job that synchronizes.
pub struct SyncRanges {
    handles: SyncHandles,
    /// Whether the last round ended with everything known.
    whole: Option<bool>,
}

impl SyncRanges {
    /// Synchronizes the ranges of this worker's groups.
    pub fn new(handles: SyncHandles) -> Self {
        Self { handles, whole: None }
    }
}

#[async_trait]
impl Job for SyncRanges {
    fn name(&self) -> &'static str {
        "sync"
    }

    fn status(&self) -> JobStatus {
        let text = |whole| JobStatus::text(if whole { "everything is known" } else { "something is unknown" });
        self.whole.map(text).unwrap_or_default()
    }

    fn throttle(&self) -> Throttle {
        throttle::SYNC
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let whole = self.handles.sync().await?;
        self.whole = Some(whole);
        // Soon again also until the first sync is recorded, which waits for the first block that is followed.
        let soon = !whole || !self.handles.disk.store().was_synced();
        Ok(Turn::Idle(soon.then_some(throttle::SYNC.retry)))
    }

    async fn wake(&mut self) {
        self.handles.due.notified().await;
    }
}

impl SyncHandles {
    /// One round over all groups. Returns true if everything is known now.
    async fn sync(&self) -> Result<bool, StepError> {
        // A former holder still settles what it was promised.
        if self.status.worker().is_none() && !self.status.is_unregistered() {
            return Ok(false);
        }
        let mark = self.status.ranges_mark();
        let head = self.chain.finalized().await?;
        let at = At::Block(head.hash);
        let best = self.chain.pin(At::Best).await?;
        let mut whole = true;
        let views = self.groups.all();
        for view in &views {
            let epoch = self.groups.membership(|membership| membership.epoch());
            for range in self.chain.ranges(view.id, at).await? {
                if range.expiry > epoch {
                    whole &= self.sync_range(view, range).await?;
                }
            }
            whole &= !self.more_to_come(view, self.chain.ranges(view.id, best).await?).await?;
        }
        whole &= self.resolve_all().await?;
        self.status.ranges_settled(mark, whole);
        // `whole` alone is also true before this worker's groups have been read.
        if self.status.synced() {
            self.disk.run(|store| store.set_synced()).await?;
        }
        if whole {
            self.status.set_known(Known { block: head.number, groups: views.iter().map(|view| view.id).collect() });
        }
        Ok(whole)
    }

    /// Returns true if blocks that are not finalized yet have registered batches that this worker does not know. It
    /// waits for those to be final, but does not report that everything is known.
    async fn more_to_come(&self, view: &GroupView, ranges: Vec<RangeInfo>) -> Result<bool, StepError> {
        let group = view.id;
        for RangeInfo { expiry, state } in ranges {
            let known = self.disk.run(move |store| store.leaf_count(expiry, group)).await?;
            if matches!(compare(known, &state), RangeComparison::Behind { .. }) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Brings one range up to the chain; returns true if it is now.
    async fn sync_range(&self, view: &GroupView, range: RangeInfo) -> Result<bool, StepError> {
        let RangeInfo { expiry, state } = range;
        let group = view.id;
        let known = self.disk.run(move |store| store.leaf_count(expiry, group)).await?;
        let RangeComparison::Behind { from } = compare(known, &state) else { return Ok(true) };
        if state.leaves > MAX_LEAVES {
            tracing::error!(group, expiry, leaves = state.leaves, "a range is too long to be fetched");
            return Ok(false);
        }
        let before = to_usize(from);
        let known = self.disk.run(move |store| store.leaves(expiry, group, 0, before)).await?;
        for peer in self.shuffled(view) {
            let client = self.net.lazy_get_client(peer);
            let fetched = match client.leaves(RangeQuery { group, expiry, from }, state.leaves).await {
                Ok(fetched) => fetched,
                Err(error) => {
                    tracing::debug!(group, expiry, peer = %meganet_net::peer::show(&peer), %error, "a member did not send its range");
                    continue;
                }
            };
            if !is_range(&state, known.iter().chain(&fetched)) {
                tracing::debug!(group, expiry, peer = %meganet_net::peer::show(&peer), "a member's range differs from the chain's");
                continue;
            }
            tracing::info!(
                group,
                expiry,
                from,
                leaves = fetched.len(),
                "fetched leaves that were registered meanwhile"
            );
            for (index, leaf) in (from..).zip(fetched) {
                let key = LeafKey { expiry, group, index };
                self.disk.run(move |store| store.add_leaf(&key, &leaf)).await?;
            }
            return Ok(true);
        }
        tracing::info!(
            group,
            expiry,
            from,
            leaves = state.leaves,
            "no other member could send yet what was registered meanwhile"
        );
        Ok(false)
    }

    /// Applies every leaf whose batch can be fetched; returns true if all could.
    async fn resolve_all(&self) -> Result<bool, StepError> {
        let mut all = true;
        let mut after: Option<LeafKey> = None;
        loop {
            let page = self.disk.run(move |store| store.unresolved(after.as_ref(), PAGE)).await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            after = Some(*last);
            for (key, leaf) in page {
                let Some(view) = self.groups.membership(|membership| membership.group(key.group).cloned()) else {
                    continue;
                };
                let Some(entries) = self.entries_of(&view, &leaf).await? else {
                    tracing::info!(
                        group = key.group,
                        expiry = key.expiry,
                        index = key.index,
                        "no member could send the entries of a batch yet"
                    );
                    all = false;
                    continue;
                };
                let (now, slot) = (self.clock.now(), view.slot);
                self.disk.run(move |store| store.resolve(&key, &leaf, slot, &entries, now)).await?;
                self.rebuild_due.notify_one();
            }
        }
    }

    async fn entries_of(&self, view: &GroupView, leaf: &RangeLeaf) -> Result<Option<Vec<BatchEntry>>, StepError> {
        let root = leaf.batch.root;
        if let Some(entries) = self.disk.run(move |store| store.batch(&root)).await? {
            return Ok(Some(entries));
        }
        let mut members = self.shuffled(view);
        // Members that signed have seen the entries; the others may have fetched them since.
        let signed = |peer: &PeerKey| {
            let slot = view.others().find(|(_, member)| member.peer == *peer).map(|(slot, _)| slot);
            slot.is_some_and(|slot| leaf.signed.checked_shr(slot.into()).is_some_and(|bits| bits & 1 == 1))
        };
        members.sort_by_key(|peer| !signed(peer));
        for peer in members {
            match self.net.lazy_get_client(peer).batch(root).await {
                Ok(entries) => {
                    if summarize(&entries).is_ok_and(|summary| summary == leaf.batch) {
                        return Ok(Some(entries));
                    }
                    tracing::warn!(peer = %meganet_net::peer::show(&peer), "a member sent another batch than the requested one");
                }
                Err(error) => {
                    tracing::debug!(peer = %meganet_net::peer::show(&peer), %error, "a member did not send a batch");
                }
            }
        }
        Ok(None)
    }

    /// The other members in random order, so that not all workers ask the same one first.
    fn shuffled(&self, view: &GroupView) -> Vec<PeerKey> {
        let mut members: Vec<(u64, PeerKey)> =
            view.others().map(|(_, member)| (self.clock.chance(), member.peer)).collect();
        members.sort_unstable_by_key(|(chance, _)| *chance);
        members.into_iter().map(|(_, peer)| peer).collect()
    }
}
