//! The swarm, and the behaviours of a peer on its connections.

use crate::{
    config::NetConfig,
    connection_limit::{CLOSING, ConnectionLimit},
    error::NetError,
    handshake_limit::HandshakeLimit,
    incoming::Admission,
    streams::{Names, Streams},
    yamux::Yamux,
};
use libp2p::{
    Swarm, SwarmBuilder,
    connection_limits::{self, ConnectionLimits},
    identify,
    kad::{self, store::MemoryStore},
    noise, ping,
    swarm::NetworkBehaviour,
    tcp,
};
use meganet_primitives::convert::to_u32;
use std::time::Duration;

/// Refresh interval of the routing table's far parts; the near ones are refreshed by every search.
const BOOTSTRAP: Duration = Duration::from_secs(60);
/// Timeout of a search. One that takes longer has met many dead peers; it is repeated with them removed from the table.
const QUERY: Duration = Duration::from_secs(15);
/// A QUIC connection is dead after this much silence; it is kept alive at a third of it.
const SILENCE: Duration = Duration::from_secs(15);
/// Streams of a connection in addition to admitted ones: rejected ones, searches, identification, pings.
const UPKEEP_STREAMS: usize = 32;

/// The parts, in the order in which they may refuse a connection.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    handshakes: HandshakeLimit,
    limits: connection_limits::Behaviour,
    strangers: ConnectionLimit,
    pub(crate) streams: Streams,
    pub(crate) kad: kad::Behaviour<MemoryStore>,
    pub(crate) identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// Builds the swarm; it does not listen yet.
pub(crate) fn swarm(
    config: &NetConfig,
    names: &Names,
    admission: Option<Admission>,
) -> Result<Swarm<Behaviour>, NetError> {
    let limits = config.limits;
    // Streams over the limit must be accepted to be refused with a message.
    let most_streams = limits.streams_per_peer.saturating_add(UPKEEP_STREAMS);
    let muxer = || Yamux::new(most_streams, &limits);
    let builder = SwarmBuilder::with_existing_identity(config.identity.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, muxer)
        .map_err(|error| NetError::Setup { reason: error.to_string() })?
        .with_quic_config(|mut quic| {
            quic.max_stream_data = limits.stream_window;
            quic.max_connection_data = limits.connection_window;
            quic.max_concurrent_stream_limit = to_u32(most_streams);
            quic.max_idle_timeout = u32::try_from(SILENCE.as_millis()).unwrap_or(u32::MAX);
            quic.keep_alive_interval = SILENCE / 3;
            quic
        });
    let swarm = builder
        .with_behaviour(|key| behaviour(config, names, admission, &key.public()))
        .map_err(|error| NetError::Setup { reason: error.to_string() })?
        .with_swarm_config(|swarm| {
            swarm
                .with_idle_connection_timeout(limits.idle_connection)
                .with_max_negotiating_inbound_streams(most_streams)
                // QUIC gets a head start over TCP.
                .with_smart_dial()
        })
        .build();
    Ok(swarm)
}

fn behaviour(
    config: &NetConfig,
    names: &Names,
    admission: Option<Admission>,
    key: &libp2p::identity::PublicKey,
) -> Behaviour {
    let local = key.to_peer_id();
    let limits = ConnectionLimits::default()
        .with_max_established(Some(config.limits.connections.saturating_add(CLOSING)))
        .with_max_established_per_peer(Some(config.limits.connections_per_peer));
    let streams = admission.as_ref().map(|admission| admission.streams().clone());
    // Preferred peers must stay possible when strangers have all that they may have, and others that make way for them.
    let strangers =
        ConnectionLimit::new(config.limits.connections_per_block, config.limits.connections / 8 * 5, streams);

    let mut search = kad::Config::new(names.kad.clone());
    search
        .set_query_timeout(QUERY)
        .set_periodic_bootstrap_interval(Some(BOOTSTRAP))
        // Only addresses are looked up here: records are not stored.
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_publication_interval(None)
        .set_replication_interval(None)
        .set_provider_publication_interval(None);
    let mut kad = kad::Behaviour::with_config(local, MemoryStore::new(local), search);
    kad.set_mode(Some(if config.server { kad::Mode::Server } else { kad::Mode::Client }));

    let identify = identify::Config::new(names.prefix.clone(), key.clone())
        .with_agent_version(concat!("meganet/", env!("CARGO_PKG_VERSION")).into())
        .with_push_listen_addr_updates(true);
    Behaviour {
        handshakes: HandshakeLimit::new(config.limits.connections / 2),
        limits: connection_limits::Behaviour::new(limits),
        strangers,
        streams: Streams::new(names.clone(), admission, config.limits.asking.open),
        kad,
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::peer::peer_key;
    use libp2p::{
        Multiaddr, PeerId,
        core::{ConnectedPoint, Endpoint, transport::PortUse},
        identity::Keypair,
        swarm::{ConnectionId, FromSwarm, behaviour::ConnectionEstablished},
    };

    fn peer() -> PeerId {
        Keypair::generate_ed25519().public().to_peer_id()
    }

    /// Establishes a connection; returns false if it is denied.
    fn establish(behaviour: &mut Behaviour, number: usize, peer: PeerId, address: &str, is_ours: bool) -> bool {
        let (id, address) = (ConnectionId::new_unchecked(number), address.parse::<Multiaddr>().unwrap());
        let (role_override, port_use) = (Endpoint::Dialer, PortUse::Reuse);
        let (is_admitted, endpoint) = if is_ours {
            let handled = behaviour.handle_established_outbound_connection(id, peer, &address, role_override, port_use);
            (handled.is_ok(), ConnectedPoint::Dialer { address, role_override, port_use })
        } else {
            let handled = behaviour.handle_established_inbound_connection(id, peer, &address, &address);
            let local_addr = address.clone();
            (handled.is_ok(), ConnectedPoint::Listener { local_addr, send_back_addr: address })
        };
        if is_admitted {
            behaviour.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id: peer,
                connection_id: id,
                endpoint: &endpoint,
                failed_addresses: &[],
                other_established: 0,
            }));
        }
        is_admitted
    }

    #[tokio::test]
    async fn dialled_connections_leave_places_for_others() {
        let config = NetConfig::worker(Keypair::generate_ed25519(), [1; 32], Vec::new(), Vec::new());
        let (admission, _incoming) = Admission::new(config.limits);
        let names = Names::new(&config.genesis);
        let mut behaviour = behaviour(&config, &names, Some(admission.clone()), &config.identity.public());
        // A search can name any number of identities at one address.
        let crowd = "/ip4/192.0.2.1/tcp/1";
        let dialled = (0..300).filter(|number| establish(&mut behaviour, *number, peer(), crowd, true)).count();
        assert_eq!(dialled, 64);
        // The other strangers' places, and some more, for which others make way.
        for number in 300..410 {
            let address = format!("/ip4/10.0.{}.1/tcp/1", number - 300);
            assert!(establish(&mut behaviour, number, peer(), &address, number % 2 == 0), "{number}");
        }
        let member = peer();
        assert!(!establish(&mut behaviour, 500, member, crowd, false));
        admission.preferred().set([peer_key(&member).unwrap()].into());
        assert!(establish(&mut behaviour, 501, member, crowd, false));
    }
}
