//! What carries the protocols: an object-safe trait with two implementations, libp2p and memory.

use crate::{error::NetError, framing::BoxedIo};
use futures::future::BoxFuture;
use libp2p::Multiaddr;
use meganet_primitives::receipt::PeerKey;

/// The protocols that streams are opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Storing.
    Put,
    /// Reading.
    Get,
}

impl Protocol {
    /// Its name and version, without the chain.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Put => "put/1",
            Protocol::Get => "get/1",
        }
    }
}

/// Finds peers and opens streams to them.
pub trait Transport: Send + Sync + 'static {
    /// This peer's own key.
    fn local(&self) -> PeerKey;

    /// Finds the peer if there is no connection to it yet, and connects to it.
    fn find(&self, peer: PeerKey) -> BoxFuture<'_, Result<(), NetError>>;

    /// Opens a stream for a protocol, finding the peer first if need be.
    fn open(&self, peer: PeerKey, protocol: Protocol) -> BoxFuture<'_, Result<BoxedIo, NetError>>;

    /// Connects to an address, whoever is there.
    fn connect(&self, address: Multiaddr) -> BoxFuture<'_, Result<PeerKey, NetError>>;

    /// What the network looks like from here.
    fn status(&self) -> Status;

    /// Ends it all.
    fn stop(&self);
}

/// What the network looks like from here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Peers with a connection.
    pub connected: Vec<PeerKey>,
    /// Addresses this peer listens on, without its peer id.
    pub listening: Vec<Multiaddr>,
    /// Addresses under which others are told to reach this peer.
    pub external: Vec<Multiaddr>,
    /// Peers in the routing table: those that can be asked where others are.
    pub known: usize,
    /// Incoming put and get streams that are open.
    pub streams: usize,
}
