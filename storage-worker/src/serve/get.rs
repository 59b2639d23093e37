//! Answers other peers' questions about shards, batches and ranges.

use crate::{
    disk::{DamageLog, Disk},
    metrics::{Metrics, Outcome, Request},
    model::keys::ShardKey,
    service::Blackout,
    store::{ReadError, StoreError},
};
use meganet_net::{
    Answer, FrameRange, Frames, GetCall, GetRefusal, GetServer, LeafPlace, NetError, ObjectInfo, RangePage, RangeQuery,
    wire::{MAX_CHUNK_LEN, get::MAX_RANGE_LEAVES},
};
use meganet_primitives::{
    GroupId,
    convert::{to_u64, to_usize},
    hash::Hash,
    object::ObjectId,
    sum_tree::BatchEntry,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request for frames waits until other answers have left memory.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(5);

/// The dependencies of [`GetService`].
pub struct GetHandles {
    /// Reads the store.
    pub disk: Disk,
    /// Records damage that a reader brings to light.
    pub damage: DamageLog,
    /// The rows that must not be served; `None` to serve everything.
    pub withheld: Option<Arc<Mutex<Blackout>>>,
    /// Counts requests.
    pub metrics: Arc<Metrics>,
}

/// Answers questions about shards, batches and ranges.
pub struct GetService {
    handles: GetHandles,
    /// Bytes of answers that may be in memory.
    memory: Arc<Semaphore>,
}

impl GetService {
    /// Answers with at most `memory` bytes of frames in memory.
    pub fn new(handles: GetHandles, memory: u32) -> Self {
        let memory = usize::try_from(memory).unwrap_or(Semaphore::MAX_PERMITS);
        Self { handles, memory: Arc::new(Semaphore::new(memory)) }
    }

    /// Serves a get stream to its end.
    pub(super) async fn serve(&self, mut stream: GetServer) -> Result<(), NetError> {
        while let Some(call) = stream.next().await? {
            match call {
                GetCall::Object { object, answer } => {
                    let info = self.describe(object).await;
                    self.count(Request::Object, &info);
                    match info {
                        Ok(info) => answer.send(info).await?,
                        Err(refusal) => answer.refuse(refusal).await?,
                    }
                }
                GetCall::Frames { range, answer } => self.frames(range, answer).await?,
                GetCall::Batch { root, answer } => {
                    let entries = self.batch(root).await;
                    self.count(Request::Batch, &entries);
                    match entries {
                        Ok(entries) => answer.send(entries).await?,
                        Err(refusal) => answer.refuse(refusal).await?,
                    }
                }
                GetCall::Range { query, answer } => {
                    let page = self.range_page(query).await;
                    self.count(Request::Range, &page);
                    match page {
                        Ok(page) => answer.send(page).await?,
                        Err(refusal) => answer.refuse(refusal).await?,
                    }
                }
                GetCall::Have { objects, answer } => {
                    let have = self.have(objects).await;
                    self.count(Request::Have, &have);
                    match have {
                        Ok(have) => answer.send(&have).await?,
                        Err(refusal) => answer.refuse(refusal).await?,
                    }
                }
                GetCall::Locate { group, objects, answer } => {
                    let places = self.locate(group, objects).await;
                    self.count(Request::Locate, &places);
                    match places {
                        Ok(places) => answer.send(places).await?,
                        Err(refusal) => answer.refuse(refusal).await?,
                    }
                }
            }
        }
        Ok(())
    }

    fn count<T>(&self, request: Request, result: &Result<T, GetRefusal>) {
        self.handles.metrics.count(request, if result.is_ok() { Outcome::Done } else { Outcome::Refused });
    }

    async fn describe(&self, object: ObjectId) -> Result<ObjectInfo, GetRefusal> {
        let found = self.handles.disk.run(move |store| {
            let Some((key, _)) = store.first_shard(&object)? else { return Ok(None) };
            Ok::<_, StoreError>(store.object(&object)?.map(|record| (key.shard, record)))
        });
        let (slot, record) = found.await.map_err(|error| internal(&error))?.ok_or(GetRefusal::NotHere)?;
        Ok(ObjectInfo { header: record.header, shard_roots: record.roots, slot })
    }

    async fn batch(&self, root: Hash) -> Result<Vec<BatchEntry>, GetRefusal> {
        let entries = self.handles.disk.run(move |store| store.batch(&root)).await.map_err(|error| internal(&error))?;
        entries.ok_or(GetRefusal::NotHere)
    }

    async fn range_page(&self, query: RangeQuery) -> Result<RangePage, GetRefusal> {
        let RangeQuery { group, expiry, from } = query;
        let most = to_usize(MAX_RANGE_LEAVES.into());
        let page = self.handles.disk.run(move |store| {
            let total = store.leaf_count(expiry, group)?;
            Ok::<_, StoreError>(RangePage { total, leaves: store.leaves(expiry, group, from, most)? })
        });
        let page = page.await.map_err(|error| internal(&error))?;
        if page.total == 0 {
            return Err(GetRefusal::NotHere);
        }
        Ok(page)
    }

    async fn have(&self, objects: Vec<ObjectId>) -> Result<Vec<bool>, GetRefusal> {
        if objects.is_empty() {
            return Err(GetRefusal::BadRequest);
        }
        let have = self.handles.disk.run(move |store| {
            let held = |object| store.first_shard(object).map(|found| found.is_some_and(|(_, record)| !record.damaged));
            objects.iter().map(held).collect::<Result<Vec<bool>, StoreError>>()
        });
        have.await.map_err(|error| internal(&error))
    }

    async fn locate(&self, group: GroupId, objects: Vec<ObjectId>) -> Result<Vec<Option<LeafPlace>>, GetRefusal> {
        if objects.is_empty() {
            return Err(GetRefusal::BadRequest);
        }
        let places = self.handles.disk.run(move |store| {
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

    async fn frames(&self, range: FrameRange, answer: Answer<'_, Frames>) -> Result<(), NetError> {
        let read = self.read(range).await;
        self.count(Request::Frames, &read);
        match read {
            Ok((frames, memory)) => {
                self.handles.metrics.bytes_out.inc_by(to_u64(frames.bytes.len()));
                let sent = answer.send(frames).await;
                drop(memory);
                sent
            }
            Err(refusal) => answer.refuse(refusal).await,
        }
    }

    /// Frames, and the memory that they are charged to.
    async fn read(&self, range: FrameRange) -> Result<(Frames, OwnedSemaphorePermit), GetRefusal> {
        if self.is_withheld(&range) {
            self.handles.metrics.withheld.inc();
            return Err(GetRefusal::Challenged);
        }
        let memory = self.memory.clone().acquire_many_owned(range.count.saturating_mul(MAX_CHUNK_LEN));
        let memory = match tokio::time::timeout(MEMORY_TIMEOUT, memory).await {
            Ok(Ok(memory)) => memory,
            Ok(Err(_)) | Err(_) => return Err(GetRefusal::Busy),
        };
        let key = ShardKey { object: range.object, shard: range.shard };
        match self.handles.disk.run(move |store| store.frames(&key, range.first, range.count.into())).await {
            Ok(read) => Ok((Frames { proof: read.proof, bytes: read.bytes }, memory)),
            Err(ReadError::NotHere) => Err(GetRefusal::NotHere),
            Err(ReadError::OutOfRange { .. }) => Err(GetRefusal::BadRequest),
            Err(ReadError::Damaged { frame }) => {
                self.handles.damage.record(key, frame).await.map_err(|error| internal(&error))?;
                Err(GetRefusal::NotHere)
            }
            Err(ReadError::Store(error)) => Err(internal(&error)),
        }
    }

    fn is_withheld(&self, range: &FrameRange) -> bool {
        let rows = self.handles.withheld.as_ref();
        rows.is_some_and(|rows| rows.lock().covers(range.object, range.first, range.count.into()))
    }
}

fn internal(error: &StoreError) -> GetRefusal {
    tracing::error!(%error, "the store failed");
    GetRefusal::Internal
}
