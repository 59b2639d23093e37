//! The transport of both protocols: an object-safe trait, implemented over libp2p and in memory.

use crate::{ended::NetEnd, error::NetError, framing::BoxedIo};
use futures::future::BoxFuture;
use libp2p::Multiaddr;
use meganet_primitives::receipt::PeerKey;
use std::collections::BTreeSet;

/// The protocols that streams are opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Storing.
    Put,
    /// Reading.
    Get,
}

impl Protocol {
    /// Returns its name and version, without the chain.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Put => "put/1",
            Protocol::Get => "get/1",
        }
    }
}

/// Finds peers and opens streams to them.
pub trait Transport: Send + Sync + 'static {
    /// Returns this peer's key.
    fn local(&self) -> PeerKey;

    /// Finds a peer and connects to it, unless it is connected already.
    fn find(&self, peer: PeerKey) -> BoxFuture<'_, Result<(), NetError>>;

    /// Opens a stream for a protocol, after finding the peer if necessary.
    fn open(&self, peer: PeerKey, protocol: Protocol) -> BoxFuture<'_, Result<BoxedIo, NetError>>;

    /// Connects to an address, and returns the key of the peer there.
    fn connect(&self, address: Multiaddr) -> BoxFuture<'_, Result<PeerKey, NetError>>;

    /// Returns the connections and addresses of this peer.
    fn status(&self) -> NetStatus;

    /// Keeps connections and streams for these peers, whatever strangers take up. They replace those that were set before.
    fn prefer(&self, peers: BTreeSet<PeerKey>);

    /// Resolves with the reason once the network has ended. Does not keep it from ending.
    fn ended(&self) -> BoxFuture<'static, NetEnd>;

    /// Closes all connections and streams.
    fn stop(&self);
}

/// The connections and addresses of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetStatus {
    /// Connected peers.
    pub connected: Vec<PeerKey>,
    /// Addresses it listens on, without its peer id.
    pub listening: Vec<Multiaddr>,
    /// Addresses that it announces to others in addition.
    pub external: Vec<Multiaddr>,
    /// Peers in the routing table: those that it can ask for the addresses of others.
    pub known: usize,
    /// Open incoming put and get streams.
    pub streams: usize,
}
