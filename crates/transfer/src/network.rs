//! The handle that every transfer starts from: the chain, the workers, and caches.

mod budget;
mod health;

use self::{budget::Budgets, health::Health};
use crate::{error::FetchError, object::Object, options::FetchOptions};
use meganet_chain_client::{At, ChainClient};
use meganet_net::Net;
use meganet_primitives::{
    GroupId, SlotIndex,
    chain::{GroupInfo, SlotMember},
    object::ObjectId,
};
use moka::future::Cache;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long the members of a group are cached. They change only when a slot is refilled; a reader that fails asks again
/// earlier.
const GROUP_MEMORY: Duration = Duration::from_secs(30);
/// Groups in the cache.
const GROUPS: u64 = 1024;

/// The chain and the workers. Cheap to clone; clones share their caches.
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    chain: Arc<dyn ChainClient>,
    net: Net,
    options: FetchOptions,
    health: Health,
    budgets: Budgets,
    groups: Cache<GroupId, Arc<GroupInfo>>,
    objects: Cache<ObjectId, Arc<Object>>,
    strays: Cache<ObjectId, Arc<Strays>>,
}

/// Shards, each with a member that holds it though its slot is another one.
pub(crate) type Strays = BTreeMap<SlotIndex, SlotMember>;

impl Network {
    /// With the default limits on memory and waiting.
    pub fn new(chain: Arc<dyn ChainClient>, net: Net) -> Self {
        Self::with_options(chain, net, FetchOptions::default())
    }

    /// With other limits.
    pub fn with_options(chain: Arc<dyn ChainClient>, net: Net, options: FetchOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                chain,
                net,
                health: Health::new(options.hedge),
                budgets: Budgets::new(&options),
                groups: Cache::builder().max_capacity(GROUPS).time_to_live(GROUP_MEMORY).build(),
                strays: Cache::builder().max_capacity(GROUPS).time_to_live(GROUP_MEMORY).build(),
                objects: Cache::new(options.object_cache),
                options,
            }),
        }
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn ChainClient> {
        &self.inner.chain
    }

    /// The workers' network.
    pub fn net(&self) -> &Net {
        &self.inner.net
    }

    /// The limits.
    pub fn options(&self) -> &FetchOptions {
        &self.inner.options
    }

    pub(crate) fn health(&self) -> &Health {
        &self.inner.health
    }

    pub(crate) fn budgets(&self) -> &Budgets {
        &self.inner.budgets
    }

    pub(crate) fn objects(&self) -> &Cache<ObjectId, Arc<Object>> {
        &self.inner.objects
    }

    /// A group, at most [`GROUP_MEMORY`] old.
    pub(crate) async fn group(&self, id: GroupId) -> Result<Arc<GroupInfo>, FetchError> {
        if let Some(group) = self.inner.groups.get(&id).await {
            return Ok(group);
        }
        // The best head: its members have to be asked, and a wrong answer costs only a refusal.
        let group = self.inner.chain.group(id, At::Best).await?.ok_or(FetchError::NoSuchGroup { group: id })?;
        let group = Arc::new(group);
        self.inner.groups.insert(id, group.clone()).await;
        Ok(group)
    }

    /// The shards of an object that members other than those of their slots are known to hold.
    pub(crate) fn strays(&self) -> &Cache<ObjectId, Arc<Strays>> {
        &self.inner.strays
    }

    /// Forgets a group, so that the next reader asks the chain.
    pub(crate) async fn forget_group(&self, id: GroupId) {
        self.inner.groups.invalidate(&id).await;
    }
}

/// The members of a group, with their slots.
pub(crate) fn members(group: &GroupInfo) -> impl Iterator<Item = (SlotIndex, SlotMember)> + '_ {
    (0..).zip(&group.slots).filter_map(|(slot, member)| Some((slot, (*member)?)))
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("genesis", &hex::encode(self.inner.chain.genesis())).finish_non_exhaustive()
    }
}
