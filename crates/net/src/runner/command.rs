//! Commands from handles to the runner.

use super::Runner;
use crate::{peer::peer_of, streams::StreamReply, transport::Protocol};
use libp2p::{
    Multiaddr, PeerId,
    swarm::{
        ConnectionId, DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use std::error::Error;
use tokio::sync::oneshot;

/// Most searches at once.
const MAX_LOOKUPS: usize = 256;

pub(crate) type DialReply = oneshot::Sender<Result<(), DialFailed>>;
pub(crate) type LookupReply = oneshot::Sender<()>;
pub(crate) type AddressReply = oneshot::Sender<Result<PeerId, DialFailed>>;

/// The reason why a dial failed.
#[derive(Clone, Debug)]
pub(crate) enum DialFailed {
    /// No address is known.
    NoAddress,
    /// The errors of the transports.
    Failed(String),
}

/// The chain that a peer announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// This chain.
    Ours,
    /// Another chain.
    Other,
    /// None: it speaks no protocol of this family.
    None,
}

/// A command with its reply channel. Replies to receivers that were dropped are ignored, here and below.
pub(crate) enum Command {
    /// Connect by the known addresses, including those that running searches have found; with `again` even if a dial is under
    /// way.
    Dial { peer: PeerId, again: bool, reply: DialReply },
    /// Search the network for a peer. Replies when the search has ended or the peer is connected.
    Lookup { peer: PeerId, reply: LookupReply },
    /// Open a stream on an existing connection.
    Open { peer: PeerId, protocol: Protocol, reply: StreamReply },
    /// Connect to an address, whichever peer is there.
    Visit { address: Multiaddr, reply: AddressReply },
    /// Return what is known of a peer's chain.
    Describe { peer: PeerId, reply: oneshot::Sender<Option<Chain>> },
    /// Close a connection that does not answer.
    Close { connection: ConnectionId },
    /// Panic.
    #[cfg(test)]
    Panic,
    /// Close one of the listeners.
    #[cfg(test)]
    CloseListener,
}

impl Runner {
    pub(super) fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial { peer, again, reply } => self.dial(peer, again, reply),
            Command::Lookup { peer, reply } => self.look_up(peer, reply),
            Command::Open { peer, protocol, reply } => {
                self.swarm.behaviour_mut().streams.open(peer, protocol, reply);
            }
            Command::Visit { address, reply } => {
                let options = DialOpts::unknown_peer_id().address(address).build();
                let connection = options.connection_id();
                match self.swarm.dial(options) {
                    Ok(()) => drop(self.visits.insert(connection, reply)),
                    Err(error) => drop(reply.send(Err(DialFailed::from(&error)))),
                }
            }
            Command::Describe { peer, reply } => drop(reply.send(self.chains.get(&peer).copied())),
            Command::Close { connection } => {
                self.swarm.close_connection(connection);
            }
            #[cfg(test)]
            Command::Panic => panic!("told to"),
            #[cfg(test)]
            Command::CloseListener => {
                if let Some(listener) = self.listeners.iter().next().copied() {
                    self.swarm.remove_listener(listener);
                }
            }
        }
    }

    fn dial(&mut self, peer: PeerId, again: bool, reply: DialReply) {
        if self.swarm.is_connected(&peer) {
            drop(reply.send(Ok(())));
            return;
        }
        let bootnodes = self.bootnodes.iter().filter(|address| peer_of(address) == Some(peer));
        let options = DialOpts::peer_id(peer)
            .condition(if again { PeerCondition::Disconnected } else { PeerCondition::DisconnectedAndNotDialing })
            .addresses(bootnodes.cloned().collect())
            .extend_addresses_through_behaviour()
            .build();
        match self.swarm.dial(options) {
            // Another dial is under way: its result is ours as well.
            Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => self.dials.entry(peer).or_default().push(reply),
            Err(error) => drop(reply.send(Err(DialFailed::from(&error)))),
        }
    }

    fn look_up(&mut self, peer: PeerId, reply: LookupReply) {
        if self.swarm.is_connected(&peer) || self.lookups.len() >= MAX_LOOKUPS {
            reply.send(()).ok();
            return;
        }
        if let Some((_, waiting)) = self.lookups.values_mut().find(|(wanted, _)| *wanted == peer) {
            waiting.push(reply);
            return;
        }
        let query = self.swarm.behaviour_mut().kad.get_closest_peers(peer);
        self.lookups.insert(query, (peer, vec![reply]));
    }
}

impl From<&DialError> for DialFailed {
    fn from(error: &DialError) -> Self {
        match error {
            DialError::NoAddresses => DialFailed::NoAddress,
            DialError::Transport(errors) => {
                let errors: Vec<_> =
                    errors.iter().map(|(address, error)| format!("{address}: {}", cause(error))).collect();
                DialFailed::Failed(errors.join("; "))
            }
            DialError::WrongPeerId { obtained, address } => {
                DialFailed::Failed(format!("{obtained} answers at {address}"))
            }
            other => DialFailed::Failed(other.to_string()),
        }
    }
}

/// The texts of an error and its sources. Some of a transport's errors have no text of their own.
fn cause(error: &dyn Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Many errors repeat the text of their source.
        if !text.is_empty() && !texts.iter().any(|said| said.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    if texts.is_empty() { "no answer".to_owned() } else { texts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Failed {
        text: &'static str,
        source: Option<Box<Failed>>,
    }

    fn failed(texts: &[&'static str]) -> Failed {
        let (text, sources) = texts.split_first().expect("a text");
        Failed { text, source: (!sources.is_empty()).then(|| Box::new(failed(sources))) }
    }

    #[test]
    fn the_cause_of_an_error_is_never_empty_and_says_everything_once() {
        assert_eq!(cause(&failed(&[""])), "no answer");
        assert_eq!(cause(&failed(&["", "refused"])), "refused");
        assert_eq!(cause(&failed(&["handshake: refused", "refused"])), "handshake: refused");
        assert_eq!(cause(&failed(&["handshake", "refused"])), "handshake: refused");
    }
}
