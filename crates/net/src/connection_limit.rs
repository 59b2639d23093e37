//! The limits on connections: of one block of addresses, and of all strangers together. Preferred peers are exempt. Where
//! strangers have all their places, a newcomer displaces the oldest connection of the block that has the most, so that no few
//! blocks can keep all others out. Where its own block has as much as it may, it displaces the oldest that has no stream: one
//! that was left behind by a program that ended, for example.
//!
//! Strangers can make a server dial, since it connects to those that it is told of in searches. So the connections that it makes
//! have the same places. They may be in use here, so they never count as idle.

use crate::{block, peer::peer_key, stream_limit::StreamLimit};
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm, behaviour::ConnectionEstablished, dummy,
    },
};
use meganet_address_block::{AddressBlock, BlockCounts};
use meganet_primitives::convert::{to_u32, to_usize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    task::{Context, Poll},
};

/// Why a stranger's connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Crowded {
    /// Its neighbours have too many.
    #[error("{0} connections come from this block of addresses already")]
    Block(u32),
    /// All strangers together have too many.
    #[error("{0} strangers are connected already")]
    Strangers(u32),
}

/// The most connections that are being closed for others at a time: more that close slowly would be a way around the limits.
/// Half of these places are kept for newcomers of blocks that have fewer connections.
pub(crate) const CLOSING: u32 = 32;

/// Counts the connections of strangers.
pub(crate) struct ConnectionLimit {
    per_block: u32,
    strangers: u32,
    /// `None` for peers that serve nothing: their incoming connections count as idle, nobody is preferred, and those that they
    /// make are not limited, because nobody else can make them dial.
    streams: Option<StreamLimit>,
    open: BTreeMap<ConnectionId, Stranger>,
    /// The connections that are not to be closed.
    blocks: BlockCounts,
    /// Connections to be closed.
    displaced: VecDeque<(PeerId, ConnectionId)>,
}

/// A stranger's connection.
struct Stranger {
    peer: PeerId,
    block: Option<AddressBlock>,
    /// Whether this side made the connection.
    is_ours: bool,
    displaced: bool,
}

impl ConnectionLimit {
    /// Denies strangers connections beyond `per_block` of a block of addresses and `strangers` in all.
    pub(crate) fn new(per_block: u32, strangers: u32, streams: Option<StreamLimit>) -> Self {
        let (open, blocks, displaced) = Default::default();
        Self { per_block, strangers, streams, open, blocks, displaced }
    }

    fn is_preferred(&self, peer: &PeerId) -> bool {
        let streams = self.streams.as_ref();
        streams.is_some_and(|streams| peer_key(peer).is_some_and(|peer| streams.preferred().contains(&peer)))
    }

    /// Returns true if a connection needs one of the strangers' places.
    fn is_limited(&self, peer: &PeerId, is_ours: bool) -> bool {
        !self.is_preferred(peer) && (!is_ours || self.streams.is_some())
    }

    fn admit(&mut self, peer: &PeerId, remote: &Multiaddr, is_ours: bool) -> Result<(), ConnectionDenied> {
        if self.is_limited(peer, is_ours) {
            self.make_place(remote).map_err(ConnectionDenied::new)?;
        }
        Ok(())
    }

    fn opened(&mut self, id: ConnectionId, peer: PeerId, remote: &Multiaddr, is_ours: bool) {
        let block = block::of(remote);
        self.open.insert(id, Stranger { peer, block, is_ours, displaced: false });
        if let Some(block) = block {
            self.blocks.add(block);
        }
    }

    fn closed(&mut self, id: ConnectionId) {
        if let Some(Stranger { block: Some(block), displaced: false, .. }) = self.open.remove(&id) {
            self.blocks.remove(block);
        }
    }

    /// Finds a place for a stranger's connection.
    fn make_place(&mut self, remote: &Multiaddr) -> Result<(), Crowded> {
        let block = block::of(remote);
        let of_block = block.map_or(0, |block| self.blocks.load(block));
        let per_block = to_usize(self.per_block.into());
        if of_block >= per_block {
            let crowd = |blocks: &BlockCounts, other| blocks.are_crowded(block?, other, per_block).then_some(0);
            return if self.displace(crowd, true) { Ok(()) } else { Err(Crowded::Block(to_u32(of_block))) };
        }
        let all = to_u32(self.open.values().filter(|stranger| !stranger.displaced).count());
        if all < self.strangers {
            return Ok(());
        }
        let excess = |blocks: &BlockCounts, other| blocks.excess(other, block?);
        let same = |_: &BlockCounts, other| (block == Some(other)).then_some(0);
        if self.displace(excess, false) || self.displace(same, true) { Ok(()) } else { Err(Crowded::Strangers(all)) }
    }

