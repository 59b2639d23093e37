//! One stream between two peers: length-prefixed messages and raw bytes, every wait and every length bounded.
//!
//! A [`Channel`] works over anything that reads and writes bytes, so that the protocols run unchanged over libp2p
//! streams and over in-memory pipes. Reading a message is cancel-safe; writing is not, and a channel whose write was
//! abandoned must not be used again (the protocol code ensures that).

use crate::{budget::Loan, config::Timing, error::NetError, pace::Credit, wire::Message};
use codec::DecodeAll;
use meganet_primitives::convert::to_u64;
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split},
    time::timeout,
};

/// Bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for T {}

/// A stream of any kind.
pub type BoxedIo = Box<dyn Duplex>;

/// The most bytes read ahead while a message is expected.
const READ_AHEAD: u64 = 4 * 1024;
/// A buffer that grew beyond this for one message is shrunk afterwards: a server keeps two for each of its streams.
const KEEP_BUFFER: usize = 16 * 1024;
/// Raw bytes up to this number are sent in one write with their message.
const COPIED: usize = 64 * 1024;
/// A large message borrows memory in pieces of this many bytes.
const PIECE: usize = 256 * 1024;
/// How long a peer may take to read the refusal that ends its stream.
const PARTING: Duration = Duration::from_secs(2);
/// Length prefix and kind byte: read before a message is accepted.
const HEAD: usize = 5;

/// Both directions of a stream.
pub(crate) struct Channel {
    pub(crate) inlet: Inlet,
    pub(crate) outlet: Outlet,
}

impl Channel {
    pub(crate) fn new(io: BoxedIo, timing: Timing) -> Self {
        let (reader, writer) = split(io);
        Channel {
            inlet: Inlet { io: reader, buffer: Vec::new(), credit: Credit::new(timing.pace) },
            outlet: Outlet { io: writer, buffer: Vec::new(), credit: Credit::new(timing.pace), what: "request" },
        }
    }

    /// Sends a refusal after which the stream cannot continue, and ends it.
    pub(crate) async fn part_with<M: Message>(&mut self, refusal: &M) -> Result<(), NetError> {
        self.outlet.send_now(refusal, &[]).await?;
        self.outlet.close().await?;
        self.inlet.drain(PARTING).await;
        Ok(())
    }

    /// As [`part_with`](Self::part_with), once the peer's first message has begun: for streams over a limit.
    pub(crate) async fn reject<M: Message>(&mut self, refusal: &M, patience: Duration) {
        let rejected = async {
            self.inlet.wait("request", patience).await?;
            self.part_with(refusal).await
        };
        if let Err(error) = rejected.await {
            tracing::debug!(%error, "a client over the limit did not wait for the refusal");
        }
    }
}

/// The incoming direction.
pub(crate) struct Inlet {
    io: ReadHalf<BoxedIo>,
    /// The bytes read but not yet used.
    buffer: Vec<u8>,
    credit: Credit,
}

/// The timeout for a message to begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// This long: the message begins a new transfer.
    For(Duration),
    /// It continues a transfer under way, and must keep its pace.
    Pace,
}

/// The encoded length of a message, checked against its kind's limit before the message itself is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced(usize);

impl Announced {
    /// Bytes of the message.
    pub(crate) fn len(self) -> usize {
        self.0
    }
}

impl Inlet {
    /// Removes bytes that were used, also where more have been read: the buffer of a peer that always sends ahead would grow
    /// for ever otherwise.
    fn consume(&mut self, count: usize) {
        self.buffer.drain(..count.min(self.buffer.len()));
        self.buffer.shrink_to(KEEP_BUFFER);
    }

    /// Frees what was read of a message that is given up: the stream cannot continue.
    pub(crate) fn forget(&mut self) {
        self.buffer = Vec::new();
    }

    /// Reads at least one more byte. Returns false at the end of the stream.
    async fn fill(&mut self, what: &'static str) -> Result<bool, NetError> {
        let Inlet { io, buffer, credit } = self;
        let mut ahead = io.take(READ_AHEAD);
        Ok(credit.spend(what, ahead.read_buf(buffer)).await? > 0)
    }

