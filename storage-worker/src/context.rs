//! What the edges share.

use crate::{
    clock::Clock,
    metrics::Metrics,
    service::{Admission, Blackout, GroupView, Limits, Membership, admission::Ticket},
    settings::Settings,
    status::Status,
    store::{Store, StoreError, records::Seconds},
    sync::lock,
};
use meganet_chain_client::{At, BlockRef, ChainClient, ChainError};
use meganet_net::{Keypair, Net};
use meganet_primitives::{
    GroupId,
    hash::Hash,
    receipt::{PeerKey, PeerSignature},
};
use meganet_transfer::{FetchOptions, Hedge, Network};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Seconds before the chain is asked again about a group that this worker is not in.
const ASK_AGAIN: u64 = 2;
/// Groups remembered that this worker is not in.
const STRANGERS: usize = 1024;
/// Groups that are looked up at once: anybody can ask for any group, and the node is not to be bothered much.
const LOOKUPS: usize = 2;
/// Bytes that rebuilds may have in memory.
const REBUILD_BUDGET: u64 = 32 << 20;

/// The parts of a running worker. Held as `Arc<Context>` by everything that runs.
pub struct Context {
    /// The disk.
    pub store: Arc<Store>,
    /// The chain.
    pub chain: Arc<dyn ChainClient>,
    /// The chain's genesis hash.
    pub genesis: Hash,
    /// The network.
    pub net: Net,
    /// Reads other workers, for rebuilding.
    pub network: Network,
    /// Bounds and paces.
    pub settings: Settings,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Counters for the operator.
    pub metrics: Arc<Metrics>,
    /// What is going on, for the operator.
    pub status: Arc<Status>,
    /// Ends everything.
    pub stop: CancellationToken,
    /// Wakes the sync job.
    pub sync_due: Notify,
    /// Wakes the rebuild job.
    pub rebuild_due: Notify,
    /// The best head; `None` until the first is known.
    pub heads: watch::Sender<Option<BlockRef>>,
    /// Bytes of answers that may be in memory.
    pub serving: Arc<Semaphore>,
    identity: Keypair,
    membership: Mutex<Membership>,
    admission: Mutex<Admission>,
    blackout: Mutex<Blackout>,
    strangers: Mutex<BTreeMap<GroupId, Seconds>>,
    lookups: Semaphore,
}

/// What a [`Context`] is made from.
pub struct Parts {
    /// The disk.
    pub store: Arc<Store>,
    /// The chain.
    pub chain: Arc<dyn ChainClient>,
    /// The network.
    pub net: Net,
    /// The key that is the worker: signs receipts.
    pub identity: Keypair,
    /// Bounds and paces.
    pub settings: Settings,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What is going on.
    pub status: Arc<Status>,
    /// Ends everything.
    pub stop: CancellationToken,
}

