//! The limit on incoming connections in their handshakes, whose peers are not known yet: so it holds for preferred peers too.
//!
//! A block of addresses may begin another handshake while it has less than a quarter of the number that is free. So shares shrink
//! as others come, and silent connections of a few blocks keep nobody out. Over QUIC anybody can send from any address, so each
//! transport has places of its own.

use crate::block;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm, behaviour::ListenFailure, dummy,
    },
};
use meganet_address_block::{AddressBlock, BlockCounts};
use meganet_primitives::convert::{to_u32, to_usize};
use std::{
    collections::HashMap,
    convert::Infallible,
    task::{Context, Poll},
};

/// The refusal of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("of {all} connections in their handshakes, {of_block} come from this block of addresses: try again later")]
struct Crowded {
    all: u32,
    of_block: u32,
}

/// Counts handshakes.
pub(crate) struct HandshakeLimit {
    most: usize,
    tcp: Handshakes,
    quic: Handshakes,
}

/// Those over one transport.
#[derive(Default)]
struct Handshakes {
    open: HashMap<ConnectionId, Option<AddressBlock>>,
    blocks: BlockCounts,
}

impl HandshakeLimit {
    /// Denies connections beyond this number of handshakes over TCP, and as many over QUIC.
    pub(crate) fn new(most: u32) -> Self {
        let (tcp, quic) = Default::default();
        HandshakeLimit { most: to_usize(most.into()), tcp, quic }
    }

    fn begin(&mut self, id: ConnectionId, remote: &Multiaddr) -> Result<(), Crowded> {
        let is_quic = remote.iter().any(|part| matches!(part, Protocol::Udp(_)));
        let handshakes = if is_quic { &mut self.quic } else { &mut self.tcp };
        let block = block::of(remote);
        let all = handshakes.open.len();
        let of_block = block.map_or(0, |block| handshakes.blocks.load(block));
        if of_block >= self.most.saturating_sub(all).div_ceil(4) {
            return Err(Crowded { all: to_u32(all), of_block: to_u32(of_block) });
        }
        handshakes.open.insert(id, block);
        if let Some(block) = block {
            handshakes.blocks.add(block);
        }
        Ok(())
    }

    fn end(&mut self, id: ConnectionId) {
        for handshakes in [&mut self.tcp, &mut self.quic] {
            if let Some(Some(block)) = handshakes.open.remove(&id) {
                handshakes.blocks.remove(block);
            }
        }
    }
}

impl NetworkBehaviour for HandshakeLimit {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.begin(id, remote).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.end(id);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        // Also where another behaviour refuses the connection.
        if let FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) = event {
            self.end(connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use libp2p::swarm::ListenError;

    fn address(block: u8, end: &str) -> Multiaddr {
        format!("/ip4/192.0.{block}.1{end}").parse().unwrap()
    }

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    /// Begins handshakes until no more are accepted; returns their number.
    fn fill(limit: &mut HandshakeLimit, next: &mut usize, from: &Multiaddr) -> usize {
        let first = *next;
        while limit.begin(id(*next), from).is_ok() {
            *next += 1;
        }
        *next - first
    }

    #[test]
    fn a_few_blocks_do_not_keep_others_out() {
        let (mut limit, mut next) = (HandshakeLimit::new(128), 0);
        let of_blocks: Vec<_> = (0..12).map(|block| fill(&mut limit, &mut next, &address(block, "/tcp/1"))).collect();
        assert_eq!(of_blocks.first(), Some(&26));
        assert!(of_blocks.iter().all(|count| *count > 0), "{of_blocks:?}");
        // All addresses of one transport can be forged; the other has its places still.
        for block in 0..=u8::MAX {
            fill(&mut limit, &mut next, &address(block, "/udp/1/quic-v1"));
        }
        assert_eq!(limit.quic.open.len(), 128);
        assert!(limit.begin(id(next), &address(100, "/udp/1/quic-v1")).is_err());
        assert!(limit.begin(id(next), &address(100, "/tcp/1")).is_ok());
    }

    #[test]
    fn handshakes_that_end_leave_their_places_to_others() {
        let (mut limit, from) = (HandshakeLimit::new(4), address(1, "/tcp/1"));
        let peer = PeerId::random();
        for round in 0..3 {
            let (done, failed) = (id(2 * round), id(2 * round + 1));
            limit.handle_pending_inbound_connection(done, &from, &from).unwrap();
            assert_eq!(limit.begin(failed, &from), Err(Crowded { all: 1, of_block: 1 }));
            assert!(limit.handle_established_inbound_connection(done, peer, &from, &from).is_ok());
            limit.handle_pending_inbound_connection(failed, &from, &from).unwrap();
            limit.on_swarm_event(FromSwarm::ListenFailure(ListenFailure {
                local_addr: &from,
                send_back_addr: &from,
                error: &ListenError::Aborted,
                connection_id: failed,
                peer_id: None,
            }));
        }
        assert!(limit.tcp.open.is_empty() && limit.tcp.blocks.is_empty());
    }
}
