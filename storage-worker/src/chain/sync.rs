//! Brings the store up to the chain: fetches the leaves of ranges that following did not bring, checked against the
//! chain's peaks, and the entries of batches that this worker did not sign, checked against their leaves.

use super::follow::FollowError;
use crate::{
    context::Context,
    service::{
        GroupView,
        ranges::{MAX_LEAVES, Standing, is_range, standing},
    },
    status::Known,
    store::keys::LeafKey,
};
use meganet_chain_client::At;
use meganet_net::RangeQuery;
use meganet_primitives::{
    chain::RangeInfo,
    range::RangeLeaf,
    receipt::PeerKey,
    sum_tree::{BatchEntry, summarize},
};
use std::{sync::Arc, time::Duration};

/// How often to look when nothing woke the job.
const EVERY: Duration = Duration::from_secs(60);
/// How soon to try again what did not work.
const AGAIN: Duration = Duration::from_secs(3);
/// Leaves that are applied between two looks at the clock.
const AT_ONCE: usize = 64;

/// Keeps the store in step until the worker is stopped.
pub async fn run(context: Arc<Context>) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = keep_in_step(&context) => {}
    }
}

async fn keep_in_step(context: &Arc<Context>) {
    loop {
        let wait = match sync(context).await {
            Ok(true) => EVERY,
            Ok(false) => AGAIN,
            Err(error) => {
                tracing::warn!(%error, "cannot compare with the chain at the moment");
                AGAIN
            }
        };
        // A wake-up that came meanwhile is kept.
        let _ = tokio::time::timeout(wait, context.sync_due.notified()).await;
    }
}

/// One round over all groups. Says whether everything is known now.
async fn sync(context: &Arc<Context>) -> Result<bool, FollowError> {
    if context.status.worker().is_none() {
        return Ok(false);
    }
    let mark = context.status.ranges_mark();
    let head = context.chain.finalized().await?;
    let at = At::Block(head.hash);
    let best = context.chain.pin(At::Best).await?;
    let mut whole = true;
    let views: Vec<GroupView> = context.membership(|membership| membership.groups().cloned().collect());
    for view in &views {
        let epoch = context.membership(|membership| membership.epoch());
        for range in context.chain.ranges(view.id, at).await? {
            if range.expiry > epoch {
                whole &= sync_range(context, view, range).await?;
            }
        }
        whole &= !more_to_come(context, view, context.chain.ranges(view.id, best).await?).await?;
    }
    whole &= resolve_all(context).await?;
    context.status.ranges_settled(mark, whole);
    if whole {
        context.status.set_known(Known { block: head.number, groups: views.iter().map(|view| view.id).collect() });
    }
    Ok(whole)
}

