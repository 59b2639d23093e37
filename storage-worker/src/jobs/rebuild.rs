//! Makes missing and damaged shards anew from k other members' shards. The list is in the store, so a crash loses
//! nothing but the shard that was being written.

use crate::{
    context::Context,
    service::{rebuild::wait, scrub::Pace},
    store::{
        ShardWriter, Store, StoreError, WriteError,
        keys::ShardKey,
        records::{MissingShard, ObjectRecord, Reason},
    },
};
use futures::StreamExt;
use meganet_chain_client::{At, ChainError};
use meganet_primitives::{GroupId, chain::Tombstone};
use meganet_transfer::{FetchError, Object};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Missing shards that are listed in one go.
const AT_ONCE: usize = 64;
/// How often to look for shards whose time has come, when nothing woke the job.
const EVERY: Duration = Duration::from_secs(2);
/// Seconds before a shard is tried again that no worker can have: its owner encoded the object wrongly.
const HOPELESS: u64 = 24 * 3600;

/// Why a shard could not be rebuilt.
#[derive(Debug, thiserror::Error)]
enum RebuildError {
    #[error("this worker has no slot in the group any more")]
    NotMember,
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rebuilds until the worker is stopped.
pub async fn run(context: Arc<Context>) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = rebuild_all(&context) => {}
    }
}

async fn rebuild_all(context: &Arc<Context>) {
    loop {
        if let Err(error) = round(context).await {
            tracing::error!(%error, "cannot read what is missing");
        }
        let _ = tokio::time::timeout(EVERY, context.rebuild_due.notified()).await;
    }
}

/// Tries every missing shard whose time has come, once.
async fn round(context: &Arc<Context>) -> Result<(), StoreError> {
    let mut after: Option<ShardKey> = None;
    let mut running = JoinSet::new();
    let (now, most) = (context.clock.now(), context.settings.rebuilds.max(1));
    loop {
        let page = context.disk(move |store| store.missing(now, after.as_ref(), AT_ONCE)).await?;
        let Some(last) = page.last() else { break };
        after = Some(ShardKey { object: last.object, shard: last.shard });
        for missing in page {
            while running.len() >= most {
                let _ = running.join_next().await;
            }
            let context = context.clone();
            running.spawn(async move { attempt(&context, missing).await });
        }
    }
    while running.join_next().await.is_some() {}
    Ok(())
}

async fn attempt(context: &Arc<Context>, missing: MissingShard) {
    let key = ShardKey { object: missing.object, shard: missing.shard };
    context.status.rebuild_begins();
    let result = rebuild(context, &missing, key).await;
    context.status.rebuild_ends();
    let Err(error) = result else { return };
    context.metrics.rebuild_failures.inc();
    let attempts = missing.record.attempts.saturating_add(1);
    let seconds = match &error {
        RebuildError::Fetch(FetchError::BadObject { .. }) => HOPELESS,
        _ => wait(attempts, context.clock.chance()),
    };
    tracing::info!(shard = %key, attempts, again_in_s = seconds, "cannot rebuild a shard yet: {error}");
    let due = context.clock.now().saturating_add(seconds);
    if let Err(error) = context.disk(move |store| store.postpone(&key, attempts, due)).await {
        tracing::error!(%error, "cannot note when to rebuild a shard");
    }
}

async fn rebuild(context: &Arc<Context>, missing: &MissingShard, key: ShardKey) -> Result<(), RebuildError> {
    let group = missing.record.group;
    let view = context.group(group).await.ok_or(RebuildError::NotMember)?;
    if view.slot != key.shard {
        return Err(RebuildError::NotMember);
    }
    if deleted(context, group, key).await? {
        return Ok(());
    }
    let object = context.network.object(group, key.object).await?;
    let record = record_of(&object);
    let len = object.layout().shard_len();
    let writer = context.disk(move |store| store.begin(len)).await?;
    let writer = receive(context, object, key, writer).await?;
    let now = context.clock.now();
    let commit = move |store: &Store| {
        // It may have been released meanwhile, or uploaded after all.
        let wanted = store.is_missing(&key)?;
        if wanted {
            store.commit(writer.finish()?, &key, &record, group, now)?;
        }
        Ok::<_, WriteError>(wanted)
    };
    if !context.disk(commit).await? {
        return Ok(());
    }
    context.metrics.rebuilt.inc();
    context.metrics.rebuilt_bytes.inc_by(len);
    if missing.record.reason == Reason::Damaged {
        context.metrics.healed.inc();
        tracing::info!(shard = %key, "a damaged shard is whole again");
    } else {
        tracing::debug!(shard = %key, "a missing shard is here now");
    }
    Ok(())
}

/// Asks the chain whether the object was deleted from every batch that it is kept for, and releases it from those.
async fn deleted(context: &Arc<Context>, group: GroupId, key: ShardKey) -> Result<bool, RebuildError> {
    let leaves = context.disk(move |store| store.leaves_of(&key)).await?;
    let leaves: Vec<_> = leaves.into_iter().filter(|leaf| leaf.group == group).collect();
    if leaves.is_empty() {
        // A receipt that was not brought to the chain yet.
        return Ok(false);
    }
    let object = key.object;
    let asked: Vec<_> = leaves.iter().map(|leaf| Tombstone { expiry: leaf.expiry, leaf: leaf.index, object }).collect();
    let answers = context.chain.tombstoned(group, &asked, At::Finalized).await?;
    let gone: Vec<_> =
        leaves.iter().zip(answers).filter(|(_, deleted)| *deleted).map(|(leaf, _)| (*leaf, object)).collect();
    let all = gone.len() == leaves.len();
    if !gone.is_empty() {
        context.disk(move |store| store.tombstone(&gone)).await?;
    }
    Ok(all)
}

/// Streams the shard into the store, not faster than this rebuild's share of the rate.
async fn receive(
    context: &Arc<Context>,
    object: Arc<Object>,
    key: ShardKey,
    mut writer: ShardWriter,
) -> Result<ShardWriter, RebuildError> {
    let shares = u64::try_from(context.settings.rebuilds.max(1)).unwrap_or(u64::MAX);
    let pace = Pace::new(context.settings.rebuild_rate / shares);
    let mut chunks = context.network.rebuild_shard(object, key.shard);
    loop {
        let begun = Instant::now();
        let Some(chunk) = chunks.next().await else { return Ok(writer) };
        let chunk = chunk?;
        let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        let written = context.disk(move |_| {
            writer.write(&chunk)?;
            Ok::<_, WriteError>(writer)
        });
        writer = written.await?;
        tokio::time::sleep(pace.rest(bytes, begun.elapsed())).await;
    }
}

fn record_of(object: &Object) -> ObjectRecord {
    let commitment = object.commitment();
    ObjectRecord { header: *commitment.header(), roots: commitment.shard_roots().to_vec() }
}
