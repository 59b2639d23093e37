//! A worker as a process: opens what is on disk, connects, joins, and runs until it is stopped.

use crate::{
    background::JobFailure,
    clock::SystemClock,
    config::{ChainSource, WorkerConfig},
    http::{self, Pages},
    identity::{self, IdentityError},
    jobs::nodes::WatchNode,
    join::JoinError,
    local::Local,
    status::Status,
    store::{self, InitOptions, Marker, Store, StoreError},
    throttle::{CONNECT_RETRY, LOG_EVERY},
    watchdog,
    worker::{Parts, Worker},
};
use meganet_chain_client::{
    At, Call, ChainClient, ChainError, ChainOptions, SubxtChain, Until, WorkerCall,
    light::{Database, LightOptions, LightSpec},
    prelude::*,
};
use meganet_net::{Keypair, Net, NetConfig, NetError};
use meganet_primitives::WorkerId;
use std::{
    net::SocketAddr,
    path::Path,
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
        let marker = Marker::read(&base)?;
        let store = Store::open(&base)?;
        Ok((Arc::new(store), identity::load_of(&base, &marker.peer_id)?, marker))
    });
    let (store, identity, marker) = opened.await.map_err(|_| StoreError::Interrupted)??;
    let peer_id = identity.public().to_peer_id().to_base58();
    tracing::info!(%peer_id, operator = %config.operator.address(), base_path = ?config.base_path, "meganet-worker {}", env!("CARGO_PKG_VERSION"));
    let address = config.http;
    let listener = http::listen(address).await.map_err(|source| DaemonError::Http { address, source })?;
    let local = Local::start(store, config.settings.clone(), Arc::new(SystemClock), stop);
    check_room(&config, &local);
    let pages = Arc::new(Pages { peer_id, local: local.clone(), online: OnceLock::new() });
    tokio::spawn(watchdog::tend(local.disk.clone(), local.jobs.stop().clone()));
    let stop_http = CancellationToken::new();
    let serving = tokio::spawn(http::serve(listener, pages.clone(), stop_http.clone()));
    let result = work(config, identity, marker.another, &pages).await;
    watchdog::ending();
    // The pages outlive the work, so that operators see why it ended. They end within a second.
    stop_http.cancel();
    let _ = serving.await;
    result?;
    local.jobs.failure().map_or(Ok(()), |failure| Err(failure.into()))
}

/// Makes a base path: identity, marker and folder of shards. Returns the worker's peer id.
///
/// # Errors
/// [`StoreError`] if it is made already, [`IdentityError`].
pub fn init(base: &Path, options: InitOptions) -> Result<String, DaemonError> {
    let known = match Marker::read(base) {
        Ok(marker) => Some(marker.peer_id),
        Err(StoreError::NotInitialized { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    std::fs::create_dir_all(base).map_err(|source| StoreError::File {
        action: "create",
        path: base.to_path_buf(),
        source,
    })?;
    let identity = match known {
        Some(peer_id) => identity::load_of(base, &peer_id)?,
        None => identity::load_or_create_beside(base, store::find_kept(base)?)?,
    };
    let peer_id = identity.public().to_peer_id().to_base58();
    store::init(base, &peer_id, options)?;
    Ok(peer_id)
}

/// Submits to the chain that the worker of this configuration leaves, and returns its number. The running worker does
/// the rest.
///
/// # Errors
/// [`DaemonError`]; [`DaemonError::NotRegistered`] if there is no such worker.
pub async fn leave(config: &WorkerConfig) -> Result<WorkerId, DaemonError> {
    let identity = identity::load_existing(&config.base_path)?;
    let chain = connect_once(config).await?;
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

async fn work(config: WorkerConfig, identity: Keypair, another: bool, pages: &Arc<Pages>) -> Result<(), DaemonError> {
    let local = &pages.local;
    let stop = local.jobs.stop();
    let Some(chain) = stop.run_until_cancelled(connect(&config, &local.status)).await else { return Ok(()) };
    let chain = chain?;
    if chain.nodes() > 1 {
        let (chain, patience) = (chain.clone(), config.settings.chain_silence);
        local.jobs.spawn(move || WatchNode::new(chain.clone(), patience));
    }
    let chain: Arc<dyn ChainClient> = Arc::new(chain);
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
    let joined = worker.join(&config.operator, another).await;
    if let Ok(Some(())) = &joined {
        announce(&config, pages);
        stop.cancelled().await;
        tracing::info!(left = local.status.left(), "stopping");
    }
    worker.stop().await;
    joined?;
    Ok(())
}

/// Connects to the first node that answers, or starts a light client, whose database is in the base path.
async fn connect_once(config: &WorkerConfig) -> Result<SubxtChain, ChainError> {
    match &config.source {
        ChainSource::Light(spec) => {
            let spec = LightSpec::read(spec)?;
            let database = Some(Database::open(&config.base_path, &spec.genesis()));
            let light = LightOptions { database, ..LightOptions::default() };
            SubxtChain::over_light(spec, light, ChainOptions::default()).await
        }
        ChainSource::Nodes(urls) => SubxtChain::connect_any(urls, ChainOptions::default()).await,
    }
}

/// Connects, however long the node takes to come up.
async fn connect(config: &WorkerConfig, status: &Status) -> Result<SubxtChain, ChainError> {
    let mut attempt = 0u32;
    loop {
        match connect_once(config).await {
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