    /// Waits for the first byte of a message. Returns false if the peer has closed the stream instead.
    pub(crate) async fn wait(&mut self, what: &'static str, limit: Duration) -> Result<bool, NetError> {
        if !self.buffer.is_empty() {
            return Ok(true);
        }
        // Only `limit` applies to this wait: the pace must not cut it short.
        let Inlet { io, buffer, .. } = self;
        let mut ahead = io.take(READ_AHEAD);
        match timeout(limit, ahead.read_buf(buffer)).await {
            Ok(Ok(count)) => Ok(count > 0),
            Ok(Err(error)) => Err(NetError::io(what, &error)),
            Err(_) => Err(NetError::TooSlow { what, waited: limit }),
        }
    }

    /// Waits for a message to begin, and returns its length; `None` if the peer has closed the stream instead.
    pub(crate) async fn announced<M: Message>(&mut self, patience: Patience) -> Result<Option<Announced>, NetError> {
        if let Patience::For(limit) = patience {
            if !self.wait(M::NAME, limit).await? {
                return Ok(None);
            }
            self.credit.renew();
        }
        loop {
            if let Some((head, _)) = self.buffer.split_first_chunk::<HEAD>() {
                let [a, b, c, d, kind] = *head;
                let len = u32::from_le_bytes([a, b, c, d]);
                if len == 0 {
                    return Err(NetError::malformed(M::NAME, "it is empty"));
                }
                let Some(limit) = M::limit(kind) else {
                    return Err(NetError::malformed(M::NAME, format!("kind {kind} is unknown to this version")));
                };
                if len > limit {
                    return Err(NetError::TooLong { what: M::NAME, len: len.into(), limit: limit.into() });
                }
                let len = usize::try_from(len)
                    .map_err(|_| NetError::malformed(M::NAME, "its length does not fit into memory"))?;
                return Ok(Some(Announced(len)));
            }
            if !self.fill(M::NAME).await? {
                return Err(NetError::Closed { what: M::NAME });
            }
        }
    }

    /// Reads the announced message. The buffer grows with the bytes that arrive, not with the announced length.
    pub(crate) async fn announced_body<M: Message>(&mut self, announced: Announced) -> Result<M, NetError> {
        loop {
            let whole = HEAD - 1 + announced.0;
            if let Some(bytes) = self.buffer.get(HEAD - 1..whole) {
                let message =
                    M::decode_all(&mut &*bytes).map_err(|error| NetError::malformed(M::NAME, error.to_string()))?;
                self.consume(whole);
                return Ok(message);
            }
            if !self.fill(M::NAME).await? {
                return Err(NetError::Closed { what: M::NAME });
            }
        }
    }

    /// Reads the announced message into memory that is borrowed as its bytes arrive: twice as much, for the bytes and for what is
    /// decoded from them.
    pub(crate) async fn lent_body<M: Message>(
        &mut self,
        announced: Announced,
        loan: &Loan,
        patience: Duration,
    ) -> Result<M, NetError> {
        let whole = HEAD - 1 + announced.0;
        while self.buffer.len() < whole {
            if self.buffer.len() == self.buffer.capacity() {
                let piece = PIECE.min(whole - self.buffer.len());
                loan.grow(piece.saturating_mul(2), patience).await?;
                // Exactly: a vector would double its memory otherwise.
                self.buffer.reserve_exact(piece);
            }
            if !self.fill(M::NAME).await? {
                return Err(NetError::Closed { what: M::NAME });
            }
        }
        self.announced_body(announced).await
    }

    /// Reads a message that has to follow.
    pub(crate) async fn message<M: Message>(&mut self, patience: Patience) -> Result<M, NetError> {
        match self.announced::<M>(patience).await? {
            Some(announced) => self.announced_body(announced).await,
            None => Err(NetError::Closed { what: M::NAME }),
        }
    }

