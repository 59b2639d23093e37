//! The configuration of a peer, with all its bounds.

use libp2p::{Multiaddr, identity::Keypair};
use meganet_primitives::hash::Hash;
use std::time::Duration;

/// How to start a peer.
#[derive(Clone)]
pub struct NetConfig {
    /// Its Ed25519 identity: a worker's registered key, or a fresh one for a reader.
    pub identity: Keypair,
    /// Addresses to listen on, such as `/ip4/0.0.0.0/udp/4001/quic-v1` and `/ip4/0.0.0.0/tcp/4001`. A reader needs none.
    pub listen: Vec<Multiaddr>,
    /// Addresses at which others reach this peer, if they differ from those it listens on (port forwarding).
    pub external: Vec<Multiaddr>,
    /// Peers to join the network through, each ending in `/p2p/<peer id>` if that is known.
    pub bootnodes: Vec<Multiaddr>,
    /// The chain's genesis hash: peers of other chains share no protocol with this one.
    pub genesis: Hash,
    /// Whether to serve put and get and to answer other peers' searches: true for workers, false for readers.
    pub server: bool,
    /// Bounds on memory, streams and waiting.
    pub limits: NetLimits,
}

impl NetConfig {
    /// A reader with a fresh identity: it listens nowhere and serves nothing.
    pub fn reader(genesis: Hash, bootnodes: Vec<Multiaddr>) -> Self {
        NetConfig {
            identity: Keypair::generate_ed25519(),
            listen: Vec::new(),
            external: Vec::new(),
            bootnodes,
            genesis,
            server: false,
            limits: NetLimits::default(),
        }
    }

    /// A worker with the given identity and listen addresses.
    pub fn worker(identity: Keypair, genesis: Hash, listen: Vec<Multiaddr>, bootnodes: Vec<Multiaddr>) -> Self {
        NetConfig {
            identity,
            listen,
            external: Vec::new(),
            bootnodes,
            genesis,
            server: true,
            limits: NetLimits::server(),
        }
    }
}

/// The bounds of a peer. The defaults suit a reader; [`NetLimits::server`] has those of a worker.
#[derive(Clone, Copy, Debug)]
pub struct NetLimits {
    /// Connections at once, both directions, without those that are being closed for others. Half as many incoming ones may be
    /// in their handshakes over TCP, and half over QUIC; a block of addresses begins another one while it has less than a quarter
    /// of the number that is free.
    pub connections: u32,
    /// Connections of one peer.
    pub connections_per_peer: u32,
    /// Connections of strangers in one block of addresses: an IPv4 /24, an IPv6 /56. Strangers in all have five eighths of
    /// `connections`. Of a server both directions count, since strangers can make it dial; of a reader only incoming ones.
    pub connections_per_block: u32,
    /// Incoming put and get streams at once; strangers have three quarters.
    pub streams: usize,
    /// Incoming put and get streams of one peer; further ones are refused as `Busy`.
    pub streams_per_peer: usize,
    /// Outgoing get streams to one peer; further requests wait for one of them.
    pub get_streams_per_peer: usize,
    /// Bytes of incoming messages longer than 64 KiB that are held at once, over all streams (batches to sign).
    pub large_messages: u32,
    /// Receive window of one stream, in bytes: the most that a stalled reader buffers.
    pub stream_window: u32,
    /// Receive window of one connection over all its streams, in bytes; over TCP at least 256 KiB. Multiplied by `connections`,
    /// it is the most that peers can make this process buffer below its streams, but for a frame of up to 64 KiB of each
    /// connection over TCP that is being read.
    pub connection_window: u32,
    /// Timeouts of incoming streams: long enough for slow home connections.
    pub serving: Timing,
    /// Timeouts of outgoing streams: shorter, since another peer can be asked instead.
    pub asking: Timing,
    /// Timeout for finding and dialling a peer.
    pub find: Duration,
    /// How long known addresses are tried before a search is started as well.
    pub dial_known: Duration,
    /// How long a failed search is remembered, so that readers of a dead worker do not repeat it.
    pub remember_failure: Duration,
    /// How long a connection without streams is kept.
    pub idle_connection: Duration,
    /// Interval of upkeep: whether bootnodes have to be dialled again.
    pub upkeep: Duration,
}

impl NetLimits {
    /// The bounds of a worker: strangers may fill the receive windows of all its connections, so windows are small. At a round
    /// trip of 100 ms a stream takes in 2.5 MB/s, and a connection over QUIC 5 MB/s.
    pub fn server() -> Self {
        NetLimits {
            streams: 384,
            large_messages: 32 * 1024 * 1024,
            stream_window: 256 * 1024,
            connection_window: 512 * 1024,
            ..NetLimits::default()
        }
    }
}

impl Default for NetLimits {
    fn default() -> Self {
        NetLimits {
            connections: 256,
            connections_per_peer: 4,
            connections_per_block: 64,
            streams: 512,
            streams_per_peer: 32,
            get_streams_per_peer: 8,
            large_messages: 64 * 1024 * 1024,
            stream_window: 2 * 1024 * 1024,
            connection_window: 8 * 1024 * 1024,
            serving: Timing {
                open: Duration::from_secs(10),
                reply: Duration::from_secs(60),
                idle: Duration::from_secs(60),
                pace: Pace { grace: Duration::from_secs(30), min_rate: 8 * 1024 },
            },
            asking: Timing {
                open: Duration::from_secs(5),
                reply: Duration::from_secs(60),
                idle: Duration::from_secs(30),
                pace: Pace { grace: Duration::from_secs(15), min_rate: 16 * 1024 },
            },
            find: Duration::from_secs(20),
            dial_known: Duration::from_millis(1500),
            remember_failure: Duration::from_secs(3),
            idle_connection: Duration::from_secs(120),
            upkeep: Duration::from_secs(10),
        }
    }
}

/// Timeouts of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For the negotiation of a stream.
    pub open: Duration,
    /// For a reply to begin; a worker may have to write a whole shard to disk first.
    pub reply: Duration,
    /// For the next request to begin; an outgoing stream is not reused after this time.
    pub idle: Duration,
    /// For the bytes of a message.
    pub pace: Pace,
}

/// The slowest transfer that is accepted: stalls of at most `grace`, and `min_rate` in the long run.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The longest stall.
    pub grace: Duration,
    /// Bytes a second.
    pub min_rate: u32,
}
