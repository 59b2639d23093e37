//! The ends that a connection can have.

use crate::{error::ChainError, light::LightClient};
use std::sync::Arc;
use subxt::{ext::jsonrpsee::core::client::Client as Socket, rpcs::RpcClient};

/// Where connections lead.
pub(super) enum Endpoint {
    /// To a node, which is trusted.
    Node {
        /// Its URL.
        url: String,
    },
    /// To a node inside this process, which is trusted. It has no proofs of names.
    InProcess {
        /// The name that stands for a URL.
        name: String,
        /// Passes requests to it.
        client: RpcClient,
    },
    /// To the light client of this process, which outlives them.
    Light(LightClient),
}

impl Endpoint {
    /// The name in messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Node { url } => url,
            Self::InProcess { name, .. } => name,
            Self::Light(client) => client.spec().source(),
        }
    }

    /// The error for a missing answer.
    pub(super) fn silent(&self, reason: String) -> ChainError {
        match self {
            Self::Node { url: name } | Self::InProcess { name, .. } => {
                ChainError::NodeUnreachable { url: name.clone(), reason }
            }
            Self::Light(_) => ChainError::LightClient { reason },
        }
    }
}

/// The transport that holds a connection open.
pub(super) enum Link {
    Socket(Arc<Socket>),
    InProcess,
    Light(LightClient),
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Socket(socket) => socket.is_connected(),
            Self::InProcess => true,
            Self::Light(client) => client.is_running(),
        }
    }
}
