//! The client's half.

use super::pool::{Borrowed, Pool};
use crate::{
    error::NetError,
    framing::Patience,
    wire::{
        MAX_BATCH_ENTRIES, Message,
        get::{
            FrameRange, GetReply, GetRequest, LeafPlace, MAX_FRAMES, MAX_HAVE, MAX_RANGE_LEAVES, ObjectInfo, RangePage,
            RangeQuery, unpack_bits,
        },
    },
};
use meganet_primitives::{
    GroupId,
    convert::{to_u32, to_u64, to_usize},
    hash::Hash,
    merkle::RangeProof,
    object::{MAX_SHARDS, ObjectId},
    range::RangeLeaf,
    receipt::PeerKey,
    sum_tree::BatchEntry,
};
use std::sync::Arc;

/// Frames of a shard, with the proof that they are the shard's. Not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// Proves that the frames belong to the shard.
    pub proof: RangeProof,
    /// The frames one after another; at most 16 times 64 KiB.
    pub bytes: Vec<u8>,
}

/// Reads from one peer, over as many streams at once as [`NetLimits`](crate::NetLimits) allow; further requests wait.
///
/// Cheap to clone. A request may be abandoned by dropping its future.
///
/// # Errors
/// Every request may return [`NetError::GetRefused`] with the worker's reason, [`NetError::TooSlow`], errors of the stream and of
/// connecting ([`NetError::NotFound`], [`NetError::Unreachable`], [`NetError::OtherChain`], [`NetError::NotServing`]), and
/// [`NetError::Malformed`] if the answer does not fit the request.
#[derive(Clone)]
pub struct GetClient {
    pool: Arc<Pool>,
}

