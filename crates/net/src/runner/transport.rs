//! The transport over the swarm: finds peers and opens streams by [`Command`]s to the runner.

use super::command::{Chain, Command, DialFailed};
use crate::{
    config::NetLimits,
    ended::{End, NetEnd},
    error::NetError,
    framing::BoxedIo,
    peer::{peer_id, peer_key},
    stream_limit::StreamLimit,
    streams::OpenError,
    transport::{NetStatus, Protocol, Transport},
};
use futures::future::BoxFuture;
use libp2p::{Multiaddr, PeerId, swarm::Stream};
use meganet_primitives::receipt::PeerKey;
use parking_lot::Mutex;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, timeout},
};
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// Rounds of dialling and searching before a peer counts as not found.
const ROUNDS: u32 = 3;
/// Pause after the first round; longer after each further round.
const PAUSE: Duration = Duration::from_millis(500);
/// Attempts to open a stream.
const OPENINGS: u32 = 3;
/// How long to wait for a peer to announce its chain.
const INTRODUCTION: Duration = Duration::from_secs(2);
/// The most failures that are remembered.
const MAX_FAILURES: usize = 1024;

/// The libp2p [`Transport`].
pub(crate) struct SwarmTransport {
    local: PeerKey,
    limits: NetLimits,
    commands: mpsc::Sender<Command>,
    status: Arc<Mutex<NetStatus>>,
    stop: watch::Sender<bool>,
    end: End,
    /// The limit on incoming streams, for peers that serve.
    incoming: Option<StreamLimit>,
    failures: Mutex<HashMap<[u8; 32], (Instant, NetError)>>,
}

impl SwarmTransport {
    pub(super) fn new(
        local: PeerKey,
        limits: NetLimits,
        commands: mpsc::Sender<Command>,
        status: Arc<Mutex<NetStatus>>,
        stop: watch::Sender<bool>,
        end: End,
        incoming: Option<StreamLimit>,
    ) -> Self {
        SwarmTransport { local, limits, commands, status, stop, end, incoming, failures: Mutex::default() }
    }

    /// Sends a command that has no answer.
    #[cfg(test)]
    pub(super) async fn tell(&self, command: Command) {
        assert!(self.commands.send(command).await.is_ok(), "the runner has ended");
    }

