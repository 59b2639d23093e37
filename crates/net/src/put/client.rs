//! The half that a client drives.

use crate::{
    config::Timing,
    error::NetError,
    framing::{BoxedIo, Channel, Inlet, Patience},
    wire::{
        MAX_CHUNK_LEN, Message,
        put::{CloseShard, OpenShard, PutReply, PutRequest, SignBatch},
    },
};
use meganet_primitives::{
    hash::Hash,
    object::{ObjectHeader, ObjectId},
    receipt::{PeerKey, Receipt},
};
use std::time::Duration;

/// How long to look for the reason when a write fails: the worker says it before it ends the stream.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A put stream to one worker: any number of shards and receipts, one after another.
///
/// After an error other than a refusal at [`begin`](Self::begin), [`ShardWriter::finish`] or [`sign`](Self::sign) the
/// stream is dead and every further call answers [`NetError::Closed`]: open another one. The same holds when a
/// future of one of its methods, or a [`ShardWriter`], is dropped before it is done.
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

    /// Whether the stream can still be used.
    pub fn is_usable(&self) -> bool {
        self.usable
    }

    /// Announces a shard; the worker says whether it wants it.
    ///
    /// # Errors
    /// [`NetError::Refused`] with the worker's reason, and the stream stays usable; errors of the stream.
    pub async fn begin(&mut self, shard: OpenShard) -> Result<ShardWriter<'_>, NetError> {
        match self.exchange(&PutRequest::Open(shard)).await? {
            PutReply::Go => {
                // Until the shard is finished, nothing else can be said on this stream.
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

    /// Ends the stream in good order. Dropping it does as well, at the price of a log line at the worker.
    ///
    /// # Errors
    /// Errors of the stream; nothing that was acknowledged depends on them.
    pub async fn close(mut self) -> Result<(), NetError> {
        self.channel.outlet.close().await
    }

    async fn exchange(&mut self, request: &PutRequest) -> Result<PutReply, NetError> {
        if !self.usable {
            return Err(NetError::Closed { what: PutRequest::NAME });
        }
        // Stays false when this future is dropped or fails half way.
        self.usable = false;
        if let Err(error) = self.channel.outlet.send_now(request, &[]).await {
            return Err(last_words(&mut self.channel.inlet).await.unwrap_or(error));
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
                NetError::malformed(PutReply::NAME, "it does not answer what was asked")
            }
        }
    }
}

/// The reason that a worker gave before it ended the stream, if it did.
async fn last_words(inlet: &mut Inlet) -> Option<NetError> {
    match inlet.message::<PutReply>(Patience::For(LAST_WORDS)).await {
        Ok(PutReply::Refused(refusal)) => Some(NetError::Refused(refusal)),
        _ => None,
    }
}

/// A shard on its way to a worker. Dropping it before [`finish`](Self::finish) gives the shard up.
pub struct ShardWriter<'a> {
    client: &'a mut PutClient,
    missing: u64,
}

impl ShardWriter<'_> {
    /// Bytes that are still to be written.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Sends the shard's next bytes, of any number. Waits while the worker is behind: this is the back-pressure.
    ///
    /// # Errors
    /// [`NetError::Misuse`] when more is written than announced; [`NetError::Refused`] when the worker gives the
    /// shard up; [`NetError::TooSlow`] when it takes bytes too slowly; errors of the stream. All of them end the stream.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), NetError> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.missing = self
            .missing
            .checked_sub(count)
            .ok_or(NetError::Misuse { what: "more bytes were written than announced" })?;
        let Channel { inlet, outlet } = &mut self.client.channel;
        for chunk in bytes.chunks(usize::try_from(MAX_CHUNK_LEN).unwrap_or(usize::MAX)) {
            let len = u32::try_from(chunk.len()).unwrap_or(MAX_CHUNK_LEN);
            let request = PutRequest::Chunk { len };
            tokio::select! {
                biased;
                sent = outlet.send(&request, chunk) => if let Err(error) = sent {
                    return Err(last_words(inlet).await.unwrap_or(error));
                },
                // A worker speaks in the middle of a shard only to give it up.
                reply = inlet.message::<PutReply>(Patience::For(Duration::MAX)) => return Err(given_up(reply)),
            }
        }
        Ok(())
    }

    /// Says what the bytes must turn out to be, and waits until the worker has them durably.
    ///
    /// # Errors
    /// [`NetError::Refused`] with the worker's reason, and the stream stays usable; [`NetError::Misuse`] when bytes
    /// are missing; errors of the stream.
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

fn given_up(reply: Result<PutReply, NetError>) -> NetError {
    match reply {
        Ok(PutReply::Refused(refusal)) => NetError::Refused(refusal),
        Ok(_) => NetError::malformed(PutReply::NAME, "it came in the middle of a shard"),
        Err(error) => error,
    }
}