    /// Closes the connection whose block ranks highest: of those, one without streams, and the oldest. Returns false if no
    /// block has a rank, if `only_idle` and each of those connections is in use, or if too many are being closed already.
    fn displace(&mut self, rank: impl Fn(&BlockCounts, AddressBlock) -> Option<usize>, only_idle: bool) -> bool {
        let closing = self.open.values().filter(|stranger| stranger.displaced).count();
        let most = if only_idle { CLOSING / 2 } else { CLOSING };
        if to_u32(closing) >= most {
            return false;
        }
        let (streams, blocks) = (self.streams.as_ref(), &self.blocks);
        let is_idle = |stranger: &Stranger| {
            let has_any = streams.zip(peer_key(&stranger.peer)).is_some_and(|(streams, peer)| streams.has_any(&peer));
            !(stranger.is_ours || has_any)
        };
        let candidates = self.open.iter().filter(|(_, stranger)| !stranger.displaced).filter_map(|(id, stranger)| {
            let (rank, is_idle) = (rank(blocks, stranger.block?)?, is_idle(stranger));
            // It may have become preferred since it was counted.
            let may_go = (is_idle || !only_idle) && !self.is_preferred(&stranger.peer);
            may_go.then_some((rank, is_idle, Reverse(*id)))
        });
        let Some((.., Reverse(id))) = candidates.max() else { return false };
        let Some(stranger) = self.open.get_mut(&id) else { return false };
        stranger.displaced = true;
        self.displaced.push_back((stranger.peer, id));
        if let Some(block) = stranger.block {
            self.blocks.remove(block);
        }
        true
    }
}

