//! The network between clients and workers.
//!
//! Peers are Ed25519 keys ([`PeerKey`](meganet_primitives::receipt::PeerKey)): the chain stores keys and never
//! addresses, and this crate finds the addresses. Everybody holds a [`Net`], a cheap handle; whoever serves also holds
//! an [`Incoming`], which yields the streams that others open.
//!
//! From the outside in:
//!
//! - [`handle`]: [`Net`] and [`Incoming`]. [`Net::put_client`] and [`Net::get_client`] find the peer, connect, and
//!   open streams; incoming ones pass a doorkeeper that counts them by peer and tells the surplus `Busy`.
//! - [`put`] and [`get`]: the two halves of both protocols, typed by state, over any pair of byte streams.
//! - [`wire`]: their messages. [`framing`]: how a message travels; lengths are checked before anything is kept.
//!   `pace`: how slow peers are cut. `budget`: how much memory large messages may take together.
//! - [`transport`]: the object-safe trait below all that. [`memory`] implements it with pipes, for tests; `runner`
//!   with libp2p: one task owns the swarm (`behaviour`: Kademlia, identify, ping, limits, and `streams`, which carries
//!   the two protocols), and whoever needs it sends commands.
//!
//! Searching: a worker's addresses reach the routing tables by identify, under a protocol name that carries the
//! genesis hash, so that chains never mix. What a peer no longer announces is forgotten, so that one that comes back
//! elsewhere is found there. NAT traversal is not attempted; external addresses can be given.
//!
//! Three rules hold for every stream. One side speaks at a time (a libp2p muxer may dead-lock when both sides write
//! past their windows). Every wait has an end: for a message to begin, and for its bytes by [`config::Pace`]. Whatever
//! a peer makes us hold is bounded by [`Limits`] and [`wire`], not by the peer.

pub mod config;
pub mod error;
pub mod framing;
pub mod get;
pub mod handle;
pub mod memory;
pub mod peer;
pub mod put;
pub mod transport;
pub mod wire;

mod behaviour;
mod budget;
mod limit;
mod muxer;
mod pace;
mod runner;
mod streams;

pub use config::{Limits, NetConfig, Pace, Timing};
pub use error::NetError;
pub use framing::{BoxedIo, Duplex};
pub use get::{Answer, Frames, GetCall, GetClient, GetServer};
pub use handle::{Incoming, IncomingStream, Net};
pub use libp2p::{Multiaddr, PeerId, identity::Keypair};
pub use peer::{peer_id, peer_key};
pub use put::{CloseCall, OpenCall, PutCall, PutClient, PutServer, ShardUpload, ShardWriter, SignCall};
pub use transport::{Protocol, Status, Transport};
pub use wire::{
    get::{FrameRange, GetRefusal, LeafPlace, ObjectInfo, RangePage, RangeQuery},
    put::{CloseShard, OpenShard, Refusal, SignBatch},
};
