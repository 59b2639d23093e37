//! The task that owns the swarm. Everything else sends it [`Command`]s through a [`SwarmTransport`].

mod command;
mod events;
#[cfg(test)]
mod tests;
mod transport;

pub(crate) use command::{Chain, Command};

use crate::{
    behaviour::{self, Behaviour},
    config::NetConfig,
    ended::{End, NetEnd},
    error::NetError,
    incoming::{Admission, Incoming},
    peer::{BadPeerKey, peer_key, peer_of},
    streams::Names,
    transport::NetStatus,
};
use command::{AddressReply, DialReply, LookupReply};
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    core::transport::ListenerId,
    kad::QueryId,
    multiaddr::Protocol,
    swarm::{ConnectionId, SwarmEvent, dial_opts::DialOpts},
};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use transport::SwarmTransport;

/// Commands that may wait for the runner; senders wait when the queue is full.
const COMMANDS: usize = 256;
/// Timeout for the system to confirm a listen address.
const LISTEN: Duration = Duration::from_secs(5);
/// Timeout for connections to close in good order at the end.
const GOODBYE: Duration = Duration::from_millis(500);
/// After this many upkeeps a server dials the bootnodes that it is not connected to, so that they know its address even after a
/// restart.
const REFRESH: u32 = 6;

/// Starts a peer: see [`Net::start`](crate::Net::start).
pub(crate) async fn start(config: NetConfig) -> Result<(SwarmTransport, Incoming), NetError> {
    let local = config.identity.public().to_peer_id();
    let key = peer_key(&local).ok_or(BadPeerKey { reason: "it is not an Ed25519 key".into() })?;
    let names = Names::new(&config.genesis);
    let (admission, incoming) = Admission::new(config.limits);
    let admission = config.server.then_some(admission);
    let mut swarm = behaviour::swarm(&config, &names, admission.clone())?;
    let Listening { listeners, addresses: listening } = listen(&mut swarm, &config.listen).await?;
    for address in &config.external {
        swarm.add_external_address(address.clone());
    }

    let status =
        Arc::new(Mutex::new(NetStatus { listening, external: config.external.clone(), ..NetStatus::default() }));
    let (commands, received) = mpsc::channel(COMMANDS);
    let (stop, stopped) = watch::channel(false);
    let end = End::new();
    // The queue of incoming streams ends with the swarm, so nothing else keeps the admission.
    let limit = admission.map(|admission| admission.streams().clone());
    let transport = SwarmTransport::new(key, config.limits, commands, status.clone(), stop, end.clone(), limit);
    let runner = Runner {
        swarm,
        listeners,
        end: end.clone(),
        names,
        local,
        server: config.server,
        bootnodes: config.bootnodes,
        upkeep: config.limits.upkeep,
        upkeeps: 0,
        status: status.clone(),
        dials: HashMap::new(),
        lookups: HashMap::new(),
        visits: HashMap::new(),
        dialled: HashMap::new(),
        chains: HashMap::new(),
    };
    tokio::spawn(tend(tokio::spawn(runner.run(received, stopped)), end, status));
    Ok((transport, incoming))
}

/// Notes the end of the runner, also where it panicked.
async fn tend(running: JoinHandle<()>, end: End, status: Arc<Mutex<NetStatus>>) {
    let reason = match running.await {
        Ok(()) => NetEnd::Stopped,
        Err(error) => NetEnd::Failed { reason: error.to_string() },
    };
    // A runner that panicked has left its peers in it.
    *status.lock() = NetStatus::default();
    end.note(reason);
}

/// The listeners that the system has confirmed, and their addresses.
#[derive(Default)]
struct Listening {
    listeners: HashSet<ListenerId>,
    addresses: Vec<Multiaddr>,
}

/// Listens on all addresses that this machine has.
async fn listen(swarm: &mut Swarm<Behaviour>, addresses: &[Multiaddr]) -> Result<Listening, NetError> {
    let refused =
        |address: &Multiaddr, reason: String| NetError::Setup { reason: format!("listening on {address}: {reason}") };
    // All of them before the first is listened on: 0.0.0.0 and [::] share their ports on many systems.
    for address in addresses {
        if let Some(error) = port_in_use(address) {
            return Err(refused(address, error.to_string()));
        }
    }
    let mut waiting = HashMap::new();
    let mut listening = Listening::default();
    // A machine without IPv6 starts all the same.
    let mut left_out = None;
    for address in addresses {
        match swarm.listen_on(address.clone()) {
            Ok(listener) => {
                waiting.insert(listener, address.clone());
            }
            Err(error) => left_out = leave_out(address, error.to_string()),
        }
    }
    let deadline = Instant::now() + LISTEN;
    while let Some(address) = waiting.values().next() {
        let late = refused(address, "no answer from the system".to_owned());
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, swarm.select_next_some()).await.map_err(|_| late)? {
            SwarmEvent::NewListenAddr { listener_id, address } => {
                waiting.remove(&listener_id);
                listening.listeners.insert(listener_id);
                listening.addresses.push(address);
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                listening.listeners.remove(&listener_id);
                listening.addresses.retain(|address| !addresses.contains(address));
                if let Some(address) = waiting.remove(&listener_id).or_else(|| addresses.first().cloned()) {
                    let reason = reason.err().map_or("closed".to_owned(), |error| error.to_string());
                    left_out = leave_out(&address, reason);
                }
            }
            SwarmEvent::ListenerError { listener_id, error } => {
                if let Some(address) = waiting.remove(&listener_id) {
                    left_out = leave_out(&address, error.to_string());
                }
            }
            _ => {}
        }
    }
    match left_out.filter(|_| listening.listeners.is_empty()) {
        Some((address, reason)) => Err(refused(&address, reason)),
        None => Ok(listening),
    }
}

