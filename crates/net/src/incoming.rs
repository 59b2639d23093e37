//! Streams that other peers open, and their admission.

use crate::{
    budget::Budget,
    config::NetLimits,
    framing::BoxedIo,
    get::GetServer,
    interrupt::Interruptible,
    peer::show,
    preferred::Preferred,
    put::PutServer,
    stream_limit::StreamLimit,
    transport::Protocol,
    wire::{get::GetRefusal, put::Refusal},
};
use meganet_address_block::AddressBlock;
use meganet_primitives::receipt::PeerKey;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

/// Streams over a limit that are refused with a message at the same time; further ones are dropped.
const REJECTING: usize = 64;

/// A stream that another peer opened.
pub enum IncomingStream {
    /// The peer wants to store shards.
    Put(PutServer),
    /// The peer wants to read.
    Get(GetServer),
}

impl IncomingStream {
    /// The peer that opened it.
    pub fn peer(&self) -> PeerKey {
        match self {
            IncomingStream::Put(stream) => stream.peer(),
            IncomingStream::Get(stream) => stream.peer(),
        }
    }
}

/// The queue of streams that other peers opened. Take them quickly, and serve each in its own task.
pub struct Incoming {
    streams: mpsc::Receiver<IncomingStream>,
}

impl Incoming {
    /// Returns the next stream; `None` once the network has ended, and immediately for a reader.
    pub async fn next(&mut self) -> Option<IncomingStream> {
        self.streams.recv().await
    }
}

/// Admits incoming streams within the limits. One for each network; clones share the limits.
#[derive(Clone)]
pub(crate) struct Admission {
    limits: NetLimits,
    streams: StreamLimit,
    budget: Budget,
    rejecting: Arc<Semaphore>,
    admitted: mpsc::Sender<IncomingStream>,
}

impl Admission {
    pub(crate) fn new(limits: NetLimits) -> (Self, Incoming) {
        let (admitted, streams) = mpsc::channel(limits.streams.max(1));
        let admission = Admission {
            limits,
            streams: StreamLimit::new(limits.streams, limits.streams_per_peer, Preferred::default()),
            budget: Budget::new(limits.large_messages),
            rejecting: Arc::new(Semaphore::new(REJECTING)),
            admitted,
        };
        (admission, Incoming { streams })
    }

    /// Returns true if both are clones of the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rejecting, &other.rejecting)
    }

    /// The number of open streams.
    pub(crate) fn open(&self) -> usize {
        self.streams.open()
    }

    /// The limit on streams.
    pub(crate) fn streams(&self) -> &StreamLimit {
        &self.streams
    }

    /// The peers that go first.
    pub(crate) fn preferred(&self) -> &Preferred {
        self.streams.preferred()
    }

    /// Queues a stream of a peer at an address of this block, or refuses it as busy if a limit is reached. Must be called on a
    /// Tokio runtime.
    pub(crate) fn admit(&self, peer: PeerKey, block: Option<AddressBlock>, protocol: Protocol, io: BoxedIo) {
        let permit = self.streams.admit(peer, block);
        let admitted = permit.is_some();
        let io: BoxedIo = match &permit {
            Some(permit) => Box::new(Interruptible::new(io, permit.ended())),
            None => io,
        };
        let timing = self.limits.serving;
        let stream = match protocol {
            Protocol::Put => IncomingStream::Put(PutServer::over(io, peer, timing, self.budget.clone(), permit)),
            Protocol::Get => IncomingStream::Get(GetServer::over(io, peer, timing, permit)),
        };
        let refused = if admitted {
            match self.admitted.try_send(stream) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(stream)) => stream,
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        } else {
            stream
        };
        tracing::debug!(peer = %show(&peer), ?protocol, "refused a stream over the limits");
        if let Ok(place) = self.rejecting.clone().try_acquire_owned() {
            tokio::spawn(async move {
                match refused {
                    IncomingStream::Put(stream) => stream.reject(Refusal::Busy).await,
                    IncomingStream::Get(stream) => stream.reject(GetRefusal::Busy).await,
                }
                drop(place);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_stream_that_makes_way_ends() {
        let (admission, mut incoming) = Admission::new(NetLimits { streams: 8, ..NetLimits::default() });
        let mut ends = Vec::new();
        let mut open = |seed: u8, block: u8| {
            let (theirs, ours) = tokio::io::duplex(1024);
            let block = Some(AddressBlock::of([192, 0, block, 1].into()));
            admission.admit(PeerKey([seed; 32]), block, Protocol::Get, Box::new(ours));
            ends.push(theirs);
        };
        // Strangers have six places.
        (1..=3).for_each(|seed| open(seed, 1));
        (4..=7).for_each(|seed| open(seed, seed));
        let mut served = Vec::new();
        for _ in 0..7 {
            let Some(IncomingStream::Get(stream)) = incoming.next().await else { panic!("no stream") };
            served.push(stream);
        }
        assert_eq!(admission.open(), 6);
        let ended = served.remove(0).next().await.err().unwrap();
        assert!(ended.is_transient(), "{ended}");
        assert_eq!(admission.open(), 6);
        drop(served);
        assert_eq!(admission.open(), 0);
    }
}
