//! A worker as a process: opens what is on disk, connects, joins, and runs until it is stopped.

use crate::{
    background::JobFailure,
    clock::SystemClock,
    config::WorkerConfig,
    http::{self, Pages},
    identity::{self, IdentityError},
    join::JoinError,
    local::Local,
    status::Status,
    store::{Store, StoreError},
    throttle::{CONNECT_RETRY, LOG_EVERY},
    worker::{Parts, Worker},
};
use meganet_chain_client::{At, Call, ChainClient, ChainError, SubxtChain, Until, WorkerCall, prelude::*};
use meganet_net::{Keypair, Net, NetConfig, NetError};
use meganet_primitives::WorkerId;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};
use tokio_util::sync::CancellationToken;

/// Why a worker could not start, or ended before it was stopped.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The identity cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The node cannot be used.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The worker cannot be registered.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The network cannot be started.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A background job cannot run.
    #[error(transparent)]
    Job(#[from] JobFailure),
    /// There is no worker that could leave.
    #[error("no worker with the identity {peer} is registered: check --base-path and --rpc")]
    NotRegistered {
        /// The identity's peer id.
        peer: String,
    },
    /// The address of health and metrics cannot be used.
    #[error("cannot serve health and metrics on {address}: {source}. Choose another address with --http")]
    Http {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
}

/// Runs a worker until `stop` is cancelled, or a background job is given up.
///
/// # Errors
/// [`DaemonError`], each with what to do about it.
pub async fn run(config: WorkerConfig, stop: CancellationToken) -> Result<(), DaemonError> {
    // The store first: its lock keeps a second process from the identity as well.
    let base = config.base_path.clone();
    let opened = tokio::task::spawn_blocking(move || -> Result<_, DaemonError> {
        let store = Store::open(&base)?;
        Ok((Arc::new(store), identity::load_or_create(&base)?))
    });
    let (store, identity) = opened.await.map_err(|_| StoreError::Interrupted)??;
    let peer_id = identity.public().to_peer_id().to_base58();
    tracing::info!(%peer_id, operator = %config.operator.address(), base_path = ?config.base_path, "meganet-worker {}", env!("CARGO_PKG_VERSION"));
    let address = config.http;
    let listener = http::listen(address).await.map_err(|source| DaemonError::Http { address, source })?;
    let local = Local::start(store, config.settings.clone(), Arc::new(SystemClock), stop);
    check_room(&config, &local);
    let pages = Arc::new(Pages { peer_id, local: local.clone(), online: OnceLock::new() });
    let stop_http = CancellationToken::new();
    let serving = tokio::spawn(http::serve(listener, pages.clone(), stop_http.clone()));
    let result = work(config, identity, &pages).await;
    // The pages outlive the work, so that operators see why it ended. They end within a second.
    stop_http.cancel();
    let _ = serving.await;
    result?;
    local.jobs.failure().map_or(Ok(()), |failure| Err(failure.into()))
}

/// Submits to the chain that the worker of this configuration leaves, and returns its number. The running worker does
/// the rest.
///
/// # Errors
/// [`DaemonError`]; [`DaemonError::NotRegistered`] if there is no such worker.
pub async fn leave(config: &WorkerConfig) -> Result<WorkerId, DaemonError> {
    let identity = identity::load_existing(&config.base_path)?;
    let chain = SubxtChain::connect(&config.rpc, None).await?;
    let peer_id = identity.public().to_peer_id();
    let worker = match meganet_net::peer_key(&peer_id) {
        Some(peer) => chain.worker_by_peer(&peer, At::Best).await?,
        None => None,
    };
    let worker = worker.ok_or_else(|| DaemonError::NotRegistered { peer: peer_id.to_base58() })?;
    chain
        .submit(&config.operator, vec![Call::Worker(WorkerCall::Leave { worker: worker.id })], Until::Finalized)
        .await?;
    Ok(worker.id)
}

/// Warns if the disk has less room than the worker lends.
fn check_room(config: &WorkerConfig, local: &Local) {
    let Ok(disk) = nix::sys::statvfs::statvfs(&config.base_path) else { return };
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let room = free.saturating_add(local.disk.usage().bytes);
    if room < config.settings.capacity {
        let capacity = config.settings.capacity;
        tracing::warn!(
            room,
            capacity,
            "the disk has less room than this worker lends: free some, or lower the capacity"
        );
    }
}

async fn work(config: WorkerConfig, identity: Keypair, pages: &Arc<Pages>) -> Result<(), DaemonError> {
    let local = &pages.local;
    let stop = local.jobs.stop();
    let Some(chain) = stop.run_until_cancelled(connect(&config.rpc, &local.status)).await else { return Ok(()) };
    let chain: Arc<dyn ChainClient> = Arc::new(chain?);
    let genesis = chain.genesis();
    local.disk.run(move |store| store.bind(&genesis)).await?;
    let net_config = NetConfig {
        external: config.external.clone(),
        ..NetConfig::worker(identity.clone(), genesis, config.listen.clone(), config.bootnodes.clone())
    };
    let (net, incoming) = Net::start(net_config).await?;
    let worker = Worker::start(Parts { local: local.clone(), chain, net, identity }, incoming);
    // Nothing else sets it.
    let _ = pages.online.set(worker.online().clone());
    let joined = worker.join(&config.operator).await;
    if let Ok(Some(())) = &joined {
        announce(&config, pages);
        stop.cancelled().await;
        tracing::info!(left = local.status.left(), "stopping");
    }
    worker.stop().await;
    joined?;
    Ok(())
}

/// Connects to the node, however long it takes to come up.
async fn connect(url: &str, status: &Status) -> Result<SubxtChain, ChainError> {
    let mut attempt = 0u32;
    loop {
        match SubxtChain::connect(url, None).await {
            Err(error) if error.is_transient() => {
                if attempt.is_multiple_of(LOG_EVERY) {
                    tracing::warn!("waiting for the node: {error}");
                }
                status.set_trouble(Some(error.to_string()));
                attempt = attempt.wrapping_add(1);
                tokio::time::sleep(CONNECT_RETRY).await;
            }
            other => {
                status.set_trouble(None);
                return other;
            }
        }
    }
}

fn announce(config: &WorkerConfig, pages: &Pages) {
    let health = pages.health();
    tracing::info!(
        peer_id = %health.peer_id,
        worker = health.worker_id,
        country = %config.settings.country,
        capacity = config.settings.capacity,
        addresses = ?health.addresses,
        health = %format!("http://{}/health", config.http),
        "worker ready"
    );
}