fn leave_out(address: &Multiaddr, reason: String) -> Option<(Multiaddr, String)> {
    tracing::warn!(%address, reason, "cannot listen on an address");
    Some((address.clone(), reason))
}

/// Returns an error if a port is in use. libp2p shares TCP ports (`SO_REUSEPORT`), so of two workers with the same port each
/// would get some of the other's connections. An address that this machine does not have is no error here.
fn port_in_use(address: &Multiaddr) -> Option<std::io::Error> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let bound = match parts.next()? {
        Protocol::Tcp(port @ 1..) => TcpListener::bind(SocketAddr::new(ip, port)).map(drop),
        Protocol::Udp(port @ 1..) => UdpSocket::bind(SocketAddr::new(ip, port)).map(drop),
        _ => return None,
    };
    bound.err().filter(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

struct Runner {
    swarm: Swarm<Behaviour>,
    /// Those that have an address.
    listeners: HashSet<ListenerId>,
    end: End,
    names: Names,
    local: PeerId,
    server: bool,
    bootnodes: Vec<Multiaddr>,
    upkeep: Duration,
    upkeeps: u32,
    status: Arc<Mutex<NetStatus>>,
    /// Callers waiting for a connection to a peer.
    dials: HashMap<PeerId, Vec<DialReply>>,
    /// Searches under way, with the callers waiting for them.
    lookups: HashMap<QueryId, (PeerId, Vec<LookupReply>)>,
    /// Pending dials of addresses, and who to notify.
    visits: HashMap<ConnectionId, AddressReply>,
    /// The remote addresses of outgoing connections.
    dialled: HashMap<ConnectionId, Multiaddr>,
    /// The chains that connected peers announced.
    chains: HashMap<PeerId, Chain>,
}

impl Runner {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>, mut stopped: watch::Receiver<bool>) {
        let mut upkeep = interval(self.upkeep);
        upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                _ = upkeep.tick() => self.keep_up(),
                // An error means that every handle was dropped.
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
        }
        self.disconnect().await;
    }

    /// Closes all connections, so that peers need not wait for a timeout.
    async fn disconnect(mut self) {
        let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // An error means that it is disconnected already.
            self.swarm.disconnect_peer_id(peer).ok();
        }
        let quiet = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        };
        if timeout(GOODBYE, quiet).await.is_err() {
            tracing::debug!("some connections did not close in time and were cut");
        }
        self.note(|status| *status = NetStatus::default());
    }

    fn keep_up(&mut self) {
        let alone = self.swarm.network_info().num_peers() == 0;
        let known = self.count_known();
        let refresh = self.server && self.upkeeps.is_multiple_of(REFRESH);
        self.upkeeps = self.upkeeps.wrapping_add(1);
        if alone || known == 0 || refresh {
            self.dial_bootnodes();
        }
    }

    fn dial_bootnodes(&mut self) {
        for address in self.bootnodes.clone() {
            let peer = peer_of(&address);
            if peer.is_some_and(|peer| peer == self.local || self.swarm.is_connected(&peer)) {
                continue;
            }
            let dialled = match peer {
                Some(peer) => self.swarm.dial(DialOpts::peer_id(peer).addresses(vec![address.clone()]).build()),
                None => self.swarm.dial(DialOpts::unknown_peer_id().address(address.clone()).build()),
            };
            if let Err(error) = dialled {
                tracing::debug!(%address, %error, "could not dial a bootnode");
            }
        }
    }

    fn count_known(&mut self) -> usize {
        let known = self.swarm.behaviour_mut().kad.kbuckets().map(|bucket| bucket.num_entries()).sum();
        self.note(|status| status.known = known);
        known
    }

    fn note(&self, change: impl FnOnce(&mut NetStatus)) {
        change(&mut self.status.lock());
    }
}
