//! Follows finalized blocks: new batches of this worker's groups, new slots, new epochs.

use super::StreamEnded;
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    clock::Clock,
    disk::Disk,
    groups::Groups,
    model::{keys::LeafKey, records::LapseRecord},
    service::GroupView,
    status::Status,
    store::AddLeaf,
    throttle,
};
use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use meganet_chain_client::{At, BlockRef, ChainClient, ChainError};
use meganet_primitives::{BlockNumber, GroupId, SlotIndex};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// Blocks that are read one by one to catch up. Nodes keep the state of about this many; beyond that, and where the
/// state is gone, other members are asked.
const CATCH_UP: BlockNumber = 200;
/// Blocks after which groups are read again even if nothing seems to have changed.
const REFRESH: BlockNumber = 20;

/// The node is behind this worker.
#[derive(Debug, thiserror::Error)]
#[error(
    "the node has finalized block {head} only, but this worker has already followed the chain to {followed}: waiting for the node to catch up"
)]
struct NodeBehind {
    head: BlockNumber,
    followed: BlockNumber,
}

/// No block becomes final: the node has lost its peers or the chain stands still.
#[derive(Debug, thiserror::Error)]
#[error(
    "the node has finalized no block for {seconds} s, since block {head}: check that the node has peers and follows the chain. Until it does, what this worker knows may be out of date"
)]
struct NodeSilent {
    head: BlockNumber,
    seconds: u64,
}

/// The dependencies of [`Follow`].
#[derive(Clone)]
pub struct FollowHandles {
    /// The chain.
    pub chain: Arc<dyn ChainClient>,
    /// Records leaves, slots, and the last followed block.
    pub disk: Disk,
    /// Kept up to date with the chain.
    pub groups: Arc<Groups>,
    /// Told the head, the worker's registration, and what keeps the job waiting.
    pub status: Arc<Status>,
    /// The time at which a slot was lost.
    pub clock: Arc<dyn Clock>,
    /// Wakes the sync job.
    pub sync_due: Arc<Notify>,
}

/// The job that follows.
pub struct Follow {
    handles: FollowHandles,
    /// `None` until the first block to follow is known.
    blocks: Option<BoxStream<'static, BlockRef>>,
    /// The block that is being read.
    next: Option<BlockRef>,
    ended: bool,
}

impl Follow {
    /// Follows from the last followed block on.
    pub fn new(handles: FollowHandles) -> Self {
        Self { handles, blocks: None, next: None, ended: false }
    }

    async fn advance(&mut self) -> Result<(), StepError> {
        if self.ended {
            return Err(StepError::failed(StreamEnded("finalized blocks")));
        }
        if self.blocks.is_none() {
            let first = self.handles.begin().await?;
            self.blocks = Some(self.handles.chain.blocks(first));
        }
        match self.next {
            Some(block) => {
                self.handles.status.set_head(block.number);
                self.handles.read_block(block).await?;
                self.next = None;
                Ok(())
            }
            // The stream of blocks outlives lost connections, and cannot tell that nothing comes.
            None => self.handles.check_silence().await,
        }
    }
}

#[async_trait]
impl Job for Follow {
    fn name(&self) -> &'static str {
        "follow"
    }

    fn status(&self) -> JobStatus {
        self.handles.status.followed().map(|block| JobStatus::text(format!("block {block}"))).unwrap_or_default()
    }

    fn throttle(&self) -> Throttle {
        throttle::FOLLOW
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let result = self.advance().await;
        self.handles.status.set_trouble(result.as_ref().err().map(ToString::to_string));
        result.map(|()| Turn::Idle(None))
    }

    async fn wake(&mut self) {
        match (&mut self.blocks, self.next) {
            (Some(blocks), None) => match blocks.next().await {
                Some(block) => self.next = Some(block),
                None => self.ended = true,
            },
            // The block that could not be read is tried again first.
            _ => std::future::pending().await,
        }
    }
}

impl FollowHandles {
    /// Asks the node for its head where no block has become final for too long; fails if there is no newer one.
    async fn check_silence(&self) -> Result<(), StepError> {
        if !self.status.is_silent() {
            return Ok(());
        }
        let head = self.chain.finalized().await?.number;
        self.status.set_head(head);
        match self.status.head_age() {
            Some(age) if self.status.is_silent() => {
                Err(StepError::waiting(NodeSilent { head, seconds: age.as_secs() }))
            }
            _ => Ok(()),
        }
    }

    /// Reads the groups, and chooses the first block to follow.
    async fn begin(&self) -> Result<Option<BlockNumber>, StepError> {
        let head = self.chain.finalized().await?;
        let followed = self.disk.run(|store| store.followed()).await?;
        self.refresh().await?;
        self.status.set_head(head.number);
        let next = followed.map(|followed| followed.saturating_add(1));
        Ok(next.filter(|next| next.saturating_add(CATCH_UP) >= head.number && *next <= head.number))
    }

