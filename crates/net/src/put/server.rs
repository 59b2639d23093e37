//! The half that a worker drives.

use crate::{
    budget::{Budget, Loan},
    config::Timing,
    error::NetError,
    framing::{BoxedIo, Channel, Patience},
    limit::StreamPermit,
    wire::{
        Message,
        put::{CloseShard, OpenShard, PutReply, PutRequest, Refusal, SignBatch},
    },
};
use meganet_primitives::{
    object::ObjectId,
    receipt::{PeerKey, Receipt},
};
use std::time::Duration;

/// How long a peer in the middle of writing may take to notice that it was refused.
const PARTING: Duration = Duration::from_secs(2);

/// A put stream from one client.
///
/// Call [`next`](Self::next) until it answers `None`, and answer each call before the next: an unanswered one, or an
/// error, ends the stream.
pub struct PutServer {
    peer: PeerKey,
    channel: Channel,
    timing: Timing,
    budget: Budget,
    usable: bool,
    _permit: Option<StreamPermit>,
}

/// What a client wants. Answer it with its methods.
pub enum PutCall<'a> {
    /// It wants to store a shard.
    Open(OpenCall<'a>),
    /// It wants a receipt.
    Sign(SignCall<'a>),
}

impl PutServer {
    pub(crate) fn over(
        io: BoxedIo,
        peer: PeerKey,
        timing: Timing,
        budget: Budget,
        permit: Option<StreamPermit>,
    ) -> Self {
        PutServer { peer, channel: Channel::new(io, timing), timing, budget, usable: true, _permit: permit }
    }

    /// The client at the other end.
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// Waits for the client's next wish; `None` when it has closed the stream in good order or the stream is over.
    ///
    /// # Errors
    /// [`NetError::TooSlow`] when it says nothing for too long; [`NetError::Malformed`] or [`NetError::TooLong`] when
    /// what it says breaks the protocol (it has been told so); errors of the stream. The stream is over then.
    pub async fn next(&mut self) -> Result<Option<PutCall<'_>>, NetError> {
        if !self.usable {
            return Ok(None);
        }
        self.usable = false;
        let Some((request, loan)) = self.request(Patience::For(self.timing.idle)).await? else {
            return Ok(None);
        };
        match request {
            PutRequest::Open(request) => Ok(Some(PutCall::Open(OpenCall { request, server: self }))),
            PutRequest::Sign(request) => Ok(Some(PutCall::Sign(SignCall { request, server: self, _loan: loan }))),
            PutRequest::Chunk { .. } | PutRequest::Close(_) => Err(self.broken("no shard was opened").await),
        }
    }

    /// Answers one request with a refusal and ends the stream: for streams that are over a limit.
    pub(crate) async fn turn_away(mut self, refusal: Refusal) {
        let turned_away = async {
            self.channel.inlet.wait(PutRequest::NAME, self.timing.open).await?;
            self.part(refusal).await
        };
        if let Err(error) = turned_away.await {
            tracing::debug!(%error, "a client over the limit did not wait to be told so");
        }
    }

    async fn request(&mut self, patience: Patience) -> Result<Option<(PutRequest, Loan)>, NetError> {
        match self.read(patience).await {
            Err(error @ (NetError::Malformed { .. } | NetError::TooLong { .. })) => {
                self.part(Refusal::BadRequest).await.ok();
                Err(error)
            }
            Err(error @ NetError::Overloaded { .. }) => {
                self.part(Refusal::Busy).await.ok();
                Err(error)
            }
            other => other,
        }
    }

    async fn read(&mut self, patience: Patience) -> Result<Option<(PutRequest, Loan)>, NetError> {
        let Some(announced) = self.channel.inlet.announced::<PutRequest>(patience).await? else {
            return Ok(None);
        };
        let loan = self.budget.take(announced.len(), self.timing.open).await?;
        let request = self.channel.inlet.announced_body(announced).await?;
        Ok(Some((request, loan)))
    }

    async fn reply(&mut self, reply: PutReply) -> Result<(), NetError> {
        self.channel.outlet.send_now(&reply, &[]).await?;
        self.usable = true;
        Ok(())
    }

    /// Refuses in the middle of something: the stream cannot go on after it.
    async fn part(&mut self, refusal: Refusal) -> Result<(), NetError> {
        self.channel.outlet.send_now(&PutReply::Refused(refusal), &[]).await?;
        self.channel.outlet.close().await?;
        self.channel.inlet.drain(PARTING).await;
        Ok(())
    }

    async fn broken(&mut self, reason: &'static str) -> NetError {
        self.part(Refusal::BadRequest).await.ok();
        NetError::malformed(PutRequest::NAME, reason)
    }
}

