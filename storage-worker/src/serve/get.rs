//! Answers other peers' questions about shards, batches and ranges.

use super::memory::{AnswerMemory, Share};
use crate::{
    disk::{DamageLog, Disk},
    groups::Groups,
    metrics::{Metrics, Outcome, Request},
    model::keys::ShardKey,
    service::{Blackout, fair::Reader},
    status::Status,
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
    receipt::PeerKey,
    sum_tree::BatchEntry,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Questions about many objects that are answered at once.
const WALKS: usize = 2;
/// How long such a question waits.
const WALK_TIMEOUT: Duration = Duration::from_secs(5);

/// The dependencies of [`GetService`].
pub struct GetHandles {
    /// Reads the store.
    pub disk: Disk,
    /// Records damage that a reader brings to light.
    pub damage: DamageLog,
    /// The rows that must not be served; `None` to serve everything.
    pub withheld: Option<Arc<Mutex<Blackout>>>,
    /// The members of own groups, who go first.
    pub groups: Arc<Groups>,
    /// Told when the disk fails.
    pub status: Arc<Status>,
    /// Counts requests.
    pub metrics: Arc<Metrics>,
}

/// Answers questions about shards, batches and ranges.
pub struct GetService {
    handles: GetHandles,
    memory: AnswerMemory,
    /// Places for questions about many objects, each of which is a walk in the index.
    walks: Semaphore,
}

impl GetService {
    /// Answers with at most `memory` bytes of frames and batches in memory.
    pub fn new(handles: GetHandles, memory: u32) -> Self {
        Self { handles, memory: AnswerMemory::new(memory.into()), walks: Semaphore::new(WALKS) }
    }

    fn reader(&self, peer: PeerKey) -> Reader {
        Reader { peer, is_member: self.handles.groups.membership(|membership| membership.has_member(&peer)) }
    }

    /// A place for a question about many objects. Members of own groups need none.
    async fn walk(&self, peer: PeerKey) -> Result<Option<SemaphorePermit<'_>>, GetRefusal> {
        if self.reader(peer).is_member {
            return Ok(None);
        }
        match tokio::time::timeout(WALK_TIMEOUT, self.walks.acquire()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => Err(GetRefusal::Busy),
        }
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
                GetCall::Frames { range, answer } => {
                    if !self.frames(range, answer).await? {
                        return Ok(());
                    }
                }
                GetCall::Batch { root, answer } => {
                    let entries = self.batch(root, answer.peer()).await;
                    self.count(Request::Batch, &entries);
                    match entries {
                        Ok((entries, share)) => match share.send(answer.send(entries)).await {
                            Some(sent) => sent?,
                            None => return Ok(()),
                        },
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
                    let have = self.have(objects, answer.peer()).await;
                    self.count(Request::Have, &have);
                    match have {
                        Ok(have) => answer.send(&have).await?,
                        Err(refusal) => answer.refuse(refusal).await?,
                    }
                }
                GetCall::Locate { group, objects, answer } => {
                    let places = self.locate(group, objects, answer.peer()).await;
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

    /// Counts a stream whose peer broke the protocol.
    pub(super) fn count_malformed(&self) {
        self.handles.metrics.malformed.inc();
    }

    fn count<T>(&self, request: Request, result: &Result<T, GetRefusal>) {
        self.handles.metrics.count(request, if result.is_ok() { Outcome::Done } else { Outcome::Refused });
    }

    async fn describe(&self, object: ObjectId) -> Result<ObjectInfo, GetRefusal> {
        let found = self.handles.disk.run(move |store| {
            let held = store.shards_of(&object)?.into_iter().filter(|(_, record)| !record.damaged);
            let shards: Vec<_> = held.map(|(key, _)| key.shard).collect();
            Ok::<_, StoreError>(store.object(&object)?.map(|record| (shards, record)))
        });
        let (shards, record) = found.await.map_err(|error| self.internal(&error))?.ok_or(GetRefusal::NotHere)?;
        Ok(ObjectInfo { header: record.header, shard_roots: record.roots, shards })
    }

    /// The entries of a batch, and the memory that they and their encoding are charged to.
    async fn batch(&self, root: Hash, peer: PeerKey) -> Result<(Vec<BatchEntry>, Share), GetRefusal> {
        let len = self.handles.disk.run(move |store| store.batch_len(&root)).await;
        let len = len.map_err(|error| self.internal(&error))?.ok_or(GetRefusal::NotHere)?;
        let bytes = to_u64(len).saturating_mul(2);
        let share = self.memory.take(self.reader(peer), bytes).await.ok_or(GetRefusal::Busy)?;
        let entries =
            self.handles.disk.run(move |store| store.batch(&root)).await.map_err(|error| self.internal(&error))?;
        Ok((entries.ok_or(GetRefusal::NotHere)?, share))
    }

    async fn range_page(&self, query: RangeQuery) -> Result<RangePage, GetRefusal> {
        let RangeQuery { group, expiry, from } = query;
        let most = to_usize(MAX_RANGE_LEAVES.into());
        let page = self.handles.disk.run(move |store| {
            // First: a leaf that cannot be read ends the range.
            let leaves = store.leaves(expiry, group, from, most)?;
            Ok::<_, StoreError>(RangePage { total: store.leaf_count(expiry, group)?, leaves })
        });
        let page = page.await.map_err(|error| self.internal(&error))?;
        if page.total == 0 {
            return Err(GetRefusal::NotHere);
        }
        Ok(page)
    }

    async fn have(&self, objects: Vec<ObjectId>, peer: PeerKey) -> Result<Vec<bool>, GetRefusal> {
        if objects.is_empty() {
            return Err(GetRefusal::BadRequest);
        }
        let _place = self.walk(peer).await?;
        let is_member = self.reader(peer).is_member;
        let have = self.handles.disk.run(move |store| {
            let held = |object: &ObjectId| -> Result<bool, StoreError> {
                for (key, record) in store.shards_of(object)? {
                    // What is overdue has to be uploaded again.
                    if !record.damaged && (is_member || !store.is_overdue(&key, &record)?) {
                        return Ok(true);
                    }
                }
                Ok(false)
            };
            objects.iter().map(held).collect::<Result<Vec<bool>, StoreError>>()
        });
        have.await.map_err(|error| self.internal(&error))
    }

    async fn locate(
        &self,
        group: GroupId,
        objects: Vec<ObjectId>,
        peer: PeerKey,
    ) -> Result<Vec<Option<LeafPlace>>, GetRefusal> {
        if objects.is_empty() {
            return Err(GetRefusal::BadRequest);
        }
        let _place = self.walk(peer).await?;
        let places = self.handles.disk.run(move |store| {
            let Some((_, shard)) = store.slots()?.into_iter().find(|(of, _)| *of == group) else { return Ok(None) };
            let place = |object| {
                let leaves = store.leaves_of(&ShardKey { object, shard })?;
                let places = leaves.iter().filter(|leaf| leaf.group == group);
                Ok(places.map(|leaf| LeafPlace { expiry: leaf.expiry, index: leaf.index }).max())
            };
            objects.into_iter().map(place).collect::<Result<Vec<_>, StoreError>>().map(Some)
        });
        places.await.map_err(|error| self.internal(&error))?.ok_or(GetRefusal::NotHere)
    }

    /// Answers with frames. Returns false if the answer had to make way for others: the stream has ended then.
    async fn frames(&self, range: FrameRange, answer: Answer<'_, Frames>) -> Result<bool, NetError> {
        let read = self.read(range, answer.peer()).await;
        self.count(Request::Frames, &read);
        match read {
            Ok((frames, share)) => {
                let bytes = to_u64(frames.bytes.len());
                let Some(sent) = share.send(answer.send(frames)).await else { return Ok(false) };
                self.handles.metrics.bytes_out.inc_by(bytes);
                sent.map(|()| true)
            }
            Err(refusal) => answer.refuse(refusal).await.map(|()| true),
        }
    }

    /// Frames, and the memory that they are charged to.
    async fn read(&self, range: FrameRange, peer: PeerKey) -> Result<(Frames, Share), GetRefusal> {
        if self.is_withheld(&range) {
            self.handles.metrics.withheld.inc();
            return Err(GetRefusal::Challenged);
        }
        let bytes = u64::from(range.count.saturating_mul(MAX_CHUNK_LEN));
        let reader = self.reader(peer);
        let is_member = reader.is_member;
        let memory = self.memory.take(reader, bytes).await.ok_or(GetRefusal::Busy)?;
        let key = ShardKey { object: range.object, shard: range.shard };
        let read = self.handles.disk.run(move |store| {
            if !store.may_read(&key, &peer, is_member)? {
                return Err(ReadError::NotHere);
            }
            store.frames(&key, range.first, range.count.into())
        });
        match read.await {
            Ok(read) => Ok((Frames { proof: read.proof, bytes: read.bytes }, memory)),
            Err(ReadError::NotHere) => Err(GetRefusal::NotHere),
            Err(ReadError::OutOfRange { .. }) => Err(GetRefusal::BadRequest),
            Err(ReadError::Damaged { frame }) => {
                self.handles.damage.found(key, frame).await.map_err(|error| self.internal(&error))?;
                Err(GetRefusal::NotHere)
            }
            Err(ReadError::Store(error)) => Err(self.internal(&error)),
        }
    }

    fn is_withheld(&self, range: &FrameRange) -> bool {
        let rows = self.handles.withheld.as_ref();
        rows.is_some_and(|rows| rows.lock().covers(range.object, range.first, range.count.into()))
    }
}

impl GetService {
    fn internal(&self, error: &StoreError) -> GetRefusal {
        self.handles.status.set_disk_failure(error.to_string());
        GetRefusal::Internal
    }
}
