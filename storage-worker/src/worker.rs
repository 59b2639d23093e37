//! Assembles a worker and takes it apart.

use crate::{
    accounts::Accounts,
    groups::Groups,
    jobs::{
        blackout::{KeepBlackout, Withheld},
        collect::{Collect, CollectHandles, CollectSettings},
        follow::{Follow, FollowHandles},
        heads::{FollowHeads, Heads},
        leave::{Leave, finish},
        prove::{Prove, ProveHandles},
        rebuild::{Rebuild, RebuildHandles, RebuildSettings},
        renew::Renew,
        report::Report,
        serve::{Serve, ServeHandles},
        sync::{SyncHandles, SyncRanges},
    },
    join::{JoinError, Joiner},
    local::Local,
    metrics::Metrics,
    operator::Operator,
    reclaim::{ReclaimHandles, Reclaimer},
    serve::{GetHandles, GetService, PutHandles, PutService, Server},
    service::AdmissionLimits,
    status::Status,
    store::Store,
};
use meganet_chain_client::{ChainClient, Signer};
use meganet_net::{Incoming, Keypair, Net};
use meganet_primitives::hash::Hash;
use meganet_transfer::{FetchOptions, Hedge, Network};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, Notify};
use tokio_util::task::TaskTracker;

/// Time for streams and jobs to end.
const GOODBYE: Duration = Duration::from_secs(5);
/// Bytes that rebuilds may have in memory.
const REBUILD_BUDGET: u64 = 32 << 20;

/// The parts of a [`Worker`].
pub struct Parts {
    /// The part that needs neither chain nor network.
    pub local: Local,
    /// The chain.
    pub chain: Arc<dyn ChainClient>,
    /// The network.
    pub net: Net,
    /// The worker's key, which signs receipts.
    pub identity: Keypair,
}

/// The parts that only a worker on the network has, for the operator's pages. Cheap to clone.
#[derive(Clone)]
pub struct Online {
    /// The network.
    pub net: Net,
    /// The chain's genesis hash.
    pub genesis: Hash,
    /// This worker's groups.
    pub groups: Arc<Groups>,
    /// The rows that are withheld because other members have to prove them.
    pub withheld: Withheld,
}

/// A worker that is on the network.
pub struct Worker {
    local: Local,
    online: Online,
    chain: Arc<dyn ChainClient>,
    identity: Keypair,
    reclaimer: Arc<Reclaimer>,
    sync_due: Arc<Notify>,
    streams: TaskTracker,
}

impl Worker {
    /// Begins to serve what the store holds. [`Self::join`] does the rest.
    pub fn start(parts: Parts, incoming: Incoming) -> Self {
        let Parts { local, chain, net, identity } = parts;
        let groups = Arc::new(Groups::new(chain.clone(), local.clock.clone(), net.clone()));
        let online = Online { net, genesis: chain.genesis(), groups, withheld: Withheld::default() };
        let (sync_due, streams) = Default::default();
        let reclaimer = Arc::new(Reclaimer::new(ReclaimHandles {
            chain: chain.clone(),
            disk: local.disk.clone(),
            status: local.status.clone(),
            clock: local.clock.clone(),
            metrics: local.metrics.clone(),
            keep: local.settings.keep,
            trust_node: local.settings.trust_node,
        }));
        let worker = Self { local, online, chain, identity, reclaimer, sync_due, streams };
        let handles = ServeHandles {
            incoming: Arc::new(Mutex::new(incoming)),
            net: worker.online.net.clone(),
            server: worker.server(),
            streams: worker.streams.clone(),
            metrics: worker.local.metrics.clone(),
            stop: worker.local.jobs.stop().clone(),
        };
        worker.local.jobs.spawn(move || Serve::new(handles.clone()));
        worker
    }

    /// Registers the worker if it is not registered, begins to follow the chain, and answers its challenges in the
    /// operator's name. Returns `None` if it was stopped meanwhile, or has left the network. `another` allows a worker in
    /// addition to others of the operator.
    ///
    /// # Errors
    /// [`JoinError`] if waiting does not help.
    pub async fn join(&self, operator: &Signer, another: bool) -> Result<Option<()>, JoinError> {
        let joiner = Joiner {
            chain: &*self.chain,
            operator,
            identity: &self.identity,
            peer: self.online.net.local_key(),
            settings: &self.local.settings,
            another,
            leaving: self.local.disk.run(|store| store.leaving()).await?,
            status: &self.local.status,
        };
        let stop = self.local.jobs.stop();
        let joined = match stop.run_until_cancelled(joiner.join()).await {
            None => return Ok(None),
            Some(Err(JoinError::Left)) => {
                finish(&self.local.disk, &self.local.status, stop).await;
                return Ok(None);
            }
            Some(joined) => joined,
        };
        let operator = Operator {
            chain: self.chain.clone(),
            signer: operator.clone(),
            worker: joined?.id,
            status: self.local.status.clone(),
        };
        self.spawn_block_jobs(&operator);
        self.spawn_storage_jobs();
        Ok(Some(()))
    }