    /// Appends exactly `len` raw bytes to `into`.
    pub(crate) async fn bulk(&mut self, what: &'static str, into: &mut Vec<u8>, len: usize) -> Result<(), NetError> {
        into.reserve_exact(len);
        let buffered = self.buffer.get(..len.min(self.buffer.len())).unwrap_or_default();
        into.extend_from_slice(buffered);
        let taken = buffered.len();
        self.consume(taken);
        let mut missing = len - taken;
        while missing > 0 {
            let mut rest = (&mut self.io).take(to_u64(missing));
            let count = self.credit.spend(what, rest.read_buf(into)).await?;
            if count == 0 {
                return Err(NetError::Closed { what });
            }
            missing -= count;
        }
        Ok(())
    }

    /// Discards incoming bytes until the stream ends, `limit` has passed, or 8 MiB have arrived. So a peer in the middle of writing
    /// can read our last message before the stream is closed.
    pub(crate) async fn drain(&mut self, limit: Duration) {
        let mut scratch = vec![0; 16 * 1024];
        let sink = async {
            for _ in 0..512 {
                match self.io.read(&mut scratch).await {
                    Ok(count) if count > 0 => {}
                    _ => break,
                }
            }
        };
        // A timeout is expected here.
        drop(timeout(limit, sink).await);
    }
}

/// The outgoing direction.
pub(crate) struct Outlet {
    io: WriteHalf<BoxedIo>,
    buffer: Vec<u8>,
    credit: Credit,
    what: &'static str,
}

impl Outlet {
    /// Sends a message and the raw bytes that it announces, as part of the transfer under way.
    pub(crate) async fn send<M: Message>(&mut self, message: &M, bulk: &[u8]) -> Result<(), NetError> {
        self.what = M::NAME;
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0; HEAD - 1]);
        message.encode_to(&mut self.buffer);
        self.seal::<M>()?;
        if bulk.len() <= COPIED {
            // One write for both: separate small packets cost more than this copy.
            self.buffer.extend_from_slice(bulk);
            let Outlet { io, buffer, credit, what } = self;
            write_all(io, credit, what, buffer).await?;
        } else {
            let Outlet { io, buffer, credit, what } = self;
            write_all(io, credit, what, buffer).await?;
            write_all(io, credit, what, bulk).await?;
        }
        self.buffer.clear();
        self.buffer.shrink_to(KEEP_BUFFER);
        Ok(())
    }

    /// Writes the length prefix. Fails if the peer would have to refuse the message.
    fn seal<M: Message>(&mut self) -> Result<(), NetError> {
        let len = self.buffer.len() - (HEAD - 1);
        let kind = self.buffer.get(HEAD - 1).copied().unwrap_or(u8::MAX);
        let limit = M::limit(kind).unwrap_or(0);
        match u32::try_from(len) {
            Ok(short) if short <= limit => {
                if let Some((prefix, _)) = self.buffer.split_first_chunk_mut::<4>() {
                    *prefix = short.to_le_bytes();
                }
                Ok(())
            }
            _ => Err(NetError::TooLong { what: M::NAME, len: to_u64(len), limit: limit.into() }),
        }
    }

    /// Flushes everything written so far to the transport.
    pub(crate) async fn flush(&mut self) -> Result<(), NetError> {
        let Outlet { io, credit, what, .. } = self;
        credit.spend(what, async { io.flush().await.map(|()| 0) }).await.map(|_| ())
    }

    /// Sends a message and its raw bytes as a new transfer, and flushes.
    pub(crate) async fn send_now<M: Message>(&mut self, message: &M, bulk: &[u8]) -> Result<(), NetError> {
        self.credit.renew();
        self.send(message, bulk).await?;
        self.flush().await
    }

    /// Ends this direction.
    pub(crate) async fn close(&mut self) -> Result<(), NetError> {
        let Outlet { io, credit, what, .. } = self;
        credit.spend(what, async { io.shutdown().await.map(|()| 0) }).await.map(|_| ())
    }
}

async fn write_all(
    io: &mut WriteHalf<BoxedIo>,
    credit: &mut Credit,
    what: &'static str,
    mut bytes: &[u8],
) -> Result<(), NetError> {
    while !bytes.is_empty() {
        let count = credit.spend(what, io.write(bytes)).await?;
        if count == 0 {
            return Err(NetError::Closed { what });
        }
        bytes = bytes.get(count..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
