//! The ends that a connection can have.

use crate::{error::ChainError, light::LightClient};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
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

/// All ends that may be used, in the order of preference.
pub(super) struct Endpoints {
    first: Endpoint,
    others: Vec<Endpoint>,
    /// The index of the present one.
    present: AtomicUsize,
}

impl Endpoints {
    /// The first one is the present one.
    pub(super) fn new(first: Endpoint, others: Vec<Endpoint>) -> Self {
        Self { first, others, present: AtomicUsize::new(0) }
    }

    /// Their number, at least one.
    pub(super) fn count(&self) -> usize {
        self.others.len().saturating_add(1)
    }

    /// The one that is used.
    pub(super) fn present(&self) -> &Endpoint {
        self.get(self.present.load(Ordering::SeqCst))
    }

    /// Uses another one from now on.
    pub(super) fn choose(&self, index: usize) {
        self.present.store(index, Ordering::SeqCst);
    }

    /// Those that are not used, by index.
    pub(super) fn spare(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        let present = self.present.load(Ordering::SeqCst);
        (0..self.count()).filter(move |index| *index != present).map(move |index| (index, self.get(index)))
    }

    fn get(&self, index: usize) -> &Endpoint {
        index.checked_sub(1).and_then(|index| self.others.get(index)).unwrap_or(&self.first)
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
