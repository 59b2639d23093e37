//! Follows finalized blocks: new batches of this worker's groups, new slots, new epochs.

use crate::{
    context::Context,
    service::GroupView,
    store::{AddLeaf, StoreError, keys::LeafKey},
};
use futures::StreamExt;
use meganet_chain_client::{At, BlockRef, ChainError};
use meganet_primitives::{BlockNumber, GroupId, SlotIndex};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Blocks that are read one by one to catch up; nodes keep the state of about so many. Beyond that, and where the
/// state is gone, other members are asked.
const CATCH_UP: BlockNumber = 200;
/// Blocks after which groups are read again even if nothing seems to have changed.
const REFRESH: BlockNumber = 20;
/// Wait between attempts when disk or node fail.
const AGAIN: Duration = Duration::from_secs(3);

/// Why a block could not be followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the node has finalized block {head} only and this worker has followed the chain to {followed} already: waiting for the node to catch up"
    )]
    NodeBehind { head: BlockNumber, followed: BlockNumber },
}

/// Follows until the worker is stopped.
pub async fn run(context: Arc<Context>) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow(&context) => {}
    }
}

async fn follow(context: &Arc<Context>) {
    let first = loop {
        match begin(context).await {
            Ok(first) => break first,
            Err(error) => {
                tracing::warn!(%error, "cannot begin to follow the chain yet");
                context.status.set_trouble(Some(error.to_string()));
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    context.status.set_trouble(None);
    let mut blocks = context.chain.blocks(first);
    while let Some(block) = blocks.next().await {
        context.status.set_head(block.number);
        while let Err(error) = block_came(context, block).await {
            tracing::warn!(block = block.number, %error, "cannot follow the chain at the moment");
            context.status.set_trouble(Some(error.to_string()));
            tokio::time::sleep(AGAIN).await;
        }
        context.status.set_trouble(None);
    }
    tracing::error!("the chain's blocks have ended: restart the worker");
}

/// Reads the groups, and chooses the first block to follow.
async fn begin(context: &Arc<Context>) -> Result<Option<BlockNumber>, FollowError> {
    let head = context.chain.finalized().await?;
    let followed = context.disk(|store| store.followed()).await?;
    refresh(context).await?;
    context.status.set_head(head.number);
    let next = followed.map(|followed| followed.saturating_add(1));
    Ok(next.filter(|next| next.saturating_add(CATCH_UP) >= head.number && *next <= head.number))
}

async fn block_came(context: &Arc<Context>, block: BlockRef) -> Result<(), FollowError> {
    let leaves = match context.chain.stored_leaves(&block.hash).await {
        Ok(leaves) => leaves,
        Err(ChainError::StatePruned { .. } | ChainError::UnknownBlock { .. }) => {
            tracing::info!(
                block = block.number,
                "the node has forgotten a block: asking other members what it registered"
            );
            context.status.ranges_changed();
            context.sync_due.notify_one();
            Vec::new()
        }
        Err(error) => return Err(error.into()),
    };
    let mut ours = false;
    let known: BTreeMap<GroupId, SlotIndex> =
        context.membership(|membership| membership.groups().map(|view| (view.id, view.slot)).collect());
    for stored in leaves.into_iter().filter(|stored| known.contains_key(&stored.group)) {
        ours = true;
        // Until the sync job has applied it, something may be missing that is not on the list yet.
        context.status.ranges_changed();
        let key = LeafKey { expiry: stored.expiry, group: stored.group, index: stored.index };
        match context.disk(move |store| store.add_leaf(&key, &stored.leaf)).await? {
            AddLeaf::Added | AddLeaf::Known => {}
            AddLeaf::Gap { known } => {
                tracing::debug!(group = key.group, expiry = key.expiry, known, index = key.index, "a range has a gap");
            }
        }
    }
    if ours {
        context.sync_due.notify_one();
    }
    if ours || block.number.is_multiple_of(REFRESH) || slots_changed(context).await? {
        refresh(context).await?;
    }
    let number = block.number;
    context.disk(move |store| store.set_followed(number)).await?;
    context.status.set_followed(number);
    Ok(())
}

/// One question tells whether this worker has other slots than it knows of.
async fn slots_changed(context: &Arc<Context>) -> Result<bool, FollowError> {
    let Some(worker) = context.status.worker() else { return Ok(false) };
    let slots = context.chain.all_slots_of(worker.id, At::Finalized).await?;
    let slots: BTreeMap<GroupId, SlotIndex> = slots.into_iter().map(|held| (held.group, held.slot)).collect();
    let known = context.disk(|store| store.slots()).await?;
    Ok(slots != known.into_iter().collect())
}

/// Reads parameters, slots and groups at the finalized head; begins with groups that are new and forgets those that
/// are not this worker's any more.
async fn refresh(context: &Arc<Context>) -> Result<(), FollowError> {
    let head = context.chain.finalized().await?;
    // A node that is still synchronising tells of a time when this worker had no slots: that is no reason to remove
    // what it holds.
    if let Some(followed) = context.disk(|store| store.followed()).await?.filter(|followed| *followed > head.number) {
        return Err(FollowError::NodeBehind { head: head.number, followed });
    }
    let at = At::Block(head.hash);
    let params = context.chain.params(at).await?;
    context.membership(|membership| membership.set_params(&params));
    let peer = context.peer();
    let mut leaving = false;
    // Without a worker there are no slots: it was expelled, or its registration is not finalized yet.
    let slots = match context.chain.worker_by_peer(&peer, at).await? {
        Some(worker) => {
            let slots = context.chain.all_slots_of(worker.id, at).await?;
            leaving = context.chain.worker_audit(worker.id, at).await?.is_some_and(|audit| audit.leaving);
            context.status.set_worker(worker);
            slots
        }
        None => Vec::new(),
    };
    let mut views = Vec::new();
    for held in slots {
        let info = context.chain.group(held.group, at).await?;
        views.extend(info.and_then(|info| GroupView::of(&info, &peer)));
    }
    let known: BTreeMap<GroupId, SlotIndex> = context.disk(|store| store.slots()).await?.into_iter().collect();
    for (group, slot) in &known {
        // What a leaving worker has handed over stays until it is off the registry: successors copy from it.
        let kept = leaving && !views.iter().any(|view| view.id == *group);
        if !kept && !views.iter().any(|view| (view.id, view.slot) == (*group, *slot)) {
            tracing::warn!(group, slot, "this worker's slot was given to another: removing what it held for it");
            let group = *group;
            context.disk(move |store| store.leave_group(group)).await?;
        }
    }
    let mut fresh = false;
    for view in &views {
        let (group, slot) = (view.id, view.slot);
        if known.get(&group) != Some(&slot) {
            tracing::info!(group, slot, profile = %view.profile, "this worker has a slot in a group");
            context.disk(move |store| store.set_slot(group, slot)).await?;
            fresh = true;
        }
    }
    let before = context.membership(|membership| {
        let before: BTreeMap<GroupId, SlotIndex> = membership.groups().map(|view| (view.id, view.slot)).collect();
        membership.set_groups(views.clone());
        before
    });
    // After a start every group is new here, and its ranges are to be compared with the chain.
    if fresh || views.iter().any(|view| before.get(&view.id) != Some(&view.slot)) {
        context.status.ranges_changed();
        context.sync_due.notify_one();
    }
    Ok(())
}
