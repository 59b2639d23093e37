//! The worker's half.

use super::client::Frames;
use crate::{
    config::Timing,
    error::NetError,
    framing::{BoxedIo, Channel, Patience},
    stream_limit::StreamPermit,
    wire::{
        Message,
        get::{
            FrameRange, GetRefusal, GetReply, GetRequest, LeafPlace, MAX_FRAMES, ObjectInfo, RangePage, RangeQuery,
            pack_bits,
        },
    },
};
use meganet_primitives::{
    GroupId, convert::to_u64, hash::Hash, object::ObjectId, receipt::PeerKey, sum_tree::BatchEntry,
};
use std::marker::PhantomData;

/// A get stream from one client.
///
/// Call [`next`](Self::next) until it returns `None`, and answer each call before the next: an unanswered call, or an
/// error, ends the stream.
pub struct GetServer {
    peer: PeerKey,
    channel: Channel,
    timing: Timing,
    usable: bool,
    permit: Option<StreamPermit>,
}

/// A question of a client. Each kind comes with the type of its answer.
pub enum GetCall<'a> {
    /// An object's header and shard roots.
    Object {
        /// The object.
        object: ObjectId,
        /// Takes the answer.
        answer: Answer<'a, ObjectInfo>,
    },
    /// `1..=16` frames of a shard.
    Frames {
        /// The frames.
        range: FrameRange,
        /// Takes the answer.
        answer: Answer<'a, Frames>,
    },
    /// The entries of a batch.
    Batch {
        /// Its root.
        root: Hash,
        /// Takes the answer.
        answer: Answer<'a, Vec<BatchEntry>>,
    },
    /// Leaves of a range.
    Range {
        /// The leaves.
        query: RangeQuery,
        /// Takes the answer.
        answer: Answer<'a, RangePage>,
    },
    /// For each of at most 1024 objects, whether the worker holds a shard of it.
    Have {
        /// The objects.
        objects: Vec<ObjectId>,
        /// Takes the answer: one value for each object, in order.
        answer: Answer<'a, Vec<bool>>,
    },
    /// The places in a group's ranges of at most 1024 objects.
    Locate {
        /// The group.
        group: GroupId,
        /// The objects.
        objects: Vec<ObjectId>,
        /// Takes the answer: one value for each object, in order.
        answer: Answer<'a, Vec<Option<LeafPlace>>>,
    },
}

impl GetServer {
    pub(crate) fn over(io: BoxedIo, peer: PeerKey, timing: Timing, permit: Option<StreamPermit>) -> Self {
        GetServer { peer, channel: Channel::new(io, timing), timing, usable: true, permit }
    }

    /// The client at the other end.
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// Waits for the client's next question; `None` if it has closed the stream in good order, or the stream has ended.
    ///
    /// # Errors
    /// [`NetError::TooSlow`] if the client sends nothing for too long; [`NetError::Malformed`] or [`NetError::TooLong`] if it
    /// violates the protocol (it is told so); errors of the stream. The stream has ended then.
    pub async fn next(&mut self) -> Result<Option<GetCall<'_>>, NetError> {
        if !self.usable {
            return Ok(None);
        }
        self.usable = false;
        self.set_running(false);
        let request = match self.read().await {
            Err(error) if error.is_peer_fault() => {
                self.channel.part_with(&GetReply::Refused(GetRefusal::BadRequest)).await.ok();
                return Err(error);
            }
            other => other?,
        };
        let Some(request) = request else {
            return Ok(None);
        };
        self.set_running(true);
        Ok(Some(match request {
            GetRequest::Object { object } => GetCall::Object { object, answer: Answer::by(self) },
            GetRequest::Frames(range) => GetCall::Frames { range, answer: Answer::by(self) },
            GetRequest::Batch { root } => GetCall::Batch { root, answer: Answer::by(self) },
            GetRequest::Range(query) => GetCall::Range { query, answer: Answer::by(self) },
            GetRequest::Have { objects } => GetCall::Have { objects, answer: Answer::by(self) },
            GetRequest::Locate { group, objects } => GetCall::Locate { group, objects, answer: Answer::by(self) },
        }))
    }

    /// Refuses the first request and ends the stream: for streams over a limit.
    pub(crate) async fn reject(mut self, refusal: GetRefusal) {
        self.channel.reject(&GetReply::Refused(refusal), self.timing.open).await;
    }

    /// A stream that waits for a request is the first to make way for others.
    fn set_running(&self, is_running: bool) {
        if let Some(permit) = &self.permit {
            permit.set_running(is_running);
        }
    }

    async fn read(&mut self) -> Result<Option<GetRequest>, NetError> {
        let Some(announced) = self.channel.inlet.announced::<GetRequest>(Patience::For(self.timing.idle)).await? else {
            return Ok(None);
        };
        let request = self.channel.inlet.announced_body(announced).await?;
        match request {
            GetRequest::Frames(FrameRange { count, .. }) if !(1..=MAX_FRAMES).contains(&count) => {
                Err(NetError::malformed(GetRequest::NAME, "it asks for no frames or too many"))
            }
            _ => Ok(Some(request)),
        }
    }

    async fn reply(&mut self, reply: &GetReply, bulk: &[u8]) -> Result<(), NetError> {
        self.channel.outlet.send_now(reply, bulk).await?;
        self.usable = true;
        Ok(())
    }
}

