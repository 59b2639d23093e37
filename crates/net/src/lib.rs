#![doc = include_str!("../README.md")]

pub mod config;
pub mod error;
pub mod framing;
pub mod get;
pub mod handle;
pub mod incoming;
pub mod memory;
pub mod peer;
pub mod put;
pub mod transport;
pub mod wire;

mod behaviour;
mod block;
mod budget;
mod connection_limit;
mod ended;
mod handshake_limit;
mod interrupt;
mod pace;
mod preferred;
mod runner;
mod start;
mod stream_limit;
mod streams;
mod yamux;

pub use config::{NetConfig, NetLimits, Pace, Timing};
pub use ended::NetEnd;
pub use error::NetError;
pub use framing::{BoxedIo, Duplex};
pub use get::{Answer, Frames, GetCall, GetClient, GetServer};
pub use handle::Net;
pub use incoming::{Incoming, IncomingStream};
pub use libp2p::{Multiaddr, PeerId, identity::Keypair};
pub use peer::{BadPeerKey, peer_id, peer_key};
pub use put::{AccountCall, CloseCall, OpenCall, PutCall, PutClient, PutServer, ShardUpload, ShardWriter, SignCall};
pub use transport::{NetStatus, Protocol, Transport};
pub use wire::{
    get::{FrameRange, GetRefusal, LeafPlace, ObjectInfo, RangePage, RangeQuery},
    put::{CloseShard, OpenShard, Refusal, SignBatch, UploadAccount},
};
