//! A network in memory: the same handles and protocols over pipes, for tests of clients and workers without sockets.

use crate::{
    config::Limits,
    error::NetError,
    framing::BoxedIo,
    handle::{Doorkeeper, Incoming, Net},
    transport::{Protocol, Status, Transport},
};
use futures::future::BoxFuture;
use libp2p::Multiaddr;
use meganet_primitives::receipt::PeerKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 256 * 1024;

/// Where peers in memory meet. Clones are the same place.
#[derive(Clone, Default)]
pub struct Hub {
    peers: Arc<Mutex<HashMap<[u8; 32], Doorkeeper>>>,
}

impl Hub {
    /// An empty place.
    pub fn new() -> Self {
        Hub::default()
    }

    /// Joins as a worker that others can find, replacing an earlier one with the same key.
    pub fn worker(&self, key: PeerKey, limits: Limits) -> (Net, Incoming) {
        let (door, incoming) = Doorkeeper::new(limits);
        self.peers().insert(key.0, door.clone());
        (self.join(key, limits, Some(door)), incoming)
    }

    /// Joins as a reader: it can open streams, but none is opened to it.
    pub fn reader(&self, key: PeerKey, limits: Limits) -> Net {
        self.join(key, limits, None)
    }

    /// Makes a worker unreachable for new streams, as if it had gone offline. Open streams go on.
    pub fn disconnect(&self, key: PeerKey) {
        self.peers().remove(&key.0);
    }

    fn join(&self, key: PeerKey, limits: Limits, door: Option<Doorkeeper>) -> Net {
        Net::over(Arc::new(Member { key, hub: self.clone(), door }), limits)
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<[u8; 32], Doorkeeper>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One peer's view of a [`Hub`].
struct Member {
    key: PeerKey,
    hub: Hub,
    door: Option<Doorkeeper>,
}

impl Transport for Member {
    fn local(&self) -> PeerKey {
        self.key
    }

    fn find(&self, peer: PeerKey) -> BoxFuture<'_, Result<(), NetError>> {
        let found = if self.hub.peers().contains_key(&peer.0) { Ok(()) } else { Err(NetError::NotFound { peer }) };
        Box::pin(async move { found })
    }

    fn open(&self, peer: PeerKey, protocol: Protocol) -> BoxFuture<'_, Result<BoxedIo, NetError>> {
        Box::pin(async move {
            let door = self.hub.peers().get(&peer.0).cloned().ok_or(NetError::NotFound { peer })?;
            let (ours, theirs) = tokio::io::duplex(PIPE);
            door.admit(self.key, protocol, Box::new(theirs));
            Ok(Box::new(ours) as BoxedIo)
        })
    }

    fn connect(&self, address: Multiaddr) -> BoxFuture<'_, Result<PeerKey, NetError>> {
        let refused = NetError::BadAddress { address: address.to_string(), reason: "this network is in memory".into() };
        Box::pin(async move { Err(refused) })
    }

    fn status(&self) -> Status {
        let peers = self.hub.peers();
        let connected: Vec<_> = peers.keys().filter(|key| **key != self.key.0).map(|key| PeerKey(*key)).collect();
        Status {
            known: connected.len(),
            connected,
            streams: self.door.as_ref().map_or(0, Doorkeeper::open),
            ..Status::default()
        }
    }

    fn stop(&self) {
        let Some(door) = &self.door else {
            return;
        };
        // A later worker with the same key is not this one.
        let mut peers = self.hub.peers();
        if peers.get(&self.key.0).is_some_and(|present| present.is(door)) {
            peers.remove(&self.key.0);
        }
    }
}
