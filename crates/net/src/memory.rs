//! A network in memory: the same handles and protocols over pipes, for tests of clients and workers without sockets.

use crate::{
    config::NetLimits,
    ended::{End, NetEnd},
    error::NetError,
    framing::BoxedIo,
    handle::Net,
    incoming::{Admission, Incoming},
    transport::{NetStatus, Protocol, Transport},
};
use futures::future::BoxFuture;
use libp2p::Multiaddr;
use meganet_primitives::receipt::PeerKey;
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// The capacity of a pipe in each direction, in bytes.
const PIPE: usize = 256 * 1024;

/// Connects peers in memory. Clones are the same hub.
#[derive(Clone, Default)]
pub struct Hub {
    peers: Arc<Mutex<HashMap<[u8; 32], Worker>>>,
}

/// A peer that others can find.
struct Worker {
    admission: Admission,
    end: End,
}

impl Hub {
    /// A hub without peers.
    pub fn new() -> Self {
        Hub::default()
    }

    /// Joins as a worker that others can find, replacing an earlier one with the same key.
    pub fn worker(&self, key: PeerKey, limits: NetLimits) -> (Net, Incoming) {
        let (admission, incoming) = Admission::new(limits);
        let end = End::new();
        self.peers().insert(key.0, Worker { admission: admission.clone(), end: end.clone() });
        (self.join(key, limits, Some(admission), end), incoming)
    }

    /// Joins as a reader: it can open streams, but others cannot open streams to it.
    pub fn reader(&self, key: PeerKey, limits: NetLimits) -> Net {
        self.join(key, limits, None, End::new())
    }

    /// Makes a worker unreachable for new streams, as if it were offline. Open streams continue.
    pub fn disconnect(&self, key: PeerKey) {
        self.peers().remove(&key.0);
    }

    /// Ends the network of a worker for this reason, as if it had failed: others no longer find it.
    pub fn end(&self, key: PeerKey, reason: NetEnd) {
        if let Some(worker) = self.peers().remove(&key.0) {
            worker.end.note(reason);
        }
    }

    fn join(&self, key: PeerKey, limits: NetLimits, admission: Option<Admission>, end: End) -> Net {
        Net::over(Arc::new(Member { key, hub: self.clone(), admission, end }), limits)
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<[u8; 32], Worker>> {
        self.peers.lock()
    }
}

/// One peer's view of a [`Hub`].
struct Member {
    key: PeerKey,
    hub: Hub,
    admission: Option<Admission>,
    end: End,
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
            let admission = self.hub.peers().get(&peer.0).map(|worker| worker.admission.clone());
            let admission = admission.ok_or(NetError::NotFound { peer })?;
            let (ours, theirs) = tokio::io::duplex(PIPE);
            admission.admit(self.key, None, protocol, Box::new(theirs));
            Ok(Box::new(ours) as BoxedIo)
        })
    }

    fn connect(&self, address: Multiaddr) -> BoxFuture<'_, Result<PeerKey, NetError>> {
        let refused = NetError::BadAddress { address: address.to_string(), reason: "this network is in memory".into() };
        Box::pin(async move { Err(refused) })
    }

    fn status(&self) -> NetStatus {
        let peers = self.hub.peers();
        let connected: Vec<_> = peers.keys().filter(|key| **key != self.key.0).map(|key| PeerKey(*key)).collect();
        NetStatus {
            known: connected.len(),
            connected,
            streams: self.admission.as_ref().map_or(0, Admission::open),
            ..NetStatus::default()
        }
    }

    fn prefer(&self, peers: BTreeSet<PeerKey>) {
        if let Some(admission) = &self.admission {
            admission.preferred().set(peers);
        }
    }

    fn ended(&self) -> BoxFuture<'static, NetEnd> {
        self.end.noted()
    }

    fn stop(&self) {
        self.end.note(NetEnd::Stopped);
        let Some(admission) = &self.admission else {
            return;
        };
        // Another worker may have joined with the same key since.
        let mut peers = self.hub.peers();
        if peers.get(&self.key.0).is_some_and(|present| present.admission.is(admission)) {
            peers.remove(&self.key.0);
        }
    }
}