    /// Sends a command and waits for its answer.
    async fn command<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, NetError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(make(reply)).await.map_err(|_| NetError::Stopped)?;
        answer.await.map_err(|_| NetError::Stopped)
    }

    fn is_connected(&self, peer: PeerKey) -> bool {
        self.status.lock().connected.contains(&peer)
    }

    async fn find_peer(&self, key: PeerKey) -> Result<PeerId, NetError> {
        let peer = peer_id(&key)?;
        if self.is_connected(key) {
            return Ok(peer);
        }
        if let Some(error) = self.remembered(key) {
            return Err(error);
        }
        let mut reason = None;
        let outcome = match timeout(self.limits.find, self.search(key, peer, &mut reason)).await {
            Ok(Ok(true)) => return Ok(peer),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(false)) | Err(_) => reason,
        };
        let error = match outcome {
            Some(reason) => NetError::Unreachable { peer: key, reason },
            None => NetError::NotFound { peer: key },
        };
        self.remember(key, &error);
        Err(error)
    }

    /// Dials known addresses, then searches and dials the addresses found, in up to three rounds. Returns true once connected.
    /// `reason` is set to the error of the last dial, if there was one.
    async fn search(&self, key: PeerKey, peer: PeerId, reason: &mut Option<String>) -> Result<bool, NetError> {
        let mut rounds = 0;
        while rounds < ROUNDS {
            // With an empty routing table this peer has just started, and there was no one to ask: the round does not count.
            let alone = self.status.lock().known == 0;
            // Known addresses may be stale and slow to fail, so a search starts before they have failed.
            match timeout(self.limits.dial_known, self.dial(peer, false, reason)).await {
                Ok(connected) => {
                    if connected? {
                        return Ok(true);
                    }
                }
                Err(_) => *reason = Some("no answer".into()),
            }
            if self.ask_around(key, peer, reason).await? {
                return Ok(true);
            }
            if !alone {
                rounds += 1;
            }
            if rounds < ROUNDS {
                sleep(PAUSE * rounds.max(1)).await;
            }
        }
        Ok(false)
    }

    /// Searches the network for a peer. The search itself connects to the peer when it finds an address, except while a dial to a
    /// stale address is under way: so the addresses found are dialled as well a moment later.
    async fn ask_around(&self, key: PeerKey, peer: PeerId, reason: &mut Option<String>) -> Result<bool, NetError> {
        let mut lookup = std::pin::pin!(self.command(|reply| Command::Lookup { peer, reply }));
        match timeout(PAUSE, &mut lookup).await {
            Ok(done) => done?,
            Err(_) => {
                tokio::select! {
                    done = &mut lookup => done?,
                    connected = self.dial(peer, true, reason) => {
                        if connected? {
                            return Ok(true);
                        }
                        lookup.await?;
                    }
                }
            }
        }
        Ok(self.is_connected(key))
    }

    /// Dials the addresses known now. With `again` even if a dial is under way, since more may be known than when it began.
    async fn dial(&self, peer: PeerId, again: bool, reason: &mut Option<String>) -> Result<bool, NetError> {
        match self.command(|reply| Command::Dial { peer, again, reply }).await? {
            Ok(()) => Ok(true),
            Err(DialFailed::NoAddress) => Ok(false),
            Err(DialFailed::Failed(why)) => {
                *reason = Some(why);
                Ok(false)
            }
        }
    }

    fn remembered(&self, key: PeerKey) -> Option<NetError> {
        let failures = self.failures.lock();
        let (when, error) = failures.get(&key.0)?;
        (when.elapsed() < self.limits.remember_failure).then(|| error.clone())
    }

    fn remember(&self, key: PeerKey, error: &NetError) {
        let mut failures = self.failures.lock();
        failures.retain(|_, (when, _)| when.elapsed() < self.limits.remember_failure);
        if failures.len() < MAX_FAILURES {
            failures.insert(key.0, (Instant::now(), error.clone()));
        }
    }

    async fn open_stream(&self, key: PeerKey, protocol: Protocol) -> Result<Stream, NetError> {
        if key == self.local {
            return Err(NetError::Misuse { what: "a peer opens no stream to itself" });
        }
        let patience = self.limits.asking.open * 2;
        // A dead connection may be noticed only when it is used. It is closed then, and a new one is made.
        let mut last = NetError::Unreachable { peer: key, reason: "the connection broke".into() };
        for _ in 0..OPENINGS {
            let peer = self.find_peer(key).await?;
            let opened = timeout(patience, self.command(|reply| Command::Open { peer, protocol, reply })).await;
            match opened {
                Ok(Ok(Ok(stream))) => return Ok(stream),
                Ok(Ok(Err(OpenError::Unsupported))) => return Err(self.unsupported(key, peer, protocol).await),
                Ok(Ok(Err(OpenError::Stuck(connection)))) => {
                    self.commands.send(Command::Close { connection }).await.map_err(|_| NetError::Stopped)?;
                    last = NetError::Unreachable { peer: key, reason: "the connection does not answer".into() };
                }
                Ok(Ok(Err(OpenError::Broken(reason)))) => last = NetError::Unreachable { peer: key, reason },
                // The connection was closed meanwhile: before the handler received the request, or after.
                Ok(Ok(Err(OpenError::NotConnected)) | Err(_)) => {}
                Err(_) => last = NetError::TooSlow { what: "opening of a stream", waited: patience },
            }
            if *self.stop.borrow() {
                return Err(NetError::Stopped);
            }
            // Time for the runner to notice that it is closed.
            sleep(PAUSE / 10).await;
        }
        Err(last)
    }

    /// Returns the error for a peer that refuses a protocol: it may be on another chain.
    async fn unsupported(&self, key: PeerKey, peer: PeerId, protocol: Protocol) -> NetError {
        let introduced = async {
            loop {
                match self.command(|reply| Command::Describe { peer, reply }).await {
                    Ok(None) if self.is_connected(key) => sleep(INTRODUCTION / 20).await,
                    Ok(chain) => return chain,
                    Err(_) => return None,
                }
            }
        };
        match timeout(INTRODUCTION, introduced).await {
            Ok(Some(Chain::Other)) => NetError::OtherChain { peer: key },
            _ => NetError::NotServing { peer: key, protocol: protocol.name().into() },
        }
    }
}

impl Transport for SwarmTransport {
    fn local(&self) -> PeerKey {
        self.local
    }

    fn find(&self, peer: PeerKey) -> BoxFuture<'_, Result<(), NetError>> {
        Box::pin(async move { self.find_peer(peer).await.map(|_| ()) })
    }

    fn open(&self, peer: PeerKey, protocol: Protocol) -> BoxFuture<'_, Result<BoxedIo, NetError>> {
        Box::pin(async move {
            let stream = self.open_stream(peer, protocol).await?;
            Ok(Box::new(stream.compat()) as BoxedIo)
        })
    }

    fn connect(&self, address: Multiaddr) -> BoxFuture<'_, Result<PeerKey, NetError>> {
        Box::pin(async move {
            let refused = |reason: String| NetError::BadAddress { address: address.to_string(), reason };
            let visit = self.command(|reply| Command::Visit { address: address.clone(), reply });
            let visited = timeout(self.limits.find, visit).await;
            let peer = match visited.map_err(|_| refused("no peer answered in time".into()))?? {
                Ok(peer) => peer,
                Err(DialFailed::NoAddress) => return Err(refused("it cannot be dialled".into())),
                Err(DialFailed::Failed(reason)) => return Err(refused(reason)),
            };
            peer_key(&peer).ok_or_else(|| refused("the peer there has no Ed25519 key".into()))
        })
    }

    fn status(&self) -> NetStatus {
        let mut status = self.status.lock().clone();
        status.streams = self.incoming.as_ref().map_or(0, StreamLimit::open);
        status
    }

    fn prefer(&self, peers: BTreeSet<PeerKey>) {
        if let Some(incoming) = &self.incoming {
            incoming.preferred().set(peers);
        }
    }

    fn ended(&self) -> BoxFuture<'static, NetEnd> {
        self.end.noted()
    }

    fn stop(&self) {
        // Without a receiver the runner has ended already.
        self.stop.send_replace(true);
    }
}