    async fn read_block(&self, block: BlockRef) -> Result<(), StepError> {
        let leaves = match self.chain.stored_leaves(&block.hash).await {
            Ok(leaves) => leaves,
            Err(ChainError::StatePruned { .. } | ChainError::UnknownBlock { .. }) => {
                tracing::info!(
                    block = block.number,
                    "the node has dropped a block's state: asking other members what the block registered"
                );
                self.status.ranges_changed();
                self.sync_due.notify_one();
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let mut ours = false;
        let known: BTreeMap<GroupId, SlotIndex> =
            self.groups.membership(|membership| membership.groups().map(|view| (view.id, view.slot)).collect());
        for stored in leaves.into_iter().filter(|stored| known.contains_key(&stored.group)) {
            ours = true;
            // Until the sync job has applied it, something may be missing that is not on the list yet.
            self.status.ranges_changed();
            let key = LeafKey { expiry: stored.expiry, group: stored.group, index: stored.index };
            match self.disk.run(move |store| store.add_leaf(&key, &stored.leaf)).await? {
                AddLeaf::Added | AddLeaf::Known => {}
                AddLeaf::Gap { known } => {
                    tracing::debug!(
                        group = key.group,
                        expiry = key.expiry,
                        known,
                        index = key.index,
                        "a range has a gap"
                    );
                }
            }
        }
        if ours {
            self.sync_due.notify_one();
        }
        if ours || block.number.is_multiple_of(REFRESH) || self.slots_changed().await? {
            self.refresh().await?;
        }
        let number = block.number;
        self.disk.run(move |store| store.set_followed(number)).await?;
        self.status.set_followed(number);
        Ok(())
    }

    /// Returns true if this worker's slots differ from the known ones; a single request to the node.
    async fn slots_changed(&self) -> Result<bool, StepError> {
        let Some(worker) = self.status.worker() else { return Ok(false) };
        let slots = self.chain.all_slots_of(worker.id, At::Finalized).await?;
        let slots: BTreeMap<GroupId, SlotIndex> = slots.into_iter().map(|held| (held.group, held.slot)).collect();
        let known = self.disk.run(|store| store.slots()).await?;
        Ok(slots != known.into_iter().collect())
    }

    /// Reads parameters, slots and groups at the finalized head; begins with groups that are new, and notes in which
    /// this worker has lost its slot.
    async fn refresh(&self) -> Result<(), StepError> {
        let head = self.chain.finalized().await?;
        // A node that is still synchronising reports a time when this worker had no slots: that is no reason to remove
        // what it holds.
        let followed = self.disk.run(|store| store.followed()).await?;
        if let Some(followed) = followed.filter(|followed| *followed > head.number) {
            return Err(StepError::waiting(NodeBehind { head: head.number, followed }));
        }
        let at = At::Block(head.hash);
        let params = self.chain.params(at).await?;
        self.groups.membership(|membership| membership.set_params(&params));
        let peer = self.groups.peer();
        // This job begins once the registration is final: if it is missing, the worker was expelled or has left. The job
        // that leaves ends a worker that leaves in order.
        let slots = match self.chain.worker_by_peer(&peer, at).await? {
            Some(worker) => {
                let slots = self.chain.all_slots_of(worker.id, at).await?;
                self.status.set_worker(worker);
                slots
            }
            None => {
                if self.status.audit().is_none_or(|audit| !audit.leaving) {
                    self.status.set_unregistered();
                }
                Vec::new()
            }
        };
        let mut views = Vec::new();
        for held in slots {
            let info = self.chain.group(held.group, at).await?;
            views.extend(info.and_then(|info| GroupView::of(&info, &peer)));
        }
        let known: BTreeMap<GroupId, SlotIndex> = self.disk.run(|store| store.slots()).await?.into_iter().collect();
        self.note_lost(&known, &views, head.number).await?;
        self.take_over(&known, views).await
    }

    /// Notes which slots this worker has lost. It keeps and serves what it held for them: its successors copy that, and the
    /// node may be wrong.
    async fn note_lost(
        &self,
        known: &BTreeMap<GroupId, SlotIndex>,
        views: &[GroupView],
        block: BlockNumber,
    ) -> Result<(), StepError> {
        let claim = LapseRecord { since: self.clock.now(), block };
        for (&group, &slot) in known {
            if !views.iter().any(|view| (view.id, view.slot) == (group, slot)) {
                tracing::warn!(group, slot, "this worker's slot was given to another: keeping its shards for a while");
                self.disk.run(move |store| store.lose_slot(group, slot, claim)).await?;
            }
        }
        Ok(())
    }

    /// Records new slots and makes the views the membership.
    async fn take_over(&self, known: &BTreeMap<GroupId, SlotIndex>, views: Vec<GroupView>) -> Result<(), StepError> {
        let mut fresh = false;
        for view in &views {
            let (group, slot) = (view.id, view.slot);
            if known.get(&group) != Some(&slot) {
                tracing::info!(group, slot, profile = %view.profile, "this worker has a slot in a group");
                self.disk.run(move |store| store.set_slot(group, slot)).await?;
                fresh = true;
            }
        }
        let slots: Vec<_> = views.iter().map(|view| (view.id, view.slot)).collect();
        let before: BTreeMap<GroupId, SlotIndex> =
            self.groups.replace(views).into_iter().map(|view| (view.id, view.slot)).collect();
        // After a start every group is new here, and its ranges are to be compared with the chain.
        if fresh || slots.iter().any(|(group, slot)| before.get(group) != Some(slot)) {
            self.status.ranges_changed();
            self.sync_due.notify_one();
        }
        Ok(())
    }
}
