//! [`Net`], the handle of a peer of the network.

use crate::{
    config::NetLimits,
    ended::NetEnd,
    error::NetError,
    get::{GetClient, Pool},
    peer::peer_id,
    put::PutClient,
    transport::{NetStatus, Protocol, Transport},
};
use futures::future::BoxFuture;
use libp2p::Multiaddr;
use meganet_primitives::receipt::PeerKey;
use parking_lot::Mutex;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// With more pools than this, empty ones are removed.
const MANY_POOLS: usize = 256;

/// A peer of the network. Cheap to clone. The network, with its clients and streams, ends when the last clone is dropped, or by
/// [`shutdown`](Self::shutdown).
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<dyn Transport>,
    limits: NetLimits,
    pools: Mutex<HashMap<[u8; 32], Arc<Pool>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.transport.stop();
    }
}

impl Net {
    /// A handle over any transport. [`Net::start`] makes one over libp2p.
    pub fn over(transport: Arc<dyn Transport>, limits: NetLimits) -> Net {
        Net { inner: Arc::new(Inner { transport, limits, pools: Mutex::default() }) }
    }

    /// Returns this peer's key.
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

    /// Returns a client that reads from a worker, and connects to it. All clients of one peer share its pool of streams.
    ///
    /// # Errors
    /// As [`put_client`](Self::put_client).
    pub async fn get_client(&self, peer: PeerKey) -> Result<GetClient, NetError> {
        let client = self.lazy_get_client(peer);
        client.warm_up().await?;
        Ok(client)
    }

    /// Like [`get_client`](Self::get_client), but connects at the first request.
    pub fn lazy_get_client(&self, peer: PeerKey) -> GetClient {
        let mut pools = self.inner.pools.lock();
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
    /// [`NetError::NotFound`] if no address is known; [`NetError::Unreachable`] if none of them answers.
    pub async fn find(&self, peer: PeerKey) -> Result<(), NetError> {
        self.inner.transport.find(peer).await
    }

    /// Connects to an address and returns the key of the peer there.
    ///
    /// # Errors
    /// [`NetError::BadAddress`] if the address cannot be dialled or no peer answers there.
    pub async fn connect(&self, address: Multiaddr) -> Result<PeerKey, NetError> {
        self.inner.transport.connect(address).await
    }

    /// Returns the transport below the clients: raw streams without their bounds.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }

    /// Keeps connections and streams for these peers, whatever strangers take up. They replace those that were set before.
    pub fn prefer(&self, peers: BTreeSet<PeerKey>) {
        self.inner.transport.prefer(peers);
    }

    /// Returns the connections and addresses of this peer.
    pub fn status(&self) -> NetStatus {
        self.inner.transport.status()
    }

    /// Returns the number of connected peers.
    pub fn connected_peers(&self) -> usize {
        self.status().connected.len()
    }

    /// Returns addresses for others to dial, each with this peer's id: external ones first, then those it listens on.
    pub fn addresses(&self) -> Vec<Multiaddr> {
        let status = self.status();
        let Ok(id) = peer_id(&self.local_key()) else {
            return Vec::new();
        };
        let all = status.external.into_iter().chain(status.listening);
        all.filter_map(|address| address.with_p2p(id).ok()).collect()
    }

    /// Resolves with the reason once the network has ended: it was shut down, its task failed, or, for a peer that listens, the
    /// last listener was lost. A program should end then, because nothing brings the network back. Does not count as a clone.
    pub fn ended(&self) -> BoxFuture<'static, NetEnd> {
        self.inner.transport.ended()
    }

    /// Closes all connections and streams.
    pub fn shutdown(&self) {
        self.inner.transport.stop();
    }
}
