//! [`Net`], the cheap handle that everybody holds, and [`Incoming`], what others want from this peer.

use crate::{
    budget::Budget,
    config::{Limits, NetConfig},
    error::NetError,
    framing::BoxedIo,
    get::{GetClient, GetServer, Pool},
    limit::StreamLimit,
    put::{PutClient, PutServer},
    transport::{Protocol, Status, Transport},
    wire::{get::GetRefusal, put::Refusal},
};
use libp2p::Multiaddr;
use meganet_primitives::receipt::PeerKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Semaphore, mpsc};

/// Pools above this number are tidied away when they hold nothing.
const MANY_POOLS: usize = 256;
/// Streams over a limit that are told so at the same time; further ones are just dropped.
const TURNED_AWAY: usize = 64;

/// A peer of the network. Cheap to clone; the network, and every client and stream of it, ends when the last clone is
/// gone, or by [`shutdown`](Self::shutdown).
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<dyn Transport>,
    limits: Limits,
    pools: Mutex<HashMap<[u8; 32], Arc<Pool>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.transport.stop();
    }
}

impl Net {
    /// Starts a libp2p peer and returns once it listens. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// [`NetError::Setup`] when an address cannot be listened on; [`NetError::BadKey`] when the identity is no
    /// Ed25519 key.
    pub async fn start(config: NetConfig) -> Result<(Net, Incoming), NetError> {
        crate::runner::start(config).await
    }

    /// A handle over any transport.
    pub fn over(transport: Arc<dyn Transport>, limits: Limits) -> Net {
        Net { inner: Arc::new(Inner { transport, limits, pools: Mutex::default() }) }
    }

    /// This peer's own key.
    pub fn local_key(&self) -> PeerKey {
        self.inner.transport.local()
    }

    /// Opens a put stream to a worker. Several may be open at once.
    ///
    /// # Errors
    /// [`NetError::NotFound`], [`NetError::Unreachable`], [`NetError::OtherChain`], [`NetError::NotServing`]; errors of
    /// the stream.
    pub async fn put_client(&self, peer: PeerKey) -> Result<PutClient, NetError> {
        let io = self.inner.transport.open(peer, Protocol::Put).await?;
        Ok(PutClient::over(io, peer, self.inner.limits.asking))
    }

    /// A client for reading from a worker. All clients for one peer share its pool of streams.
    ///
    /// # Errors
    /// As [`put_client`](Self::put_client).
    pub async fn get_client(&self, peer: PeerKey) -> Result<GetClient, NetError> {
        let client = self.lazy_get_client(peer);
        client.warm_up().await?;
        Ok(client)
    }

    /// As [`get_client`](Self::get_client), but connects at the first request.
    pub fn lazy_get_client(&self, peer: PeerKey) -> GetClient {
        let mut pools = self.inner.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= MANY_POOLS && !pools.contains_key(&peer.0) {
            pools.retain(|_, pool| Arc::strong_count(pool) > 1 || !pool.is_empty());
        }
        let pool = pools
            .entry(peer.0)
            .or_insert_with(|| Arc::new(Pool::new(peer, self.inner.limits, self.inner.transport.clone())));
        GetClient::new(pool.clone())
    }

    /// Finds a peer and connects to it, if there is no connection yet.
    ///
    /// # Errors
    /// [`NetError::NotFound`] when nobody knows an address; [`NetError::Unreachable`] when none of them answers.
    pub async fn find(&self, peer: PeerKey) -> Result<(), NetError> {
        self.inner.transport.find(peer).await
    }

    /// Connects to an address and says who is there.
    ///
    /// # Errors
    /// [`NetError::BadAddress`] when the address cannot be dialled or nobody answers there.
    pub async fn connect(&self, address: Multiaddr) -> Result<PeerKey, NetError> {
        self.inner.transport.connect(address).await
    }

    /// What carries the protocols, for whoever speaks them without the clients above: streams of bytes, unbounded as they are.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }

    /// What the network looks like from here.
    pub fn status(&self) -> Status {
        self.inner.transport.status()
    }

    /// Peers with a connection.
    pub fn connected_peers(&self) -> usize {
        self.status().connected.len()
    }

    /// Whether there is a connection to the peer now.
    pub fn is_connected(&self, peer: PeerKey) -> bool {
        self.status().connected.contains(&peer)
    }

    /// Addresses for others to dial, each with this peer's id: the external ones, then those it listens on.
    pub fn addresses(&self) -> Vec<Multiaddr> {
        let status = self.status();
        let Ok(id) = crate::peer::peer_id(&self.local_key()) else {
            return Vec::new();
        };
        let all = status.external.into_iter().chain(status.listening);
        all.filter_map(|address| address.with_p2p(id).ok()).collect()
    }

    /// Closes all connections and streams.
    pub fn shutdown(&self) {
        self.inner.transport.stop();
    }
}

/// A stream that another peer opened.
pub enum IncomingStream {
    /// It wants to store.
    Put(PutServer),
    /// It wants to read.
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

/// The streams that other peers open. Take them quickly and serve each in a task of its own.
pub struct Incoming {
    streams: mpsc::Receiver<IncomingStream>,
}

impl Incoming {
    /// The next stream; `None` when the network has ended, and for a reader at once.
    pub async fn next(&mut self) -> Option<IncomingStream> {
        self.streams.recv().await
    }
}

/// Lets streams in, within the limits. One for each network; clones share the limits.
#[derive(Clone)]
pub(crate) struct Doorkeeper {
    limits: Limits,
    streams: StreamLimit,
    budget: Budget,
    turned_away: Arc<Semaphore>,
    admitted: mpsc::Sender<IncomingStream>,
}

impl Doorkeeper {
    pub(crate) fn new(limits: Limits) -> (Self, Incoming) {
        let (admitted, streams) = mpsc::channel(limits.streams.max(1));
        let keeper = Doorkeeper {
            limits,
            streams: StreamLimit::new(limits.streams, limits.streams_per_peer),
            budget: Budget::new(limits.large_messages),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            admitted,
        };
        (keeper, Incoming { streams })
    }

    /// Whether both are clones of the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.turned_away, &other.turned_away)
    }

    /// Streams that are open.
    pub(crate) fn open(&self) -> usize {
        self.streams.open()
    }

    /// Takes a stream in, or tells its peer that it is one too many. Must be called on a Tokio runtime.
    pub(crate) fn admit(&self, peer: PeerKey, protocol: Protocol, io: BoxedIo) {
        let permit = self.streams.admit(peer);
        let admitted = permit.is_some();
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
        tracing::debug!(peer = %crate::peer::show(&peer), ?protocol, "one stream too many");
        if let Ok(place) = self.turned_away.clone().try_acquire_owned() {
            tokio::spawn(async move {
                match refused {
                    IncomingStream::Put(stream) => stream.turn_away(Refusal::Busy).await,
                    IncomingStream::Get(stream) => stream.turn_away(GetRefusal::Busy).await,
                }
                drop(place);
            });
        }
    }
}
