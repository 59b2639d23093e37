//! Answers what others ask of the store.

use crate::{
    context::Context,
    metrics::{Outcome, Request},
    store::{ReadError, StoreError, keys::ShardKey},
};
use meganet_net::{
    Answer, FrameRange, Frames, GetCall, GetRefusal, GetServer, LeafPlace, NetError, ObjectInfo, RangePage, RangeQuery,
    wire::{MAX_CHUNK_LEN, get::MAX_RANGE_LEAVES},
};
use meganet_primitives::{GroupId, hash::Hash, object::ObjectId, sum_tree::BatchEntry};
use std::{sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// How long a question for frames waits until other answers have left memory.
const WAIT: Duration = Duration::from_secs(5);

/// Serves a get stream to its end.
pub(super) async fn serve(context: &Arc<Context>, mut stream: GetServer) -> Result<(), NetError> {
    while let Some(call) = stream.next().await? {
        match call {
            GetCall::Object { object, answer } => {
                let info = describe(context, object).await;
                count(context, Request::Object, &info);
                match info {
                    Ok(info) => answer.send(info).await?,
                    Err(refusal) => answer.refuse(refusal).await?,
                }
            }
            GetCall::Frames { range, answer } => frames(context, range, answer).await?,
            GetCall::Batch { root, answer } => {
                let entries = batch(context, root).await;
                count(context, Request::Batch, &entries);
                match entries {
                    Ok(entries) => answer.send(entries).await?,
                    Err(refusal) => answer.refuse(refusal).await?,
                }
            }
            GetCall::Range { query, answer } => {
                let page = range_page(context, query).await;
                count(context, Request::Range, &page);
                match page {
                    Ok(page) => answer.send(page).await?,
                    Err(refusal) => answer.refuse(refusal).await?,
                }
            }
            GetCall::Have { objects, answer } => {
                let have = have(context, objects).await;
                count(context, Request::Have, &have);
                match have {
                    Ok(have) => answer.send(&have).await?,
                    Err(refusal) => answer.refuse(refusal).await?,
                }
            }
            GetCall::Locate { group, objects, answer } => {
                let places = locate(context, group, objects).await;
                count(context, Request::Locate, &places);
                match places {
                    Ok(places) => answer.send(places).await?,
                    Err(refusal) => answer.refuse(refusal).await?,
                }
            }
        }
    }
    Ok(())
}

fn count<T>(context: &Context, request: Request, result: &Result<T, GetRefusal>) {
    context.metrics.count(request, if result.is_ok() { Outcome::Done } else { Outcome::Refused });
}

fn internal(error: &StoreError) -> GetRefusal {
    tracing::error!(%error, "the store failed");
    GetRefusal::Internal
}

async fn describe(context: &Context, object: ObjectId) -> Result<ObjectInfo, GetRefusal> {
    let found = context.disk(move |store| {
        let Some((key, _)) = store.first_shard(&object)? else { return Ok(None) };
        Ok::<_, StoreError>(store.object(&object)?.map(|record| (key.shard, record)))
    });
    let (slot, record) = found.await.map_err(|error| internal(&error))?.ok_or(GetRefusal::NotHere)?;
    Ok(ObjectInfo { header: record.header, shard_roots: record.roots, slot })
}

async fn batch(context: &Context, root: Hash) -> Result<Vec<BatchEntry>, GetRefusal> {
    let entries = context.disk(move |store| store.batch(&root)).await.map_err(|error| internal(&error))?;
    entries.ok_or(GetRefusal::NotHere)
}

async fn range_page(context: &Context, query: RangeQuery) -> Result<RangePage, GetRefusal> {
    let RangeQuery { group, expiry, from } = query;
    let most = usize::try_from(MAX_RANGE_LEAVES).unwrap_or(usize::MAX);
    let page = context.disk(move |store| {
        let total = store.leaf_count(expiry, group)?;
        Ok::<_, StoreError>(RangePage { total, leaves: store.leaves(expiry, group, from, most)? })
    });
    let page = page.await.map_err(|error| internal(&error))?;
    if page.total == 0 {
        return Err(GetRefusal::NotHere);
    }
    Ok(page)
}

async fn have(context: &Context, objects: Vec<ObjectId>) -> Result<Vec<bool>, GetRefusal> {
    if objects.is_empty() {
        return Err(GetRefusal::BadRequest);
    }
    let have = context.disk(move |store| {
        let held = |object| store.first_shard(object).map(|found| found.is_some_and(|(_, record)| !record.damaged));
        objects.iter().map(held).collect::<Result<Vec<bool>, StoreError>>()
    });
    have.await.map_err(|error| internal(&error))
}

async fn locate(
    context: &Context,
    group: GroupId,
    objects: Vec<ObjectId>,
) -> Result<Vec<Option<LeafPlace>>, GetRefusal> {
    if objects.is_empty() {
        return Err(GetRefusal::BadRequest);
    }
    let places = context.disk(move |store| {
        let Some((_, shard)) = store.slots()?.into_iter().find(|(of, _)| *of == group) else { return Ok(None) };
        let place = |object| {
            let leaves = store.leaves_of(&ShardKey { object, shard })?;
            let places = leaves.iter().filter(|leaf| leaf.group == group);
            Ok(places.map(|leaf| LeafPlace { expiry: leaf.expiry, index: leaf.index }).max())
        };
        objects.into_iter().map(place).collect::<Result<Vec<_>, StoreError>>().map(Some)
    });
    places.await.map_err(|error| internal(&error))?.ok_or(GetRefusal::NotHere)
}

async fn frames(context: &Arc<Context>, range: FrameRange, answer: Answer<'_, Frames>) -> Result<(), NetError> {
    let read = read(context, range).await;
    count(context, Request::Frames, &read);
    match read {
        Ok((frames, memory)) => {
            context.metrics.bytes_out.inc_by(u64::try_from(frames.bytes.len()).unwrap_or(0));
            let sent = answer.send(frames).await;
            drop(memory);
            sent
        }
        Err(refusal) => answer.refuse(refusal).await,
    }
}

/// Frames, and the memory that they are charged to.
async fn read(context: &Context, range: FrameRange) -> Result<(Frames, OwnedSemaphorePermit), GetRefusal> {
    let withheld = context.blackout(|rows| rows.covers(range.object, range.first, range.count.into()));
    if withheld && context.settings.blackout {
        context.metrics.withheld.inc();
        return Err(GetRefusal::Challenged);
    }
    let memory = context.serving.clone().acquire_many_owned(range.count.saturating_mul(MAX_CHUNK_LEN));
    let memory = match tokio::time::timeout(WAIT, memory).await {
        Ok(Ok(memory)) => memory,
        Ok(Err(_)) | Err(_) => return Err(GetRefusal::Busy),
    };
    let key = ShardKey { object: range.object, shard: range.shard };
    match context.disk(move |store| store.frames(&key, range.first, range.count.into())).await {
        Ok(read) => Ok((Frames { proof: read.proof, bytes: read.bytes }, memory)),
        Err(ReadError::NotHere) => Err(GetRefusal::NotHere),
        Err(ReadError::OutOfRange { .. }) => Err(GetRefusal::BadRequest),
        Err(ReadError::Damaged { frame }) => {
            context.damaged(key, frame).await;
            Err(GetRefusal::NotHere)
        }
        Err(ReadError::Store(error)) => Err(internal(&error)),
    }
}
