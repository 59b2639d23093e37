//! Removes what nobody is promised any more.

use crate::{
    context::Context,
    status::Known,
    store::{StoreError, keys::LeafKey},
};
use meganet_chain_client::{At, ChainError};
use meganet_primitives::{
    GroupId,
    chain::{MAX_PAGE, Tombstone},
};
use std::sync::Arc;

/// Leaves, receipts or shards that are removed in one go.
const AT_ONCE: usize = 64;
/// Rounds after which the chain is asked again what was deleted.
const ASK_EVERY: u32 = 10;

#[derive(Debug, thiserror::Error)]
enum CollectError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Collects until the worker is stopped.
pub async fn run(context: Arc<Context>) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = collect(&context) => {}
    }
}

async fn collect(context: &Arc<Context>) {
    let mut rounds = 0u32;
    loop {
        if let Err(error) = round(context).await {
            tracing::error!(%error, "cannot remove what has expired");
        }
        if rounds.is_multiple_of(ASK_EVERY) {
            if let Err(error) = deleted(context).await {
                tracing::debug!(%error, "cannot ask the chain what was deleted");
            }
        }
        rounds = rounds.wrapping_add(1);
        tokio::time::sleep(context.settings.collect_interval).await;
    }
}

async fn round(context: &Arc<Context>) -> Result<(), StoreError> {
    let before = context.store.usage().shards;
    // Epoch 0 is also what is known before the chain has answered; nothing expires then.
    let epoch = context.membership(|membership| membership.epoch());
    while context.disk(move |store| store.expire(epoch, AT_ONCE)).await? == AT_ONCE {}
    if let Some(Known { block, groups }) = context.status.known() {
        let of: Arc<[GroupId]> = groups.into();
        loop {
            let of = of.clone();
            if context.disk(move |store| store.drop_unregistered(block, &of, AT_ONCE)).await? < AT_ONCE {
                break;
            }
        }
    }
    let stale = context.clock.now().saturating_sub(context.settings.staged_for.as_secs());
    while context.disk(move |store| store.drop_stale(stale, AT_ONCE)).await? == AT_ONCE {}
    let released = before.saturating_sub(context.store.usage().shards);
    if released > 0 {
        context.metrics.released.inc_by(released);
        tracing::info!(shards = released, "removed what has expired or was never registered");
    }
    Ok(())
}

/// Asks the chain what owners deleted early, and releases it.
async fn deleted(context: &Arc<Context>) -> Result<(), CollectError> {
    let at = context.chain.pin(At::Finalized).await?;
    let groups: Vec<GroupId> = context.membership(|membership| membership.groups().map(|view| view.id).collect());
    for group in groups {
        for range in context.chain.ranges(group, at).await? {
            let mut after = None;
            loop {
                let page = context.chain.tombstones(group, range.expiry, after, MAX_PAGE, at).await?;
                let Some(last) = page.last() else { break };
                after = Some(*last);
                let of_leaf = |tombstone: &Tombstone| {
                    let leaf = LeafKey { expiry: tombstone.expiry, group, index: tombstone.leaf };
                    (leaf, tombstone.object)
                };
                let gone: Vec<_> = page.iter().map(of_leaf).collect();
                let news = context.disk(move |store| store.tombstone(&gone)).await?;
                if news > 0 {
                    tracing::info!(group, expiry = range.expiry, objects = news, "released what its owner deleted");
                    context.metrics.released.inc_by(u64::try_from(news).unwrap_or(0));
                }
            }
        }
    }
    Ok(())
}
