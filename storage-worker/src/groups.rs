//! This worker's groups, shared by everything that runs.

use crate::{
    clock::Clock,
    model::records::Seconds,
    service::{GroupView, Membership},
};
use meganet_chain_client::{At, ChainClient, ChainError};
use meganet_net::Net;
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
/// Groups whose lookup is waited for. Others count as groups without this worker.
const QUEUE: usize = 16;

/// The membership that was last read from the chain, and lookups of groups that it does not contain.
pub struct Groups {
    chain: Arc<dyn ChainClient>,
    clock: Arc<dyn Clock>,
    net: Net,
    membership: Mutex<Membership>,
    /// Groups without this worker, and when the chain was asked about them.
    foreign: Mutex<BTreeMap<GroupId, Seconds>>,
    lookups: Semaphore,
    /// Places for those that wait for a lookup; nobody waits longer.
    queue: Semaphore,
}

impl Groups {
    /// No groups are known yet.
    pub fn new(chain: Arc<dyn ChainClient>, clock: Arc<dyn Clock>, net: Net) -> Self {
        let (membership, foreign) = Default::default();
        Self { chain, clock, net, membership, foreign, lookups: Semaphore::new(LOOKUPS), queue: Semaphore::new(QUEUE) }
    }

    /// This worker's identity.
    pub fn peer(&self) -> PeerKey {
        self.net.local_key()
    }

    /// Reads or changes the membership, which is locked meanwhile.
    pub fn membership<T>(&self, look: impl FnOnce(&mut Membership) -> T) -> T {
        look(&mut self.membership.lock())
    }

    /// Replaces all groups; the network keeps places for their members. Returns the groups before.
    pub fn replace(&self, views: Vec<GroupView>) -> Vec<GroupView> {
        let mut membership = self.membership.lock();
        let before = membership.groups().cloned().collect();
        membership.set_groups(views);
        self.net.prefer(membership.members().clone());
        before
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
                foreign.retain(|_, asked| now < asked.saturating_add(ASK_AGAIN));
                if foreign.len() >= MAX_FOREIGN {
                    // These are not clients that have seen a slot filled: nobody asks about this many groups at once.
                    return None;
                }
            }
            foreign.insert(group, now);
        }
        let _queue = self.queue.try_acquire().ok()?;
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
        let view = info.and_then(|info| GroupView::of(&info, &self.peer()));
        if let Some(view) = &view {
            self.membership(|membership| {
                membership.set_group(view.clone());
                self.net.prefer(membership.members().clone());
            });
            self.foreign.lock().remove(&group);
        }
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::testing::SetClock;
    use futures::future::join_all;
    use meganet_chain_client::{Call, MEGA, Signer, StorageCall, Until};
    use meganet_chain_fake::FakeChain;
    use meganet_net::{NetLimits, memory::Hub};
    use meganet_primitives::{country::Country, placement::ProfileId};

    const ME: PeerKey = PeerKey([1; 32]);

    fn groups(chain: &FakeChain) -> (Arc<Groups>, Arc<SetClock>) {
        let clock = Arc::new(SetClock::default());
        let net = Hub::new().reader(ME, NetLimits::default());
        (Arc::new(Groups::new(chain.client(), clock.clone(), net)), clock)
    }

    /// When the chain was last asked about a group.
    fn asked(groups: &Groups, group: GroupId) -> Option<Seconds> {
        groups.foreign.lock().get(&group).copied()
    }

    #[tokio::test]
    async fn a_group_of_others_is_looked_up_every_two_seconds_at_most() {
        let chain = FakeChain::default();
        let (groups, clock) = groups(&chain);
        for (now, last) in [(10, 10), (11, 10), (12, 12), (13, 12), (100, 100)] {
            clock.set(now);
            assert_eq!(groups.get(7).await, None);
            assert_eq!(asked(&groups, 7), Some(last), "{now}");
        }
    }

    #[tokio::test]
    async fn a_slot_that_was_filled_a_moment_ago_is_found() {
        let chain = FakeChain::default();
        for index in 1..=6 {
            let country = Country::new([*b"DE", *b"FR", *b"JP"][usize::from(index) % 3]).unwrap();
            chain.fund([index; 32], 1000 * MEGA);
            chain.add_worker([index; 32], PeerKey([index; 32]), country, 4 << 30);
        }
        let (groups, clock) = groups(&chain);
        assert_eq!(groups.get(0).await, None);
        let owner = Signer::from_suri("//Owner").unwrap();
        chain.fund(owner.account(), 1_000_000 * MEGA);
        let call = Call::Storage(StorageCall::OpenGroup { profile: ProfileId::Compact });
        chain.submit(&owner, vec![call], Until::InBlock).await.unwrap();
        chain.ticks(4);
        let open = chain.open_groups(ProfileId::Compact, At::Best).await.unwrap();
        let group = open.first().unwrap().id;
        clock.set(ASK_AGAIN);
        assert_eq!(groups.get(group).await.map(|view| view.id), Some(group));
        assert_eq!(asked(&groups, group), None);
        // From now on it is known.
        chain.set_unreachable(true);
        assert!(groups.get(group).await.is_some());
    }

    #[tokio::test]
    async fn those_who_ask_about_many_groups_wait_in_a_short_queue_and_are_forgotten() {
        let chain = FakeChain::default();
        let (groups, clock) = groups(&chain);
        let busy = groups.lookups.acquire_many(u32::try_from(LOOKUPS).unwrap()).await.unwrap();
        let waiting: Vec<_> = (0..QUEUE)
            .map(|group| {
                let groups = groups.clone();
                tokio::spawn(async move { groups.get(GroupId::try_from(group).unwrap()).await })
            })
            .collect();
        while groups.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        // Nobody else waits: this would never end.
        assert_eq!(groups.get(1_000_000).await, None);
        drop(busy);
        assert!(join_all(waiting).await.into_iter().all(|view| view.unwrap().is_none()));
        assert_eq!((groups.queue.available_permits(), groups.lookups.available_permits()), (QUEUE, LOOKUPS));

        // As many groups as are remembered: a newer one is not looked up, and displaces none of them.
        let full: BTreeMap<GroupId, Seconds> = (0..).take(MAX_FOREIGN).map(|group| (group, 0)).collect();
        groups.foreign.lock().clone_from(&full);
        assert_eq!(groups.get(1_000_000).await, None);
        assert_eq!(*groups.foreign.lock(), full);
        // Those that may be asked about again are forgotten to make room.
        groups.foreign.lock().insert(0, 1);
        clock.set(ASK_AGAIN);
        assert_eq!(groups.get(1_000_000).await, None);
        assert_eq!(*groups.foreign.lock(), BTreeMap::from([(0, 1), (1_000_000, ASK_AGAIN)]));
    }
}
