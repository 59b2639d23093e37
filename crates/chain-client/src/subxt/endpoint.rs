//! Whom a chain is asked through.

use crate::{error::ChainError, light::LightClient};
use std::sync::Arc;
use subxt::ext::jsonrpsee::core::client::Client as Socket;

/// Where connections lead.
pub(super) enum Endpoint {
    /// To a node, whose word is taken.
    Node {
        /// Its URL.
        url: String,
    },
    /// To the light client of this process, which outlives them.
    Light(LightClient),
}

impl Endpoint {
    /// As messages call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Node { url } => url,
            Self::Light(client) => client.spec().source(),
        }
    }

    /// The error that there is no answer.
    pub(super) fn silent(&self, reason: String) -> ChainError {
        match self {
            Self::Node { url } => ChainError::NodeUnreachable { url: url.clone(), reason },
            Self::Light(_) => ChainError::LightClient { reason },
        }
    }
}

/// What holds a connection open.
pub(super) enum Link {
    Socket(Arc<Socket>),
    Light(LightClient),
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Socket(socket) => socket.is_connected(),
            Self::Light(client) => client.is_running(),
        }
    }
}