/// A shard is announced.
pub struct OpenCall<'a> {
    /// What the client says of it; nothing in it is checked.
    pub request: OpenShard,
    server: &'a mut PutServer,
}

impl<'a> OpenCall<'a> {
    /// Who asks.
    pub fn peer(&self) -> PeerKey {
        self.server.peer
    }

    /// Takes the shard.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn go(self) -> Result<ShardUpload<'a>, NetError> {
        self.server.reply(PutReply::Go).await?;
        self.server.usable = false;
        Ok(ShardUpload { missing: self.request.shard_len, chunk: Vec::new(), begun: false, server: self.server })
    }

    /// Does not; the client may go on with something else.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}

/// A shard that is coming in.
pub struct ShardUpload<'a> {
    server: &'a mut PutServer,
    missing: u64,
    begun: bool,
    chunk: Vec<u8>,
}

impl<'a> ShardUpload<'a> {
    /// Bytes that are still to come.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The next bytes, at most 64 KiB; `None` when all announced bytes have come. The client is not read from in
    /// between, so a slow disk slows the client down instead of filling memory.
    ///
    /// # Errors
    /// [`NetError::Malformed`] when the client sends more than it announced or something else than a chunk (it has
    /// been told so); [`NetError::TooSlow`], [`NetError::Closed`] and errors of the stream. The shard is to be
    /// forgotten then.
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>, NetError> {
        if self.missing == 0 {
            return Ok(None);
        }
        let patience = if self.begun { Patience::Pace } else { Patience::For(self.server.timing.pace.grace) };
        self.begun = true;
        let len = match self.server.request(patience).await? {
            Some((PutRequest::Chunk { len }, _)) => len,
            Some(_) => return Err(self.server.broken("a shard is not complete yet").await),
            None => return Err(NetError::Closed { what: "shard" }),
        };
        if !PutRequest::chunk_len_ok(len) || u64::from(len) > self.missing {
            return Err(self.server.broken("a chunk has a wrong length").await);
        }
        self.chunk.clear();
        let count = usize::try_from(len).unwrap_or(usize::MAX);
        self.server.channel.inlet.bulk("shard", &mut self.chunk, count).await?;
        self.missing -= u64::from(len);
        Ok(Some(&self.chunk))
    }

    /// After the last chunk: what the client says the bytes must turn out to be.
    ///
    /// # Errors
    /// [`NetError::Misuse`] when bytes are still missing; as [`chunk`](Self::chunk) otherwise.
    pub async fn close(self) -> Result<CloseCall<'a>, NetError> {
        if self.missing > 0 {
            return Err(NetError::Misuse { what: "a shard is closed before all its chunks were read" });
        }
        let patience = Patience::For(self.server.timing.idle);
        match self.server.request(patience).await? {
            Some((PutRequest::Close(request), _)) => Ok(CloseCall { request, server: self.server }),
            Some(_) => Err(self.server.broken("a shard must be closed first").await),
            None => Err(NetError::Closed { what: "shard" }),
        }
    }

    /// Gives the shard up in the middle, telling the client why. The stream ends.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.part(refusal).await
    }
}

/// All bytes of a shard have come.
pub struct CloseCall<'a> {
    /// What they must turn out to be; nothing in it is checked.
    pub request: CloseShard,
    server: &'a mut PutServer,
}

impl CloseCall<'_> {
    /// The shard is right and durable.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn stored(self, object: ObjectId) -> Result<(), NetError> {
        self.server.reply(PutReply::Stored { object }).await
    }

    /// It is not.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}

/// A receipt is wanted.
pub struct SignCall<'a> {
    /// For what; nothing in it is checked.
    pub request: SignBatch,
    server: &'a mut PutServer,
    _loan: Loan,
}

impl SignCall<'_> {
    /// Who asks.
    pub fn peer(&self) -> PeerKey {
        self.server.peer
    }

    /// Hands the receipt over.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn signed(self, receipt: Receipt) -> Result<(), NetError> {
        self.server.reply(PutReply::Signed(receipt)).await
    }

    /// Does not sign.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}
