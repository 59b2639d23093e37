//! Peers that go first.

use meganet_primitives::receipt::PeerKey;
use parking_lot::RwLock;
use std::{collections::BTreeSet, sync::Arc};

/// The peers for whom connections and streams are kept, whatever strangers take up. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preferred {
    peers: Arc<RwLock<BTreeSet<PeerKey>>>,
}

impl Preferred {
    pub(crate) fn set(&self, peers: BTreeSet<PeerKey>) {
        *self.peers.write() = peers;
    }

    pub(crate) fn contains(&self, peer: &PeerKey) -> bool {
        self.peers.read().contains(peer)
    }
}