    /// Starts the jobs that act within blocks.
    fn spawn_block_jobs(&self, operator: &Operator) {
        let (jobs, heads) = (&self.local.jobs, Heads::default());
        let chain = self.chain.clone();
        let best = heads.clone();
        jobs.spawn(move || FollowHeads::new(chain.clone(), best.clone()));

        let (chain, disk, withheld) = (self.chain.clone(), self.local.disk.clone(), self.online.withheld.clone());
        let (best, worker) = (heads.clone(), operator.worker);
        jobs.spawn(move || KeepBlackout::new(chain.clone(), disk.clone(), best.subscribe(), withheld.clone(), worker));

        let handles = ProveHandles {
            operator: operator.clone(),
            disk: self.local.disk.clone(),
            damage: self.local.damage(),
            sync_due: self.sync_due.clone(),
            status: self.local.status.clone(),
            metrics: self.local.metrics.clone(),
            heads: heads.clone(),
        };
        jobs.spawn(move || Prove::new(handles.clone()));

        let (account, groups, metrics) = (operator.clone(), self.online.groups.clone(), self.local.metrics.clone());
        let best = heads.clone();
        jobs.spawn(move || Report::new(account.clone(), groups.clone(), metrics.clone(), best.subscribe()));

        let (account, groups, metrics) = (operator.clone(), self.online.groups.clone(), self.local.metrics.clone());
        let best = heads.clone();
        jobs.spawn(move || Renew::new(account.clone(), groups.clone(), metrics.clone(), best.subscribe()));

        let (account, disk, status) = (operator.clone(), self.local.disk.clone(), self.local.status.clone());
        let stop = jobs.stop().clone();
        jobs.spawn(move || Leave::new(account.clone(), disk.clone(), status.clone(), heads.subscribe(), stop.clone()));
    }

    /// Starts the jobs that keep the store in step with the chain.
    fn spawn_storage_jobs(&self) {
        let Local { jobs, settings, disk, clock, metrics, status, rebuild_due } = &self.local;
        let handles = FollowHandles {
            chain: self.chain.clone(),
            disk: disk.clone(),
            groups: self.online.groups.clone(),
            status: status.clone(),
            clock: clock.clone(),
            sync_due: self.sync_due.clone(),
        };
        jobs.spawn(move || Follow::new(handles.clone()));

        let handles = SyncHandles {
            chain: self.chain.clone(),
            disk: disk.clone(),
            groups: self.online.groups.clone(),
            status: status.clone(),
            net: self.online.net.clone(),
            clock: clock.clone(),
            due: self.sync_due.clone(),
            rebuild_due: rebuild_due.clone(),
        };
        jobs.spawn(move || SyncRanges::new(handles.clone()));

        let handles = RebuildHandles {
            chain: self.chain.clone(),
            network: self.reader(),
            disk: disk.clone(),
            groups: self.online.groups.clone(),
            status: status.clone(),
            capacity: settings.capacity,
            metrics: metrics.clone(),
            clock: clock.clone(),
            reclaimer: self.reclaimer.clone(),
            due: rebuild_due.clone(),
        };
        let pace = RebuildSettings { at_once: settings.rebuilds, rate: settings.rebuild_rate };
        jobs.spawn(move || Rebuild::new(handles.clone(), pace));

        let handles = CollectHandles {
            chain: self.chain.clone(),
            disk: disk.clone(),
            groups: self.online.groups.clone(),
            status: status.clone(),
            metrics: metrics.clone(),
            clock: clock.clone(),
            reclaimer: self.reclaimer.clone(),
        };
        let pace = CollectSettings {
            interval: settings.collect_interval,
            staged_for: settings.staged_for,
            receipts_for: settings.receipts_for,
        };
        jobs.spawn(move || Collect::new(handles.clone(), pace));
    }

    fn server(&self) -> Server {
        let Local { settings, disk, clock, metrics, status, .. } = &self.local;
        let get = GetHandles {
            disk: disk.clone(),
            damage: self.local.damage(),
            groups: self.online.groups.clone(),
            status: status.clone(),
            withheld: settings.blackout.then(|| self.online.withheld.clone()),
            metrics: metrics.clone(),
        };
        let put = PutHandles {
            disk: disk.clone(),
            groups: self.online.groups.clone(),
            status: status.clone(),
            metrics: metrics.clone(),
            clock: clock.clone(),
            accounts: Accounts::new(self.chain.clone()),
            reclaimer: self.reclaimer.clone(),
            displace_after: settings.displace_after,
            identity: self.identity.clone(),
            genesis: self.online.genesis,
        };
        let limits =
            AdmissionLimits { capacity: settings.capacity, staging: settings.staging, uploads: settings.uploads };
        Server { get: Arc::new(GetService::new(get, settings.serving)), put: Arc::new(PutService::new(put, limits)) }
    }

    /// Reads other members for rebuilds.
    fn reader(&self) -> Network {
        // Nobody waits for a rebuild: asking few members and giving them time costs less than asking all at once.
        let hedge = Hedge { initial: Duration::from_secs(2), ..Hedge::default() };
        let options =
            FetchOptions { budget: REBUILD_BUDGET, prefetch: 0, prefetch_budget: 0, hedge, ..FetchOptions::default() };
        Network::with_options(self.chain.clone(), self.online.net.clone(), options)
    }

    /// The part that needs neither chain nor network.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        self.local.disk.store()
    }

    /// State for the operator.
    pub fn status(&self) -> &Arc<Status> {
        &self.local.status
    }

    /// Counters for the operator.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.local.metrics
    }

    /// The parts that only a worker on the network has.
    pub fn online(&self) -> &Online {
        &self.online
    }

    /// Ends streams and jobs; unfinished shards are dropped.
    pub async fn stop(self) {
        self.local.jobs.stop().cancel();
        let jobs = self.local.jobs.end(GOODBYE);
        self.streams.close();
        let streams = tokio::time::timeout(GOODBYE, self.streams.wait());
        let (jobs, streams) = tokio::join!(jobs, streams);
        if !jobs || streams.is_err() {
            tracing::warn!("some work did not end in time");
        }
        self.online.net.shutdown();
    }
}
