//! Handles the events of the swarm.

use super::{
    Runner,
    command::{Chain, DialFailed},
};
use crate::{
    behaviour::{Behaviour, BehaviourEvent},
    ended::NetEnd,
    peer::{peer_key, peer_of},
    streams::Names,
};
use libp2p::{
    Multiaddr, PeerId, identify, kad,
    multiaddr::Protocol,
    swarm::{ConnectionId, DialError, NetworkBehaviour, SwarmEvent},
};

/// The most addresses of one peer that are stored and passed on.
const MAX_ADDRESSES: usize = 16;

impl Runner {
    pub(super) fn on_event(&mut self, event: SwarmEvent<<Behaviour as NetworkBehaviour>::ToSwarm>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Kad(event)) => self.on_kad(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                connection_id,
                peer_id,
                info,
            })) => self.on_identified(connection_id, peer_id, &info),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                if endpoint.is_dialer() {
                    self.dialled.insert(connection_id, endpoint.get_remote_address().clone());
                }
                self.on_connected(peer_id, connection_id);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, .. } => {
                self.dialled.remove(&connection_id);
                if num_established == 0 {
                    tracing::debug!(peer = %peer_id, ?cause, "disconnected");
                    self.chains.remove(&peer_id);
                    self.note_connected();
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id, error } => {
                let failed = DialFailed::from(&error);
                if let Some(reply) = self.visits.remove(&connection_id) {
                    drop(reply.send(Err(failed.clone())));
                }
                if let Some(peer) = peer_id {
                    tracing::debug!(%peer, %error, "dial failed");
                    self.on_dial_failed(peer, &error, &failed);
                }
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                tracing::info!(%address, "listening");
                self.listeners.insert(listener_id);
                self.note(|status| status.listening.push(address));
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.note(|status| status.listening.retain(|listening| *listening != address));
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                tracing::error!(?addresses, ?reason, "no longer listening on these addresses");
                self.note(|status| status.listening.retain(|listening| !addresses.contains(listening)));
                if self.listeners.remove(&listener_id) && self.listeners.is_empty() {
                    let reason = reason.err().map_or("closed".to_owned(), |error| error.to_string());
                    self.end.note(NetEnd::NotListening { reason });
                }
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "trouble while listening"),
            SwarmEvent::ExternalAddrConfirmed { address } => {
                self.note(|status| {
                    if !status.external.contains(&address) {
                        status.external.push(address);
                    }
                });
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, peer: PeerId, connection: ConnectionId) {
        // First, since callers notified below may read the status.
        self.note_connected();
        if let Some(reply) = self.visits.remove(&connection) {
            drop(reply.send(Ok(peer)));
        }
        for reply in self.dials.remove(&peer).unwrap_or_default() {
            drop(reply.send(Ok(())));
        }
        for (wanted, waiting) in self.lookups.values_mut() {
            if *wanted == peer {
                for reply in waiting.drain(..) {
                    reply.send(()).ok();
                }
            }
        }
    }

    fn on_dial_failed(&mut self, peer: PeerId, error: &DialError, failed: &DialFailed) {
        if self.swarm.is_connected(&peer) {
            return;
        }
        if matches!(error, DialError::Transport(_) | DialError::WrongPeerId { .. }) {
            // Kademlia would keep the last address forever, and prefer it to newer ones.
            self.swarm.behaviour_mut().kad.remove_peer(&peer);
            self.count_known();
        }
        for reply in self.dials.remove(&peer).unwrap_or_default() {
            drop(reply.send(Err(failed.clone())));
        }
    }

    fn note_connected(&self) {
        let connected = self.swarm.connected_peers().filter_map(peer_key).collect();
        self.note(|status| status.connected = connected);
    }

    fn on_kad(&mut self, event: kad::Event) {
        match event {
            kad::Event::OutboundQueryProgressed { id, step, .. } if step.last => {
                for reply in self.lookups.remove(&id).map(|(_, waiting)| waiting).unwrap_or_default() {
                    reply.send(()).ok();
                }
            }
            kad::Event::RoutingUpdated { .. } => {
                self.count_known();
            }
            _ => {}
        }
    }

    /// Handles a peer's announcement. Its addresses are added to the routing table if it is on this chain and answers searches.
    /// Addresses it no longer announces are removed, so peers are not pointed at its old location.
    fn on_identified(&mut self, connection: ConnectionId, peer: PeerId, info: &identify::Info) {
        let named = |name: &str| info.protocols.iter().any(|protocol| protocol.as_ref().starts_with(name));
        // A reader offers no protocol, but announces its chain in place of a version.
        let chain = if named(&self.names.prefix) || info.protocol_version == self.names.prefix {
            Chain::Ours
        } else if named(Names::FAMILY) || info.protocol_version.starts_with(Names::FAMILY) {
            Chain::Other
        } else {
            Chain::None
        };
        self.chains.insert(peer, chain);
        if chain != Chain::Ours && self.bootnodes.iter().any(|address| peer_of(address) == Some(peer)) {
            tracing::warn!(%peer, "this bootnode is not on our chain: check the genesis hash and the bootnodes");
        }

        let searched = info.protocols.contains(&self.names.kad);
        let dialled = self.dialled.get(&connection).cloned();
        let far = dialled.as_ref().is_some_and(|address| !is_loopback(address));
        let mut addresses: Vec<_> = dialled.into_iter().chain(info.listen_addrs.iter().cloned()).collect();
        addresses.retain(|address| !(is_unspecified(address) || far && is_loopback(address)));
        addresses.truncate(MAX_ADDRESSES);

        let kad = &mut self.swarm.behaviour_mut().kad;
        if chain != Chain::Ours || !searched {
            kad.remove_peer(&peer);
            return;
        }
        for address in &addresses {
            kad.add_address(&peer, address.clone());
        }
        let full: Vec<_> = addresses.into_iter().filter_map(|address| address.with_p2p(peer).ok()).collect();
        let present = kad.kbucket(peer).and_then(|bucket| {
            let entry = bucket.iter().find(|entry| *entry.node.key.preimage() == peer)?;
            Some(entry.node.value.iter().cloned().collect::<Vec<_>>())
        });
        for stale in present.unwrap_or_default().iter().filter(|address| !full.contains(address)) {
            kad.remove_address(&peer, stale);
        }
    }
}

fn is_loopback(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_loopback(),
        Some(Protocol::Ip6(ip)) => ip.is_loopback(),
        _ => false,
    }
}

fn is_unspecified(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_unspecified(),
        Some(Protocol::Ip6(ip)) => ip.is_unspecified(),
        _ => false,
    }
}
