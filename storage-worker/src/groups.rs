//! This worker's groups, shared by everything that runs.

use crate::{
    clock::Clock,
    model::records::Seconds,
    service::{GroupView, Membership},
};
use meganet_chain_client::{At, ChainClient, ChainError};
use meganet_primitives::{GroupId, receipt::PeerKey};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Semaphore;

/// Seconds before the chain is asked again about a group without this worker.
const ASK_AGAIN: Seconds = 2;
/// Groups without this worker that are remembered.
const MAX_FOREIGN: usize = 1024;
/// Groups that are looked up at once. Any peer can ask about any group, so this bounds the load on the node.
const LOOKUPS: usize = 2;

/// The membership that was last read from the chain, and lookups of groups that it does not contain.
pub struct Groups {
    chain: Arc<dyn ChainClient>,
    clock: Arc<dyn Clock>,
    peer: PeerKey,
    membership: Mutex<Membership>,
    /// Groups without this worker, and when the chain was asked about them.
    foreign: Mutex<BTreeMap<GroupId, Seconds>>,
    lookups: Semaphore,
}

impl Groups {
    /// No groups are known yet.
    pub fn new(chain: Arc<dyn ChainClient>, clock: Arc<dyn Clock>, peer: PeerKey) -> Self {
        let (membership, foreign) = Default::default();
        Self { chain, clock, peer, membership, foreign, lookups: Semaphore::new(LOOKUPS) }
    }

    /// This worker's identity.
    pub fn peer(&self) -> PeerKey {
        self.peer
    }

    /// Reads or changes the membership, which is locked meanwhile.
    pub fn membership<T>(&self, look: impl FnOnce(&mut Membership) -> T) -> T {
        look(&mut self.membership.lock())
    }

    /// The groups in which this worker has a slot.
    pub fn all(&self) -> Vec<GroupView> {
        self.membership(|membership| membership.groups().cloned().collect())
    }

    /// A group in which this worker has a slot. An unknown one is looked up at the chain's best block, since a client
    /// may see a slot filled a moment before the worker does.
    pub async fn get(&self, group: GroupId) -> Option<GroupView> {
        if let Some(view) = self.membership(|membership| membership.group(group).cloned()) {
            return Some(view);
        }
        let now = self.clock.now();
        {
            let mut foreign = self.foreign.lock();
            if foreign.get(&group).is_some_and(|asked| now < asked.saturating_add(ASK_AGAIN)) {
                return None;
            }
            if foreign.len() >= MAX_FOREIGN {
                foreign.clear();
            }
            foreign.insert(group, now);
        }
        let _turn = self.lookups.acquire().await.ok()?;
        match self.look_up(group).await {
            Ok(view) => view,
            Err(error) => {
                tracing::warn!(group, %error, "cannot find out whether this worker has a slot in a group");
                None
            }
        }
    }

    async fn look_up(&self, group: GroupId) -> Result<Option<GroupView>, ChainError> {
        let info = self.chain.group(group, At::Best).await?;
        let view = info.and_then(|info| GroupView::of(&info, &self.peer));
        if let Some(view) = &view {
            self.membership(|membership| membership.set_group(view.clone()));
            self.foreign.lock().remove(&group);
        }
        Ok(view)
    }
}
