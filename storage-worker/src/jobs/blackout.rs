//! Keeps what must not be served at the moment: the rows that co-members have to prove.

use super::heads;
use crate::{
    context::Context,
    service::Blackout,
    store::{Row, StoreError},
};
use meganet_chain_client::{At, BlockRef, ChainError};
use meganet_primitives::{Epoch, GroupId, WorkerId, audit::Sample};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Without a new head for so long, everything is served: readers are not to suffer from a node or chain that stands still.
const STALE: Duration = Duration::from_secs(300);
/// Wait before the same head is asked about again.
const AGAIN: Duration = Duration::from_secs(1);

/// A byte of a range.
type Place = (Epoch, GroupId, u64);

#[derive(Debug, thiserror::Error)]
enum BlackoutError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps it until the worker is stopped.
pub async fn run(context: Arc<Context>, worker: WorkerId) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = keep(&context, worker) => {}
    }
}

async fn keep(context: &Arc<Context>, worker: WorkerId) {
    let mut news = heads::subscribe(context);
    // Where each byte is that is asked for at the moment, so that ranges are walked once for each.
    let mut known: BTreeMap<Place, Row> = BTreeMap::new();
    let mut retry = None;
    loop {
        let Ok(head) = tokio::time::timeout(STALE, heads::next(&mut news, retry)).await else {
            if !context.blackout(std::mem::take).is_empty() {
                tracing::warn!("no new block for minutes: serving what others had to prove when the last one came");
            }
            continue;
        };
        retry = match look(context, worker, head, &mut known).await {
            Ok(blackout) => {
                context.blackout(|now| *now = blackout);
                None
            }
            Err(error) => {
                tracing::debug!(%error, "cannot tell at the moment what is not to be served");
                Some(AGAIN)
            }
        };
    }
}

async fn look(
    context: &Arc<Context>,
    worker: WorkerId,
    head: BlockRef,
    known: &mut BTreeMap<Place, Row>,
) -> Result<Blackout, BlackoutError> {
    let at = At::Block(head.hash);
    let rows = context.chain.challenged_rows(worker, at).await?;
    if rows.is_empty() {
        known.clear();
        return Ok(Blackout::new([], head.number));
    }
    let wanted: BTreeSet<Place> = rows.iter().map(|row| place(&row.sample)).collect();
    known.retain(|place, _| wanted.contains(place));
    let mut ranges: BTreeMap<(Epoch, GroupId), Vec<u64>> = BTreeMap::new();
    for (expiry, group, offset) in wanted.iter().copied().filter(|place| !known.contains_key(place)) {
        ranges.entry((expiry, group)).or_default().push(offset);
    }
    for ((expiry, group), offsets) in ranges {
        let asked = offsets.clone();
        let found = context.disk(move |store| store.rows(expiry, group, &asked)).await?;
        // What is not known here cannot be served either.
        let found = offsets.into_iter().zip(found).filter_map(|(offset, row)| Some(((expiry, group, offset), row?)));
        known.extend(found);
    }
    Ok(Blackout::new(known.values().copied(), head.number))
}

fn place(sample: &Sample) -> Place {
    (sample.expiry, sample.group, sample.offset)
}
