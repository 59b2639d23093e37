//! A libp2p behaviour that carries the put and get protocols as raw streams.
//!
//! The `libp2p-stream` crate is similar. It is not used because it drops an incoming stream if two arrive before the first was
//! taken (its queue holds one), never frees the channel of a closed connection, and picks one of several connections at random.
//! Here incoming streams go directly to [`Admission`], which counts and answers them, and outgoing ones use the newest
//! connection, the one most likely to be alive.

mod handler;

use crate::{block, incoming::Admission, peer::peer_key, transport::Protocol};
use handler::Handler;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, Stream, StreamProtocol, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm, behaviour::ConnectionClosed,
    },
};
use meganet_address_block::AddressBlock;
use meganet_primitives::hash::Hash;
use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::oneshot;

/// The reply channel for a newly opened stream.
pub(crate) type StreamReply = oneshot::Sender<Result<Stream, OpenError>>;

/// The reason why a stream was not opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// There is no connection to the peer.
    NotConnected,
    /// The peer does not speak the protocol.
    Unsupported,
    /// The connection did not answer: it is probably dead.
    Stuck(ConnectionId),
    /// The connection broke.
    Broken(String),
}

/// The full protocol names of one chain.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The prefix of this chain's protocols.
    pub(crate) prefix: String,
    pub(crate) put: StreamProtocol,
    pub(crate) get: StreamProtocol,
    pub(crate) kad: StreamProtocol,
}

impl Names {
    /// The prefix of the protocols of every chain.
    pub(crate) const FAMILY: &'static str = "/meganet/";

    pub(crate) fn new(genesis: &Hash) -> Self {
        let hex: String = genesis.iter().map(|byte| format!("{byte:02x}")).collect();
        let prefix = format!("{}{hex}/", Self::FAMILY);
        let name = |name: &str| {
            let full = format!("{prefix}{name}");
            StreamProtocol::try_from_owned(full).unwrap_or(StreamProtocol::new("/meganet"))
        };
        Names { put: name(Protocol::Put.name()), get: name(Protocol::Get.name()), kad: name("kad/1"), prefix }
    }

    fn of(&self, protocol: Protocol) -> StreamProtocol {
        match protocol {
            Protocol::Put => self.put.clone(),
            Protocol::Get => self.get.clone(),
        }
    }

    fn which(&self, name: &StreamProtocol) -> Option<Protocol> {
        [Protocol::Put, Protocol::Get].into_iter().find(|protocol| self.of(*protocol) == *name)
    }
}

/// A request to a connection's handler: open a stream.
#[derive(Debug)]
pub(crate) struct OpenStream {
    name: StreamProtocol,
    patience: Duration,
    reply: StreamReply,
}

/// The behaviour: see the module.
pub(crate) struct Streams {
    names: Arc<Names>,
    /// `None` for peers that serve nothing.
    admission: Option<Admission>,
    /// Timeout for the negotiation of a stream.
    patience: Duration,
    /// The connections of each peer, the newest last.
    connections: HashMap<PeerId, Vec<ConnectionId>>,
    actions: VecDeque<ToSwarm<Infallible, OpenStream>>,
}

impl Streams {
    pub(crate) fn new(names: Names, admission: Option<Admission>, patience: Duration) -> Self {
        Streams { names: Arc::new(names), admission, patience, connections: HashMap::new(), actions: VecDeque::new() }
    }

    /// Opens a stream on the peer's newest connection.
    pub(crate) fn open(&mut self, peer: PeerId, protocol: Protocol, reply: StreamReply) {
        match self.connections.get(&peer).and_then(|connections| connections.last()) {
            Some(connection) => self.actions.push_back(ToSwarm::NotifyHandler {
                peer_id: peer,
                handler: NotifyHandler::One(*connection),
                event: OpenStream { name: self.names.of(protocol), patience: self.patience, reply },
            }),
            // The receiver may be gone: then there is no one to tell.
            None => drop(reply.send(Err(OpenError::NotConnected))),
        }
    }

    fn handler(
        &self,
        peer: PeerId,
        block: Option<AddressBlock>,
        connection: ConnectionId,
    ) -> Result<Handler, ConnectionDenied> {
        let key = peer_key(&peer).ok_or_else(|| ConnectionDenied::new("peers must have Ed25519 keys"))?;
        Ok(Handler::new(key, block, connection, self.names.clone(), self.admission.clone()))
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.handler(peer, block::of(remote), connection)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        // Strangers can make a worker search and dial, so what they open there counts too.
        self.handler(peer, block::of(remote), connection)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => {
                self.connections.entry(established.peer_id).or_default().push(established.connection_id);
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. }) => {
                if let Some(connections) = self.connections.get_mut(&peer_id) {
                    connections.retain(|connection| *connection != connection_id);
                    if connections.is_empty() {
                        self.connections.remove(&peer_id);
                    }
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // The runner polls the swarm after every command, so `open` needs no waker.
        self.actions.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