impl NetworkBehaviour for ConnectionLimit {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    // The peer is known after the handshake only, so nobody is refused here before it.
    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(&peer, remote, false)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(&peer, remote, true)?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished { peer_id, connection_id, endpoint, .. })
                if self.is_limited(&peer_id, endpoint.is_dialer()) =>
            {
                self.opened(connection_id, peer_id, endpoint.get_remote_address(), endpoint.is_dialer());
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. }) => self.closed(connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // A connection is only displaced within an event of the swarm, which polls afterwards.
        let Some((peer_id, connection)) = self.displaced.pop_front() else { return Poll::Pending };
        Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{preferred::Preferred, stream_limit::StreamPermit};
    use libp2p::core::ConnectedPoint;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn stranger() -> PeerId {
        libp2p::identity::Keypair::generate_ed25519().public().to_peer_id()
    }

    fn streams() -> StreamLimit {
        StreamLimit::new(512, 32, Preferred::default())
    }

    /// Opens a connection of a peer that has a stream.
    fn opened_busy(limit: &mut ConnectionLimit, id: ConnectionId, remote: &Multiaddr) -> StreamPermit {
        let peer = stranger();
        limit.opened(id, peer, remote, false);
        limit.streams.as_ref().unwrap().admit(peer_key(&peer).unwrap(), None).unwrap()
    }

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    fn block(number: u8) -> Multiaddr {
        address(&format!("/ip4/192.0.{number}.1/tcp/1"))
    }

    /// Makes a connection to a stranger; returns false if it is denied.
    fn dial(limit: &mut ConnectionLimit, number: usize, remote: &Multiaddr) -> bool {
        let (id, peer, role_override, port_use) = (id(number), stranger(), Endpoint::Dialer, PortUse::Reuse);
        if limit.handle_established_outbound_connection(id, peer, remote, role_override, port_use).is_err() {
            return false;
        }
        limit.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
            peer_id: peer,
            connection_id: id,
            endpoint: &ConnectedPoint::Dialer { address: remote.clone(), role_override, port_use },
            failed_addresses: &[],
            other_established: 0,
        }));
        true
    }

    #[test]
    fn places_are_counted_by_block_and_come_back() {
        let mut limit = ConnectionLimit::new(2, 10, Some(streams()));
        let (a, b, c) = (
            address("/ip4/192.0.2.1/tcp/1"),
            address("/ip4/192.0.2.200/udp/2/quic-v1"),
            address("/ip4/192.0.3.1/tcp/1"),
        );
        let _first = opened_busy(&mut limit, id(1), &a);
        assert_eq!(limit.make_place(&b), Ok(()));
        let second = opened_busy(&mut limit, id(2), &b);
        assert_eq!(limit.make_place(&a), Err(Crowded::Block(2)));
        assert_eq!(limit.make_place(&c), Ok(()));
        // One without a stream makes way.
        drop(second);
        assert_eq!(limit.make_place(&a), Ok(()));
        assert_eq!(limit.displaced.pop_front().map(|(_, id)| id), Some(id(2)));
        limit.closed(id(1));
        limit.closed(id(2));
        assert!(limit.blocks.is_empty() && limit.open.is_empty());
    }

    #[test]
    fn a_newcomer_displaces_the_oldest_of_the_largest_block() {
        let streams = streams();
        let mut limit = ConnectionLimit::new(64, 6, Some(streams.clone()));
        let large = stranger();
        let _busy = streams.admit(peer_key(&large).unwrap(), None).unwrap();
        for number in 0..4 {
            limit.opened(id(number), large, &block(1), false);
        }
        limit.opened(id(4), stranger(), &block(2), false);
        limit.opened(id(5), stranger(), &block(2), false);
        // All places are taken. Those of the large block that have streams do not displace each other.
        assert_eq!(limit.make_place(&block(1)), Err(Crowded::Strangers(6)));
        assert_eq!(limit.make_place(&block(3)), Ok(()));
        assert_eq!(limit.displaced, [(large, id(0))]);
        limit.opened(id(6), stranger(), &block(3), false);
        // The next displaces another one, also before the first is closed.
        assert_eq!(limit.make_place(&block(3)), Ok(()));
        assert_eq!(limit.displaced.back(), Some(&(large, id(1))));
        limit.closed(id(0));
        limit.closed(id(1));
        assert_eq!(limit.blocks.load(block::of(&block(1)).unwrap()), 2);
        // Now no block has more than one place more than another: only an idle one of the same block makes way.
        limit.opened(id(7), stranger(), &block(3), false);
        assert_eq!(limit.make_place(&block(1)), Err(Crowded::Strangers(6)));
        assert_eq!(limit.make_place(&block(2)), Ok(()));
        assert_eq!(limit.displaced.back().map(|(_, id)| *id), Some(id(4)));
        limit.closed(id(4));
        limit.opened(id(8), stranger(), &block(2), false);
        assert_eq!(limit.make_place(&block(4)), Ok(()));
    }

    #[test]
    fn connections_to_strangers_have_the_same_places() {
        let mut limit = ConnectionLimit::new(3, 6, Some(streams()));
        for (number, of, is_admitted) in [(0, 1, true), (1, 1, true), (2, 1, true), (3, 1, false), (4, 2, true)] {
            assert_eq!(dial(&mut limit, number, &block(of)), is_admitted, "{number}");
        }
        assert_eq!(limit.make_place(&block(1)), Err(Crowded::Block(3)));
        limit.opened(id(5), stranger(), &block(2), false);
        assert!(dial(&mut limit, 6, &block(3)));
        // All places are taken: a newcomer displaces one of the largest block.
        assert_eq!(limit.make_place(&block(4)), Ok(()));
        assert_eq!(limit.displaced.back().map(|(_, id)| *id), Some(id(0)));
        limit.opened(id(7), stranger(), &block(4), false);
        // Of two blocks with as many, one without streams that this side has not made.
        assert!(dial(&mut limit, 8, &block(5)));
        assert_eq!(limit.displaced.back().map(|(_, id)| *id), Some(id(5)));
    }

    #[test]
    fn a_reader_makes_as_many_connections_as_it_needs() {
        let mut limit = ConnectionLimit::new(1, 1, None);
        assert!((0..10).all(|number| dial(&mut limit, number, &block(1))));
        assert!(limit.open.is_empty());
    }

    #[test]
    fn connections_that_close_slowly_are_bounded() {
        let mut limit = ConnectionLimit::new(64, 64, Some(streams()));
        (0..64).for_each(|number| limit.opened(id(number), stranger(), &block(0), false));
        let newcomers = (1..=u8::MAX).take_while(|number| {
            let has_place = limit.make_place(&block(*number)).is_ok();
            if has_place {
                limit.opened(id(1000 + limit.open.len()), stranger(), &block(*number), false);
            }
            has_place
        });
        assert_eq!(to_u32(newcomers.count()), CLOSING);
        assert_eq!(limit.make_place(&block(0)), Err(Crowded::Strangers(64)));
        // A few that have closed are not for those of the same block.
        let closed: Vec<_> = limit.displaced.drain(..8).map(|(_, id)| id).collect();
        closed.into_iter().for_each(|id| limit.closed(id));
        assert_eq!(limit.make_place(&block(0)), Err(Crowded::Strangers(64)));
        assert_eq!(limit.make_place(&block(200)), Ok(()));
    }

    #[test]
    fn blocks_of_one_site_are_counted_together() {
        let mut limit = ConnectionLimit::new(4, 100, Some(streams()));
        let at = |site: usize, number: usize| address(&format!("/ip6/2001:db8:{site:x}:{number:x}00::1/tcp/1"));
        for number in 0..7 {
            assert_eq!(limit.make_place(&at(1, number)), Ok(()));
            limit.opened(id(number), stranger(), &at(1, number), false);
        }
        // Seven of a /48 count as four of a block: one of them makes way, wherever in the /48 the next comes from.
        assert_eq!(limit.make_place(&at(1, 8)), Ok(()));
        assert_eq!(limit.displaced.pop_front().map(|(_, id)| id), Some(id(0)));
        assert_eq!(limit.make_place(&at(2, 0)), Ok(()));
        assert!(limit.displaced.is_empty());
    }

    #[test]
    fn who_is_preferred_finds_a_place_however_many_strangers_are_there() {
        let streams = streams();
        let mut limit = ConnectionLimit::new(1, 1, Some(streams.clone()));
        let friend = stranger();
        let address = address("/ip4/192.0.2.1/tcp/1");
        let _busy = opened_busy(&mut limit, id(1), &address);
        let mut incoming =
            |number| limit.handle_established_inbound_connection(id(number), friend, &address, &address).is_ok();
        assert!(!incoming(2));
        streams.preferred().set([peer_key(&friend).unwrap()].into());
        assert!(incoming(3));
    }
}
