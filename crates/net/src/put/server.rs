//! The worker's half.

use crate::{
    budget::{Budget, FREE, Loan},
    config::Timing,
    error::NetError,
    framing::{BoxedIo, Channel, Patience},
    stream_limit::StreamPermit,
    wire::{
        Message,
        put::{CloseShard, OpenShard, PutReply, PutRequest, Refusal, SignBatch, UploadAccount},
    },
};
use meganet_primitives::{
    AccountId,
    convert::to_usize,
    object::ObjectId,
    receipt::{PeerKey, Receipt},
};

/// A put stream from one client.
///
/// Call [`next`](Self::next) until it returns `None`, and answer each call before the next: an unanswered call, or an
/// error, ends the stream.
pub struct PutServer {
    peer: PeerKey,
    channel: Channel,
    timing: Timing,
    budget: Budget,
    usable: bool,
    /// The account that was accepted.
    account: Option<AccountId>,
    permit: Option<StreamPermit>,
}

/// A request of a client, to be answered by its methods.
pub enum PutCall<'a> {
    /// Upload in the name of an account.
    Account(AccountCall<'a>),
    /// Store a shard.
    Open(OpenCall<'a>),
    /// Sign a receipt.
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
        PutServer { peer, channel: Channel::new(io, timing), timing, budget, usable: true, account: None, permit }
    }

    /// The client at the other end.
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// Waits for the client's next request; `None` if it has closed the stream in good order, or the stream has ended.
    ///
    /// # Errors
    /// [`NetError::TooSlow`] if the client sends nothing for too long; [`NetError::Malformed`] or [`NetError::TooLong`] if it
    /// violates the protocol, [`NetError::Refused`] if it sends a batch of more than 64 KiB before its account was accepted, and
    /// [`NetError::Overloaded`] if a large batch has to make way for others (it is told so); errors of the stream. The stream has
    /// ended then.
    pub async fn next(&mut self) -> Result<Option<PutCall<'_>>, NetError> {
        if !self.usable {
            return Ok(None);
        }
        self.usable = false;
        self.set_running(false);
        let Some((request, loan)) = self.request(Patience::For(self.timing.idle)).await? else {
            return Ok(None);
        };
        self.set_running(true);
        match request {
            PutRequest::Account(request) => Ok(Some(PutCall::Account(AccountCall { request, server: self }))),
            PutRequest::Open(request) => Ok(Some(PutCall::Open(OpenCall { request, server: self }))),
            PutRequest::Sign(request) => Ok(Some(PutCall::Sign(SignCall { request, server: self, _loan: loan }))),
            PutRequest::Chunk { .. } | PutRequest::Close(_) => Err(self.broken("no shard was opened").await),
        }
    }

    /// Refuses the first request and ends the stream: for streams over a limit.
    pub(crate) async fn reject(mut self, refusal: Refusal) {
        self.channel.reject(&PutReply::Refused(refusal), self.timing.open).await;
    }

    /// A stream that waits for a request is the first to make way for others.
    fn set_running(&self, is_running: bool) {
        if let Some(permit) = &self.permit {
            permit.set_running(is_running);
        }
    }

    async fn request(&mut self, patience: Patience) -> Result<Option<(PutRequest, Option<Loan>)>, NetError> {
        let request = self.read(patience).await;
        match &request {
            Err(error) if error.is_peer_fault() => self.refuse_and_end(Refusal::BadRequest).await.ok(),
            Err(NetError::Overloaded { .. }) => self.refuse_and_end(Refusal::Busy).await.ok(),
            Err(NetError::Refused(refusal)) => self.refuse_and_end(*refusal).await.ok(),
            _ => None,
        };
        request
    }

    async fn read(&mut self, patience: Patience) -> Result<Option<(PutRequest, Option<Loan>)>, NetError> {
        let Some(announced) = self.channel.inlet.announced::<PutRequest>(patience).await? else {
            return Ok(None);
        };
        let (inlet, len) = (&mut self.channel.inlet, announced.len());
        if len <= FREE {
            return Ok(Some((inlet.announced_body(announced).await?, None)));
        }
        // Memory is for those who can be told apart, and who could pay.
        if self.account.is_none() {
            return Err(NetError::Refused(Refusal::Unsigned));
        }
        let loan = self.budget.open(len.saturating_mul(2))?;
        let received = loan.receive(inlet.lent_body(announced, &loan, self.timing.open)).await;
        if received.is_err() {
            // Before the loan is returned: the peer is still told why.
            inlet.forget();
        }
        loan.settle(len);
        Ok(Some((received?, Some(loan))))
    }

    async fn reply(&mut self, reply: PutReply) -> Result<(), NetError> {
        self.channel.outlet.send_now(&reply, &[]).await?;
        self.usable = true;
        Ok(())
    }

    /// Refuses in the middle of an exchange: the stream cannot continue after it.
    async fn refuse_and_end(&mut self, refusal: Refusal) -> Result<(), NetError> {
        self.channel.part_with(&PutReply::Refused(refusal)).await
    }

    async fn broken(&mut self, reason: &'static str) -> NetError {
        self.refuse_and_end(Refusal::BadRequest).await.ok();
        NetError::malformed(PutRequest::NAME, reason)
    }
}