impl GetClient {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        GetClient { pool }
    }

    /// Connects now, so that an unreachable peer is known before the first request.
    pub(crate) async fn warm_up(&self) -> Result<(), NetError> {
        self.pool.borrow(false).await.map(Borrowed::done)
    }

    /// The worker that is asked.
    pub fn peer(&self) -> PeerKey {
        self.pool.peer
    }

    /// Returns an object's header and shard roots, and which shard the worker holds.
    ///
    /// # Errors
    /// See [`GetClient`].
    pub async fn object(&self, object: ObjectId) -> Result<ObjectInfo, NetError> {
        match self.ask(&GetRequest::Object { object }).await? {
            (GetReply::Object(info), stream) => {
                if info.shard_roots.len() != usize::from(info.header.n) || u32::from(info.header.n) > MAX_SHARDS {
                    return Err(unfit("the number of shard roots does not fit the header"));
                }
                stream.done();
                Ok(info)
            }
            (other, stream) => Err(refused(other, stream)),
        }
    }

    /// Returns frames of a shard with their proof.
    ///
    /// # Errors
    /// [`NetError::Misuse`] unless 1 to 16 frames are requested; see [`GetClient`].
    pub async fn frames(&self, range: FrameRange) -> Result<Frames, NetError> {
        if !(1..=MAX_FRAMES).contains(&range.count) {
            return Err(NetError::Misuse { what: "a request is for 1 to 16 frames" });
        }
        match self.ask(&GetRequest::Frames(range)).await? {
            (GetReply::Frames { proof, len }, mut stream) => {
                if len == 0 || len > range.max_len() {
                    return Err(unfit("the number of bytes does not fit the request"));
                }
                let len = usize::try_from(len).map_err(|_| unfit("the number of bytes does not fit into memory"))?;
                let mut bytes = Vec::new();
                stream.channel.inlet.bulk("frames", &mut bytes, len).await?;
                stream.done();
                Ok(Frames { proof, bytes })
            }
            (other, stream) => Err(refused(other, stream)),
        }
    }

    /// Returns the entries of a batch.
    ///
    /// # Errors
    /// See [`GetClient`].
    pub async fn batch(&self, root: Hash) -> Result<Vec<BatchEntry>, NetError> {
        match self.ask(&GetRequest::Batch { root }).await? {
            (GetReply::Batch { entries }, stream) => {
                if entries.is_empty() || to_u32(entries.len()) > MAX_BATCH_ENTRIES {
                    return Err(unfit("the batch has a wrong number of entries"));
                }
                stream.done();
                Ok(entries)
            }
            (other, stream) => Err(refused(other, stream)),
        }
    }

    /// Returns up to 256 leaves of a group's range, starting at an index.
    ///
    /// # Errors
    /// See [`GetClient`].
    pub async fn range(&self, query: RangeQuery) -> Result<RangePage, NetError> {
        match self.ask(&GetRequest::Range(query)).await? {
            (GetReply::Range(page), stream) => {
                if to_u32(page.leaves.len()) > MAX_RANGE_LEAVES {
                    return Err(unfit("the range page has too many leaves"));
                }
                stream.done();
                Ok(page)
            }
            (other, stream) => Err(refused(other, stream)),
        }
    }

    /// Returns the leaves of a group's range from `query.from` up to `end`, as far as the worker knows them, page by page.
    ///
    /// # Errors
    /// See [`GetClient`].
    pub async fn leaves(&self, query: RangeQuery, end: u64) -> Result<Vec<RangeLeaf>, NetError> {
        let mut leaves: Vec<RangeLeaf> = Vec::new();
        let mut next = query.from;
        while next < end {
            let page = self.range(RangeQuery { from: next, ..query }).await?;
            let wanted = to_usize(end - next);
            let before = leaves.len();
            leaves.extend(page.leaves.into_iter().take(wanted));
            let count = leaves.len() - before;
            if count == 0 {
                break;
            }
            next = next.saturating_add(to_u64(count));
        }
        Ok(leaves)
    }

    /// Returns for each of these objects (at most 1024), in order, whether the worker holds a shard of it.
    ///
    /// # Errors
    /// [`NetError::Misuse`] if there are more; see [`GetClient`].
    pub async fn have(&self, objects: &[ObjectId]) -> Result<Vec<bool>, NetError> {
        check_count(objects)?;
        match self.ask(&GetRequest::Have { objects: objects.to_vec() }).await? {
            (GetReply::Have { bitmap }, stream) => {
                let bits = unpack_bits(&bitmap, objects.len()).ok_or_else(|| unfit("the bitmap has a wrong length"))?;
                stream.done();
                Ok(bits)
            }
            (other, stream) => Err(refused(other, stream)),
        }
    }

    /// Returns for each of these objects (at most 1024) of a group, in order, the leaf with the latest expiry that the worker
    /// knows.
    ///
    /// # Errors
    /// [`NetError::Misuse`] if there are more; see [`GetClient`].
    pub async fn locate(&self, group: GroupId, objects: &[ObjectId]) -> Result<Vec<Option<LeafPlace>>, NetError> {
        check_count(objects)?;
        match self.ask(&GetRequest::Locate { group, objects: objects.to_vec() }).await? {
            (GetReply::Located { places }, stream) => {
                if places.len() != objects.len() {
                    return Err(unfit("it locates more or fewer objects than were requested"));
                }
                stream.done();
                Ok(places)
            }
            (other, stream) => Err(refused(other, stream)),
        }
    }

    /// Sends one request and receives its reply. The peer may have closed an idle stream meanwhile: then a new one is tried.
    async fn ask(&self, request: &GetRequest) -> Result<(GetReply, Borrowed), NetError> {
        let stream = self.pool.borrow(false).await?;
        let used = stream.used;
        match self.exchange(request, stream).await {
            Err(NetError::Closed { .. } | NetError::Io { .. }) if used => {
                let stream = self.pool.borrow(true).await?;
                self.exchange(request, stream).await
            }
            other => other,
        }
    }

    async fn exchange(&self, request: &GetRequest, mut stream: Borrowed) -> Result<(GetReply, Borrowed), NetError> {
        let channel = &mut stream.channel;
        let reply = match channel.outlet.send_now(request, &[]).await {
            Ok(()) => channel.inlet.message(Patience::For(self.pool.limits.asking.reply)).await?,
            // A worker refuses and ends a stream over its limit before it has read the request.
            Err(error) => match channel.inlet.message(Patience::For(self.pool.limits.asking.open)).await {
                Ok(refusal @ GetReply::Refused(_)) => refusal,
                _ => return Err(error),
            },
        };
        Ok((reply, stream))
    }
}

/// Checks the number of objects in a request.
fn check_count(objects: &[ObjectId]) -> Result<(), NetError> {
    if to_u32(objects.len()) > MAX_HAVE {
        return Err(NetError::Misuse { what: "a request is for at most 1024 objects" });
    }
    Ok(())
}

/// Returns the error for a reply of another kind than expected.
fn refused(reply: GetReply, stream: Borrowed) -> NetError {
    match reply {
        GetReply::Refused(refusal) => {
            stream.done();
            NetError::GetRefused(refusal)
        }
        _ => unfit("it does not answer the request"),
    }
}

fn unfit(reason: &'static str) -> NetError {
    NetError::malformed(GetReply::NAME, reason)
}
