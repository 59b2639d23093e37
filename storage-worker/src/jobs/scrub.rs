//! Reads every shard again, at a bounded rate, and checks it against its root.

use crate::{
    context::Context,
    service::scrub::{Pace, until_next},
    store::{ReadError, StoreError, keys::ShardKey, records::ShardRecord},
};
use meganet_primitives::merkle::FrameTree;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Frames that are read in one go.
const FRAMES: u64 = 16;
/// Shards that are listed in one go.
const AT_ONCE: usize = 64;
/// Wait between attempts when the disk fails, and when there is nothing to read.
const AGAIN: Duration = Duration::from_secs(30);

/// Scrubs until the worker is stopped.
pub async fn run(context: Arc<Context>) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = scrub(&context) => {}
    }
}

async fn scrub(context: &Arc<Context>) {
    loop {
        let begun = Instant::now();
        let wait = match pass(context).await {
            Ok(shards) => {
                context.metrics.scrub_passes.inc();
                tracing::info!(shards, seconds = begun.elapsed().as_secs(), "read everything again");
                until_next(context.settings.scrub_interval, begun.elapsed())
            }
            Err(error) => {
                tracing::error!(%error, "the scrub cannot go on at the moment");
                AGAIN
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Goes on from where the last run was cut short, to the end. Gives how many shards it read.
async fn pass(context: &Arc<Context>) -> Result<u64, StoreError> {
    let pace = Pace::new(context.settings.scrub_rate);
    let mut after = context.disk(|store| store.scrub_cursor()).await?;
    let mut read = 0;
    loop {
        let from = after;
        let shards = context.disk(move |store| store.shards_after(from.as_ref(), AT_ONCE)).await?;
        let Some((last, _)) = shards.last() else { break };
        let last = *last;
        for (key, record) in shards.into_iter().filter(|(_, record)| !record.damaged) {
            read_again(context, pace, key, record).await?;
            read += 1;
        }
        after = Some(last);
        context.disk(move |store| store.set_scrub_cursor(Some(&last))).await?;
    }
    context.disk(|store| store.set_scrub_cursor(None)).await?;
    Ok(read)
}

async fn read_again(context: &Arc<Context>, pace: Pace, key: ShardKey, record: ShardRecord) -> Result<(), StoreError> {
    let record = Arc::new(record);
    let of = record.clone();
    // Not from the cache: the tree on disk is to be checked as well.
    let tree = match context.disk(move |store| store.tree(&key, &of)).await {
        Ok(tree) => Arc::new(tree),
        Err(error) => return found(context, key, error).await,
    };
    let mut first = 0;
    while first < tree.frames() {
        let count = FRAMES.min(tree.frames() - first);
        let begun = Instant::now();
        match check(context, key, &record, &tree, first, count).await {
            Ok(bytes) => {
                context.metrics.scrubbed_bytes.inc_by(bytes);
                tokio::time::sleep(pace.rest(bytes, begun.elapsed())).await;
            }
            Err(error) => return found(context, key, error).await,
        }
        first += count;
    }
    Ok(())
}

async fn check(
    context: &Arc<Context>,
    key: ShardKey,
    record: &Arc<ShardRecord>,
    tree: &Arc<FrameTree>,
    first: u64,
    count: u64,
) -> Result<u64, ReadError> {
    let (record, tree) = (record.clone(), tree.clone());
    let read = context.disk(move |store| store.frames_by(&key, &record, &tree, first, count)).await?;
    Ok(u64::try_from(read.bytes.len()).unwrap_or(u64::MAX))
}

async fn found(context: &Arc<Context>, key: ShardKey, error: ReadError) -> Result<(), StoreError> {
    match error {
        ReadError::Damaged { frame } => {
            // It may have been released, or replaced by a good one, while it was read: look once more.
            let still = context.disk(move |store| store.frames(&key, frame, 1)).await;
            if matches!(still, Err(ReadError::Damaged { .. })) {
                context.damaged(key, frame).await;
            }
            Ok(())
        }
        ReadError::Store(error) => Err(error),
        // Released while it was read.
        ReadError::NotHere | ReadError::OutOfRange { .. } => Ok(()),
    }
}