/// The pending answer to one question. `T` is its type.
pub struct Answer<'a, T> {
    server: &'a mut GetServer,
    fits: PhantomData<fn(T)>,
}

impl<'a, T> Answer<'a, T> {
    fn by(server: &'a mut GetServer) -> Self {
        Answer { server, fits: PhantomData }
    }

    /// The asking peer.
    pub fn peer(&self) -> PeerKey {
        self.server.peer
    }

    /// Refuses to answer.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: GetRefusal) -> Result<(), NetError> {
        self.server.reply(&GetReply::Refused(refusal), &[]).await
    }
}

impl Answer<'_, ObjectInfo> {
    /// Answers.
    ///
    /// # Errors
    /// [`NetError::TooLong`] if there are more than 64 roots; errors of the stream.
    pub async fn send(self, info: ObjectInfo) -> Result<(), NetError> {
        self.server.reply(&GetReply::Object(info), &[]).await
    }
}

impl Answer<'_, Frames> {
    /// Answers with the frames' bytes, at most 1 MiB, and their proof.
    ///
    /// # Errors
    /// [`NetError::TooLong`] if there are more; errors of the stream.
    pub async fn send(self, frames: Frames) -> Result<(), NetError> {
        let most = MAX_FRAMES * crate::wire::MAX_CHUNK_LEN;
        let len = u32::try_from(frames.bytes.len()).ok().filter(|&len| len <= most).ok_or(NetError::TooLong {
            what: "frames",
            len: to_u64(frames.bytes.len()),
            limit: most.into(),
        })?;
        self.server.reply(&GetReply::Frames { proof: frames.proof, len }, &frames.bytes).await
    }
}

impl Answer<'_, Vec<BatchEntry>> {
    /// Answers with all entries of the batch, in order.
    ///
    /// # Errors
    /// [`NetError::TooLong`] if there are more than 65,536; errors of the stream.
    pub async fn send(self, entries: Vec<BatchEntry>) -> Result<(), NetError> {
        self.server.reply(&GetReply::Batch { entries }, &[]).await
    }
}

impl Answer<'_, RangePage> {
    /// Answers with at most 256 leaves.
    ///
    /// # Errors
    /// [`NetError::TooLong`] if there are many more; errors of the stream.
    pub async fn send(self, page: RangePage) -> Result<(), NetError> {
        self.server.reply(&GetReply::Range(page), &[]).await
    }
}

impl Answer<'_, Vec<bool>> {
    /// Answers with one value for each object, in order.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn send(self, have: &[bool]) -> Result<(), NetError> {
        self.server.reply(&GetReply::Have { bitmap: pack_bits(have) }, &[]).await
    }
}

impl Answer<'_, Vec<Option<LeafPlace>>> {
    /// Answers with one place for each object, in order.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn send(self, places: Vec<Option<LeafPlace>>) -> Result<(), NetError> {
        self.server.reply(&GetReply::Located { places }, &[]).await
    }
}
