//! Errors between two peers, each with what to do about it.

use crate::{
    peer::{BadPeerKey, show},
    wire::{get::GetRefusal, put::Refusal},
};
use meganet_primitives::receipt::PeerKey;
use std::{io, time::Duration};

/// An error of the network. Cheap to clone, so that all who wait for one connection get the same error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// No address of the peer is known.
    #[error(
        "no address of peer {} was found: it is offline or has just started; wait and try again, and check that the bootnodes are up",
        show(peer)
    )]
    NotFound {
        /// The peer that was searched for.
        peer: PeerKey,
    },
    /// The peer has addresses, but none of them answers.
    #[error(
        "peer {} does not answer ({reason}): it may be offline or behind a firewall; try again later, or use another member of the group",
        show(peer)
    )]
    Unreachable {
        /// The peer that was dialled.
        peer: PeerKey,
        /// The errors of the transports.
        reason: String,
    },
    /// The peer speaks the protocols of another chain.
    #[error("peer {} is on another chain: check the genesis hash and the bootnodes of this network", show(peer))]
    OtherChain {
        /// The peer.
        peer: PeerKey,
    },
    /// The peer does not serve this protocol. It may be on another chain, if it does not announce its chain.
    #[error("peer {} does not serve {protocol}: it is not a worker, or on another chain", show(peer))]
    NotServing {
        /// The peer.
        peer: PeerKey,
        /// The requested protocol.
        protocol: String,
    },
    /// A worker refused a put.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A worker refused a get.
    #[error(transparent)]
    GetRefused(#[from] GetRefusal),
    /// The peer made less progress than its limits require.
    #[error(
        "the peer was too slow at the {what} (it used up {waited:?} of waiting time): use another peer, or try again later"
    )]
    TooSlow {
        /// The step that was waited for.
        what: &'static str,
        /// The waiting time that was allowed.
        waited: Duration,
    },
    /// The stream ended before the exchange was complete.
    #[error("the peer closed the stream at the {what}: try again")]
    Closed {
        /// The step that was expected.
        what: &'static str,
    },
    /// The stream broke.
    #[error("the connection broke at the {what} ({reason}): try again")]
    Io {
        /// The step under way.
        what: &'static str,
        /// The error of the transport.
        reason: String,
    },
    /// The peer sent something that violates the protocol.
    #[error(
        "the peer sent a malformed {what} ({reason}): do not use it further, and report it if it runs the current version"
    )]
    Malformed {
        /// The message.
        what: &'static str,
        /// The reason.
        reason: String,
    },
    /// A received or outgoing message is longer than its kind allows.
    #[error("a {what} of {len} bytes is over its limit of {limit}: split the request, or do not use the peer further")]
    TooLong {
        /// The message.
        what: &'static str,
        /// Its length.
        len: u64,
        /// The limit of its kind.
        limit: u64,
    },
    /// The caller violated a rule of this interface, for example by sending more bytes than announced.
    #[error("wrong use of a stream: {what}")]
    Misuse {
        /// The rule.
        what: &'static str,
    },
    /// A limit of this process is reached.
    #[error("this process has too many {what} under way: wait until some of them have ended")]
    Overloaded {
        /// The resource that is used up.
        what: &'static str,
    },
    /// The network was shut down.
    #[error("the network of this process has been shut down: restart the program")]
    Stopped,
    /// A key that is not valid.
    #[error(transparent)]
    BadKey(#[from] BadPeerKey),
    /// An address that cannot be used.
    #[error(
        "address {address} cannot be used ({reason}): use one like /ip4/203.0.113.7/udp/4001/quic-v1/p2p/<peer id>"
    )]
    BadAddress {
        /// The address.
        address: String,
        /// The reason.
        reason: String,
    },
    /// The swarm could not be set up.
    #[error("the network could not be started ({reason}): check the listen addresses and that their ports are free")]
    Setup {
        /// The reason.
        reason: String,
    },
}

impl NetError {
    /// Returns true if the same request may succeed with the same peer a moment later.
    pub fn is_transient(&self) -> bool {
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

    /// Returns true if the peer violated the protocol, so that it should not be used further.
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