impl Context {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, chain, net, identity, settings, clock, metrics, status, stop } = parts;
        // Nobody waits for a rebuild: better ask few members and give them time than ask all at once.
        let hedge = Hedge { initial: std::time::Duration::from_secs(2), ..Hedge::default() };
        let options =
            FetchOptions { budget: REBUILD_BUDGET, prefetch: 0, prefetch_budget: 0, hedge, ..FetchOptions::default() };
        let limits = Limits { capacity: settings.capacity, staging: settings.staging, uploads: settings.uploads };
        let serving = usize::try_from(settings.serving).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            genesis: chain.genesis(),
            network: Network::with_options(chain.clone(), net.clone(), options),
            store,
            chain,
            net,
            settings,
            clock,
            metrics,
            status,
            stop,
            sync_due: Notify::new(),
            rebuild_due: Notify::new(),
            heads: watch::Sender::new(None),
            serving: Arc::new(Semaphore::new(serving)),
            identity,
            membership: Mutex::default(),
            admission: Mutex::new(Admission::new(limits)),
            blackout: Mutex::default(),
            strangers: Mutex::default(),
            lookups: Semaphore::new(LOOKUPS),
        }
    }

    /// The worker's own key.
    pub fn peer(&self) -> PeerKey {
        self.net.local_key()
    }

    /// Signs with the worker's identity.
    ///
    /// # Errors
    /// When the key gives no signature; an Ed25519 key always does.
    pub fn sign(&self, message: &[u8]) -> Result<PeerSignature, BadKey> {
        sign(&self.identity, message)
    }

    /// What the chain last said of this worker's groups.
    pub fn membership<T>(&self, look: impl FnOnce(&mut Membership) -> T) -> T {
        look(&mut lock(&self.membership))
    }

    /// What must not be served at the moment.
    pub fn blackout<T>(&self, look: impl FnOnce(&mut Blackout) -> T) -> T {
        look(&mut lock(&self.blackout))
    }

    /// Decides on what comes in.
    pub fn admission<T>(&self, decide: impl FnOnce(&mut Admission, &Membership) -> T) -> T {
        let membership = lock(&self.membership);
        decide(&mut lock(&self.admission), &membership)
    }

    /// Gives room back that was set aside.
    pub fn admission_done(&self, ticket: Ticket) {
        lock(&self.admission).done(ticket);
    }

    /// A group of this worker. One that is not known to be is looked up on the chain first, at its best head: the
    /// client may have seen the slot filled a moment before the worker.
    pub async fn group(&self, group: GroupId) -> Option<GroupView> {
        if let Some(view) = self.membership(|membership| membership.group(group).cloned()) {
            return Some(view);
        }
        let now = self.clock.now();
        {
            let mut strangers = lock(&self.strangers);
            if strangers.get(&group).is_some_and(|asked| now < asked.saturating_add(ASK_AGAIN)) {
                return None;
            }
            if strangers.len() >= STRANGERS {
                strangers.clear();
            }
            strangers.insert(group, now);
        }
        let _turn = self.lookups.acquire().await.ok()?;
        match self.look_up(group).await {
            Ok(view) => view,
            Err(error) => {
                tracing::warn!(group, %error, "cannot tell whether this worker has a slot in a group");
                None
            }
        }
    }

    async fn look_up(&self, group: GroupId) -> Result<Option<GroupView>, ChainError> {
        let info = self.chain.group(group, At::Best).await?;
        let view = info.and_then(|info| GroupView::of(&info, &self.peer()));
        if let Some(view) = &view {
            self.membership(|membership| membership.set_group(view.clone()));
            lock(&self.strangers).remove(&group);
        }
        Ok(view)
    }

    /// Runs something on the store, away from the async runtime.
    ///
    /// # Errors
    /// What it answers, and [`Interrupted`] when the worker is being stopped.
    pub async fn disk<T, E>(&self, work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Interrupted> + Send + 'static,
    {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(_) => Err(Interrupted.into()),
        }
    }

    /// Notes damage that was found, and wakes the rebuild job.
    pub async fn damaged(&self, key: crate::store::keys::ShardKey, frame: u64) {
        let now = self.clock.now();
        match self.disk(move |store| store.mark_damaged(&key, now)).await {
            Ok(true) => {
                tracing::warn!(shard = %key, frame, "bytes on disk are damaged: the shard will be rebuilt from other workers");
                self.metrics.corrupt_found.inc();
                self.rebuild_due.notify_one();
            }
            Ok(false) => {}
            Err(error) => tracing::error!(shard = %key, %error, "cannot note that a shard is damaged"),
        }
    }
}

/// The task was ended: the worker is being stopped.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the worker is being stopped")]
pub struct Interrupted;

impl From<Interrupted> for StoreError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl From<Interrupted> for crate::store::ReadError {
    fn from(_: Interrupted) -> Self {
        Self::Store(StoreError::Interrupted)
    }
}

impl From<Interrupted> for crate::store::WriteError {
    fn from(_: Interrupted) -> Self {
        Self::Store(StoreError::Interrupted)
    }
}

/// The identity key cannot sign.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the identity key cannot sign ({0}): restore identity.key from a backup")]
pub struct BadKey(String);

/// Signs with an Ed25519 identity.
///
/// # Errors
/// When the key is of another kind.
pub fn sign(identity: &Keypair, message: &[u8]) -> Result<PeerSignature, BadKey> {
    let signature = identity.sign(message).map_err(|error| BadKey(error.to_string()))?;
    let bytes = signature.try_into().map_err(|_| BadKey("it is no Ed25519 key".to_owned()))?;
    Ok(PeerSignature(bytes))
}
