//! The client's half.

use crate::{
    config::Timing,
    error::NetError,
    framing::{BoxedIo, Channel, Inlet, Patience},
    wire::{
        MAX_CHUNK_LEN, Message,
        put::{CloseShard, OpenShard, PutReply, PutRequest, SignBatch, UploadAccount},
    },
};
use meganet_primitives::{
    convert::{to_u32, to_u64, to_usize},
    hash::Hash,
    object::{ObjectHeader, ObjectId},
    receipt::{PeerKey, Receipt},
};
use std::time::Duration;

/// How long to wait for the reason after a failed write: a worker sends it before it ends the stream.
const REASON_TIMEOUT: Duration = Duration::from_secs(2);

/// A put stream to one worker: any number of shards and receipts, one after another.
///
/// After an error other than a refusal by [`begin`](Self::begin), [`ShardWriter::finish`] or [`sign`](Self::sign) the stream is
/// dead and every further call returns [`NetError::Closed`]: open another one. The same holds if a future of one of its methods,
/// or a [`ShardWriter`], is dropped before it has completed.
pub struct PutClient {
    peer: PeerKey,
    channel: Channel,
    timing: Timing,
    usable: bool,
}

impl PutClient {
    /// Speaks the protocol over a stream that was opened for it.
    pub fn over(io: BoxedIo, peer: PeerKey, timing: Timing) -> Self {
        PutClient { peer, channel: Channel::new(io, timing), timing, usable: true }
    }

    /// The worker at the other end.
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// Returns true if the stream can still be used.
    pub fn is_usable(&self) -> bool {
        self.usable
    }

    /// Names the account in whose name this stream uploads.
    ///
    /// # Errors
    /// [`NetError::Refused`] with the worker's reason, and the stream stays usable; errors of the stream.
    pub async fn authorize(&mut self, account: UploadAccount) -> Result<(), NetError> {
        match self.exchange(&PutRequest::Account(account)).await? {
            PutReply::Known => Ok(()),
            other => Err(self.unexpected(other)),
        }
    }

    /// Announces a shard, and waits for the worker to accept it.
    ///
    /// # Errors
    /// [`NetError::Refused`] with the worker's reason, and the stream stays usable; errors of the stream.
    pub async fn begin(&mut self, shard: OpenShard) -> Result<ShardWriter<'_>, NetError> {
        match self.exchange(&PutRequest::Open(shard)).await? {
            PutReply::Go => {
                // Until the shard is finished, no other request can be sent on this stream.
                self.usable = false;
                Ok(ShardWriter { missing: shard.shard_len, client: self })
            }
            other => Err(self.unexpected(other)),
        }
    }

    /// Asks for a receipt for a batch.
    ///
    /// # Errors
    /// [`NetError::Refused`] with the worker's reason, and the stream stays usable; errors of the stream.
    pub async fn sign(&mut self, batch: SignBatch) -> Result<Receipt, NetError> {
        match self.exchange(&PutRequest::Sign(batch)).await? {
            PutReply::Signed(receipt) => Ok(receipt),
            other => Err(self.unexpected(other)),
        }
    }

    /// Ends the stream in good order. Dropping it ends it too, with a log line at the worker.
    ///
    /// # Errors
    /// Errors of the stream. Acknowledged shards stay stored.
    pub async fn close(mut self) -> Result<(), NetError> {
        self.channel.outlet.close().await
    }

    async fn exchange(&mut self, request: &PutRequest) -> Result<PutReply, NetError> {
        if !self.usable {
            return Err(NetError::Closed { what: PutRequest::NAME });
        }
        // Stays false if this future is dropped or fails.
        self.usable = false;
        if let Err(error) = self.channel.outlet.send_now(request, &[]).await {
            return Err(reason_for_end(&mut self.channel.inlet).await.unwrap_or(error));
        }
        let reply = self.channel.inlet.message(Patience::For(self.timing.reply)).await?;
        self.usable = true;
        Ok(reply)
    }

    fn unexpected(&mut self, reply: PutReply) -> NetError {
        match reply {
            PutReply::Refused(refusal) => NetError::Refused(refusal),
            _ => {
                self.usable = false;
                NetError::malformed(PutReply::NAME, "it does not answer the request")
            }
        }
    }
}

/// Returns the reason that a worker gave before it ended the stream, if there is one.
async fn reason_for_end(inlet: &mut Inlet) -> Option<NetError> {
    match inlet.message::<PutReply>(Patience::For(REASON_TIMEOUT)).await {
        Ok(PutReply::Refused(refusal)) => Some(NetError::Refused(refusal)),
        _ => None,
    }
}

/// A shard being sent. Dropping it before [`finish`](Self::finish) abandons the shard.
pub struct ShardWriter<'a> {
    client: &'a mut PutClient,
    missing: u64,
}

impl ShardWriter<'_> {
    /// Bytes that are still to be written.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Sends the next bytes of the shard, any number. Waits while the worker is behind: this is the back-pressure.
    ///
    /// # Errors
    /// [`NetError::Misuse`] if more is written than announced; [`NetError::Refused`] if the worker refuses the shard meanwhile;
    /// [`NetError::TooSlow`] if it takes bytes too slowly; errors of the stream. All of them end the stream.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), NetError> {
        let count = to_u64(bytes.len());
        self.missing = self
            .missing
            .checked_sub(count)
            .ok_or(NetError::Misuse { what: "more bytes were written than announced" })?;
        let Channel { inlet, outlet } = &mut self.client.channel;
        for chunk in bytes.chunks(to_usize(MAX_CHUNK_LEN.into())) {
            let len = to_u32(chunk.len());
            let request = PutRequest::Chunk { len };
            tokio::select! {
                biased;
                sent = outlet.send(&request, chunk) => if let Err(error) = sent {
                    return Err(reason_for_end(inlet).await.unwrap_or(error));
                },
                // A worker sends a reply in the middle of a shard only to refuse it.
                reply = inlet.message::<PutReply>(Patience::For(Duration::MAX)) => return Err(refused_meanwhile(reply)),
            }
        }
        Ok(())
    }

    /// Sends the header and roots that the bytes must match, and waits until the worker has stored them durably.
    ///
    /// # Errors
    /// [`NetError::Refused`] with the worker's reason, and the stream stays usable; [`NetError::Misuse`] if bytes are missing;
    /// errors of the stream.
    pub async fn finish(self, header: ObjectHeader, shard_roots: &[Hash]) -> Result<ObjectId, NetError> {
        if self.missing > 0 {
            return Err(NetError::Misuse { what: "the shard is finished before all its bytes were written" });
        }
        let client = self.client;
        client.usable = true;
        let request = PutRequest::Close(CloseShard { header, shard_roots: shard_roots.to_vec() });
        match client.exchange(&request).await? {
            PutReply::Stored { object } => Ok(object),
            other => Err(client.unexpected(other)),
        }
    }
}

fn refused_meanwhile(reply: Result<PutReply, NetError>) -> NetError {
    match reply {
        Ok(PutReply::Refused(refusal)) => NetError::Refused(refusal),
        Ok(_) => NetError::malformed(PutReply::NAME, "it came in the middle of a shard"),
        Err(error) => error,
    }
}