/// A request to upload in the name of an account.
pub struct AccountCall<'a> {
    /// The account and its signature. Nothing in it is checked.
    pub request: UploadAccount,
    server: &'a mut PutServer,
}

impl AccountCall<'_> {
    /// The asking peer, which the account must have signed for.
    pub fn peer(&self) -> PeerKey {
        self.server.peer
    }

    /// Accepts the account for the rest of the stream.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn accept(self) -> Result<(), NetError> {
        self.server.account = Some(self.request.account);
        self.server.reply(PutReply::Known).await
    }

    /// Refuses the account. The client may continue with another request.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}

/// A request to store a shard.
pub struct OpenCall<'a> {
    /// The announced shard. Nothing in it is checked.
    pub request: OpenShard,
    server: &'a mut PutServer,
}

impl<'a> OpenCall<'a> {
    /// The asking peer.
    pub fn peer(&self) -> PeerKey {
        self.server.peer
    }

    /// The account that was accepted on this stream.
    pub fn account(&self) -> Option<AccountId> {
        self.server.account
    }

    /// Accepts the shard.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn go(self) -> Result<ShardUpload<'a>, NetError> {
        self.server.reply(PutReply::Go).await?;
        self.server.usable = false;
        Ok(ShardUpload { missing: self.request.shard_len, chunk: Vec::new(), begun: false, server: self.server })
    }

    /// Refuses the shard. The client may continue with another request.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}

/// A shard being received.
pub struct ShardUpload<'a> {
    server: &'a mut PutServer,
    missing: u64,
    begun: bool,
    chunk: Vec<u8>,
}

impl<'a> ShardUpload<'a> {
    /// Bytes that are still missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Receives the next bytes, at most 64 KiB; `None` when all announced bytes have arrived. Nothing is read ahead, so a slow disk
    /// slows the client down instead of filling memory.
    ///
    /// # Errors
    /// [`NetError::Malformed`] if the client sends more than it announced, or anything but a chunk (it is told so);
    /// [`NetError::TooSlow`], [`NetError::Closed`] and errors of the stream. Discard the shard then.
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
        let count = to_usize(len.into());
        self.server.channel.inlet.bulk("shard", &mut self.chunk, count).await?;
        self.missing -= u64::from(len);
        Ok(Some(&self.chunk))
    }

    /// After the last chunk: receives the header and roots that the bytes must match.
    ///
    /// # Errors
    /// [`NetError::Misuse`] if bytes are missing; as [`chunk`](Self::chunk) otherwise.
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

    /// Refuses the shard in the middle, with a reason. The stream ends.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.refuse_and_end(refusal).await
    }
}

/// A shard whose bytes have all arrived.
pub struct CloseCall<'a> {
    /// The header and roots that the bytes must match. Nothing in it is checked.
    pub request: CloseShard,
    server: &'a mut PutServer,
}

impl CloseCall<'_> {
    /// Confirms that the shard is checked and durable.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn stored(self, object: ObjectId) -> Result<(), NetError> {
        self.server.reply(PutReply::Stored { object }).await
    }

    /// Refuses the shard.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}

/// A request for a receipt.
pub struct SignCall<'a> {
    /// The batch. Nothing in it is checked.
    pub request: SignBatch,
    server: &'a mut PutServer,
    _loan: Option<Loan>,
}

impl SignCall<'_> {
    /// The asking peer.
    pub fn peer(&self) -> PeerKey {
        self.server.peer
    }

    /// The account that was accepted on this stream.
    pub fn account(&self) -> Option<AccountId> {
        self.server.account
    }

    /// Answers with the receipt.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn signed(self, receipt: Receipt) -> Result<(), NetError> {
        self.server.reply(PutReply::Signed(receipt)).await
    }

    /// Refuses to sign.
    ///
    /// # Errors
    /// Errors of the stream.
    pub async fn refuse(self, refusal: Refusal) -> Result<(), NetError> {
        self.server.reply(PutReply::Refused(refusal)).await
    }
}
