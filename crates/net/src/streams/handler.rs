//! The part of [`Streams`](super::Streams) that lives on one connection.

use super::{Names, OpenError, OpenStream, StreamReply};
use crate::incoming::Admission;
use libp2p::{
    core::{InboundUpgrade, OutboundUpgrade, UpgradeInfo},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, ConnectionId, Stream, StreamProtocol, StreamUpgradeError,
        SubstreamProtocol,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};
use meganet_address_block::AddressBlock;
use meganet_primitives::receipt::PeerKey;
use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// Opens streams when asked to, and hands incoming ones to the [`Admission`].
pub(crate) struct Handler {
    peer: PeerKey,
    /// Where it is.
    block: Option<AddressBlock>,
    connection: ConnectionId,
    names: Arc<Names>,
    admission: Option<Admission>,
    wanted: VecDeque<OpenStream>,
}

impl Handler {
    pub(super) fn new(
        peer: PeerKey,
        block: Option<AddressBlock>,
        connection: ConnectionId,
        names: Arc<Names>,
        admission: Option<Admission>,
    ) -> Self {
        Handler { peer, block, connection, names, admission, wanted: VecDeque::new() }
    }
}

/// An upgrade that only negotiates the protocol's name.
pub(crate) struct Agree(Vec<StreamProtocol>);

impl UpgradeInfo for Agree {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Agree {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, name: Self::Info) -> Self::Future {
        ready(Ok((stream, name)))
    }
}

impl OutboundUpgrade<Stream> for Agree {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, stream: Stream, _: Self::Info) -> Self::Future {
        ready(Ok(stream))
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = OpenStream;
    type ToBehaviour = Infallible;
    type InboundProtocol = Agree;
    type OutboundProtocol = Agree;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = StreamReply;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        let served = match self.admission {
            Some(_) => vec![self.names.put.clone(), self.names.get.clone()],
            None => Vec::new(),
        };
        SubstreamProtocol::new(Agree(served), ())
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        // A connection's task polls its handler again after every event, so no waker is needed.
        match self.wanted.pop_front() {
            Some(OpenStream { name, patience, reply }) => {
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                    protocol: SubstreamProtocol::new(Agree(vec![name]), reply).with_timeout(patience),
                })
            }
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.wanted.push_back(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: (stream, name), .. }) => {
                if let (Some(admission), Some(protocol)) = (&self.admission, self.names.which(&name)) {
                    admission.admit(self.peer, self.block, protocol, Box::new(stream.compat()));
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: stream, info: reply }) => {
                // If the receiver is gone, the stream is closed by being dropped.
                drop(reply.send(Ok(stream)));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, info: reply }) => {
                let error = match error {
                    StreamUpgradeError::NegotiationFailed => OpenError::Unsupported,
                    StreamUpgradeError::Timeout => OpenError::Stuck(self.connection),
                    StreamUpgradeError::Io(error) => OpenError::Broken(error.to_string()),
                    StreamUpgradeError::Apply(never) => match never {},
                };
                drop(reply.send(Err(error)));
            }
            _ => {}
        }
    }
}
