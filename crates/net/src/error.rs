//! What can go wrong between two peers, and what to do about it.

use crate::{
    peer::show,
    wire::{get::GetRefusal, put::Refusal},
};
use meganet_primitives::receipt::PeerKey;
use std::{io, time::Duration};

/// An error of the network. Cheap to clone, so that everybody who waits for one connection hears the same.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// No peer we asked knows where it is.
    #[error(
        "no address of peer {} was found: it is offline or has just started; wait and try again, and check that the bootnodes are up",
        show(peer)
    )]
    NotFound {
        /// Who was looked for.
        peer: PeerKey,
    },
    /// It has addresses, but none answers.
    #[error(
        "peer {} does not answer ({reason}): it may be offline or behind a firewall; try again later, or use another member of the group",
        show(peer)
    )]
    Unreachable {
        /// Who was dialled.
        peer: PeerKey,
        /// What the transports said.
        reason: String,
    },
    /// It speaks the protocol of another chain.
    #[error("peer {} is on another chain: check the genesis hash and the bootnodes of this network", show(peer))]
    OtherChain {
        /// The peer.
        peer: PeerKey,
    },
    /// It is on this chain or tells nothing of its chain, but serves no shards.
    #[error("peer {} does not serve {protocol}: it is no worker, or on another chain", show(peer))]
    NotServing {
        /// The peer.
        peer: PeerKey,
        /// The protocol that was asked for.
        protocol: String,
    },
    /// A worker refused a put.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A worker refused a get.
    #[error(transparent)]
    GetRefused(#[from] GetRefusal),
    /// The peer let us wait longer than is allowed.
    #[error("the peer was too slow at the {what} (no progress worth {waited:?}): use another peer, or try again later")]
    TooSlow {
        /// What we waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The stream ended where more was due.
    #[error("the peer closed the stream at the {what}: try again")]
    Closed {
        /// What was due.
        what: &'static str,
    },
    /// The stream broke.
    #[error("the connection broke at the {what} ({reason}): try again")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What the transport said.
        reason: String,
    },
    /// What came breaks the protocol.
    #[error(
        "the peer sent a malformed {what} ({reason}): do not use it further, and report it if it runs the current version"
    )]
    Malformed {
        /// Which message.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// What came, or what was to be sent, is longer than its kind may be.
    #[error("a {what} of {len} bytes is over its limit of {limit}: split the request, or do not use the peer further")]
    TooLong {
        /// Which message.
        what: &'static str,
        /// Its length.
        len: u64,
        /// The limit of its kind.
        limit: u64,
    },
    /// The caller broke a rule of this interface, for example by sending more bytes than announced.
    #[error("wrong use of a stream: {what}")]
    Misuse {
        /// Which rule.
        what: &'static str,
    },
    /// Limits of this process are reached.
    #[error("this process has too many {what} under way: wait for some of them to end")]
    Overloaded {
        /// What there are too many of.
        what: &'static str,
    },
    /// The network was shut down.
    #[error("the network of this process has been shut down: restart the program")]
    Stopped,
    /// Not a key.
    #[error("not a valid Ed25519 peer key ({reason}): copy it again")]
    BadKey {
        /// What is wrong with it.
        reason: String,
    },
    /// Not an address that can be used.
    #[error(
        "address {address} cannot be used ({reason}): give one like /ip4/203.0.113.7/udp/4001/quic-v1/p2p/<peer id>"
    )]
    BadAddress {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The swarm could not be set up.
    #[error("the network could not be started ({reason}): check the listen addresses and that their ports are free")]
    Setup {
        /// What went wrong.
        reason: String,
    },
}

impl NetError {
    /// Whether the same request may well succeed with the same peer a moment later.
    pub fn is_passing(&self) -> bool {
        match self {
            NetError::Refused(refusal) => matches!(refusal, Refusal::Busy | Refusal::Internal),
            NetError::GetRefused(refusal) => {
                matches!(refusal, GetRefusal::Busy | GetRefusal::Withheld | GetRefusal::Challenged)
            }
            NetError::NotFound { .. }
            | NetError::Unreachable { .. }
            | NetError::TooSlow { .. }
            | NetError::Closed { .. }
            | NetError::Io { .. }
            | NetError::Overloaded { .. } => true,
            _ => false,
        }
    }

    /// Whether the peer broke the protocol, so that nothing further should be asked of it.
    pub fn is_peer_fault(&self) -> bool {
        matches!(self, NetError::Malformed { .. } | NetError::TooLong { .. })
    }

    pub(crate) fn io(what: &'static str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => NetError::Closed { what },
            _ => NetError::Io { what, reason: error.to_string() },
        }
    }

    pub(crate) fn malformed(what: &'static str, reason: impl Into<String>) -> Self {
        NetError::Malformed { what, reason: reason.into() }
    }
}