/// Whether blocks that are not finalized yet have registered what this worker does not know. It waits for them to be
/// final, but does not say that it knows everything.
async fn more_to_come(context: &Arc<Context>, view: &GroupView, ranges: Vec<RangeInfo>) -> Result<bool, FollowError> {
    let group = view.id;
    for RangeInfo { expiry, state } in ranges {
        let known = context.disk(move |store| store.leaf_count(expiry, group)).await?;
        if matches!(standing(known, &state), Standing::Behind { .. }) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings one range up to the chain; says whether it is.
async fn sync_range(context: &Arc<Context>, view: &GroupView, range: RangeInfo) -> Result<bool, FollowError> {
    let RangeInfo { expiry, state } = range;
    let group = view.id;
    let known = context.disk(move |store| store.leaf_count(expiry, group)).await?;
    let Standing::Behind { from } = standing(known, &state) else { return Ok(true) };
    if state.leaves > MAX_LEAVES {
        tracing::error!(group, expiry, leaves = state.leaves, "a range is too long to be fetched");
        return Ok(false);
    }
    let before = usize::try_from(from).unwrap_or(usize::MAX);
    let known = context.disk(move |store| store.leaves(expiry, group, 0, before)).await?;
    for peer in shuffled(context, view) {
        let client = context.net.lazy_get_client(peer);
        let fetched = match client.leaves(RangeQuery { group, expiry, from }, state.leaves).await {
            Ok(fetched) => fetched,
            Err(error) => {
                tracing::debug!(group, expiry, peer = %meganet_net::peer::show(&peer), %error, "a member did not tell its range");
                continue;
            }
        };
        if !is_range(&state, known.iter().chain(&fetched)) {
            tracing::debug!(group, expiry, peer = %meganet_net::peer::show(&peer), "a member's range is not that of the chain");
            continue;
        }
        tracing::info!(group, expiry, from, leaves = fetched.len(), "fetched what was registered meanwhile");
        for (index, leaf) in (from..).zip(fetched) {
            let key = LeafKey { expiry, group, index };
            context.disk(move |store| store.add_leaf(&key, &leaf)).await?;
        }
        return Ok(true);
    }
    tracing::info!(
        group,
        expiry,
        from,
        leaves = state.leaves,
        "no other member could tell yet what was registered meanwhile"
    );
    Ok(false)
}

/// Applies every leaf whose batch can be had; says whether all could.
async fn resolve_all(context: &Arc<Context>) -> Result<bool, FollowError> {
    let mut all = true;
    let mut after: Option<LeafKey> = None;
    loop {
        let page = context.disk(move |store| store.unresolved(after.as_ref(), AT_ONCE)).await?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = Some(*last);
        for (key, leaf) in page {
            let Some(view) = context.membership(|membership| membership.group(key.group).cloned()) else { continue };
            let Some(entries) = entries_of(context, &view, &leaf).await? else {
                tracing::info!(
                    group = key.group,
                    expiry = key.expiry,
                    index = key.index,
                    "no member could tell yet what a batch contains"
                );
                all = false;
                continue;
            };
            let (now, slot) = (context.clock.now(), view.slot);
            context.disk(move |store| store.resolve(&key, &leaf, slot, &entries, now)).await?;
            context.rebuild_due.notify_one();
        }
    }
}

async fn entries_of(
    context: &Arc<Context>,
    view: &GroupView,
    leaf: &RangeLeaf,
) -> Result<Option<Vec<BatchEntry>>, FollowError> {
    let root = leaf.batch.root;
    if let Some(entries) = context.disk(move |store| store.batch(&root)).await? {
        return Ok(Some(entries));
    }
    let mut members = shuffled(context, view);
    // Who signed has seen the entries; the others may have fetched them since.
    let signed = |peer: &PeerKey| {
        let slot = view.others().find(|(_, member)| member.peer == *peer).map(|(slot, _)| slot);
        slot.is_some_and(|slot| leaf.signed.checked_shr(slot.into()).is_some_and(|bits| bits & 1 == 1))
    };
    members.sort_by_key(|peer| !signed(peer));
    for peer in members {
        match context.net.lazy_get_client(peer).batch(root).await {
            Ok(entries) => {
                if summarize(&entries).is_ok_and(|summary| summary == leaf.batch) {
                    return Ok(Some(entries));
                }
                tracing::warn!(peer = %meganet_net::peer::show(&peer), "a member sent a batch that is not the one asked for");
            }
            Err(error) => {
                tracing::debug!(peer = %meganet_net::peer::show(&peer), %error, "a member did not tell a batch");
            }
        }
    }
    Ok(None)
}

/// The other members in an order of their own each time, so that not all ask the same one.
fn shuffled(context: &Context, view: &GroupView) -> Vec<PeerKey> {
    let mut members: Vec<(u64, PeerKey)> =
        view.others().map(|(_, member)| (context.clock.chance(), member.peer)).collect();
    members.sort_unstable_by_key(|(chance, _)| *chance);
    members.into_iter().map(|(_, peer)| peer).collect()
}
