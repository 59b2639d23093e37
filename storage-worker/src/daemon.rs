//! A worker as a process: opens what is on disk, connects, joins, and runs until it is told to stop.

use crate::{
    chain::join::JoinError,
    clock::SystemClock,
    config::Config,
    context::Parts,
    http::{self, Pages},
    identity::{self, IdentityError},
    metrics::Metrics,
    status::Status,
    store::{Store, StoreError},
    worker::Worker,
};
use meganet_chain_client::{At, Call, ChainClient, ChainError, SubxtChain, Until};
use meganet_net::{Keypair, Net, NetConfig, NetError};
use meganet_primitives::WorkerId;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Wait between attempts to reach the node.
const AGAIN: Duration = Duration::from_secs(3);
/// Attempts between two lines in the log that say the same.
const REMIND: u32 = 10;

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The node.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The registry.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// There is no worker to leave.
    #[error("no worker with the identity {peer} is registered: check --base-path and --rpc")]
    NotRegistered {
        /// Its peer id.
        peer: String,
    },
    /// The port of health and metrics.
    #[error("cannot serve health and metrics on {address}: {source}. Choose another port with --http")]
    Http {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Runs a worker until `stop`.
///
/// # Errors
/// [`DaemonError`], each with what to do about it.
pub async fn run(config: Config, stop: CancellationToken) -> Result<(), DaemonError> {
    // The store first: its lock keeps a second process from the identity as well.
    let base = config.base_path.clone();
    let opened = tokio::task::spawn_blocking(move || -> Result<_, DaemonError> {
        let store = Store::open(&base)?;
        Ok((Arc::new(store), identity::load_or_create(&base)?))
    });
    let (store, identity) = opened.await.map_err(|_| StoreError::Interrupted)??;
    let peer_id = identity.public().to_peer_id().to_base58();
    tracing::info!(%peer_id, operator = %config.operator.address(), base_path = ?config.base_path, "meganet-worker {}", env!("CARGO_PKG_VERSION"));
    let pages = Arc::new(Pages {
        peer_id,
        status: Arc::new(Status::default()),
        metrics: Arc::new(Metrics::default()),
        store,
        capacity: config.settings.capacity,
        context: OnceLock::new(),
    });
    check_room(&config, &pages);
    let stop_http = CancellationToken::new();
    let serving = serve_http(config.http, pages.clone(), stop_http.clone()).await?;
    let result = work(config, identity, &pages, stop).await;
    stop_http.cancel();
    // It ends within a second; what the worker came to is the news, whatever became of the pages.
    let _ = serving.await;
    result
}

/// Tells the chain that the worker of this configuration leaves. The worker itself, which goes on running, does the rest.
/// Gives its number.
///
/// # Errors
/// [`DaemonError`]; [`DaemonError::NotRegistered`] where there is no such worker.
pub async fn leave(config: &Config) -> Result<WorkerId, DaemonError> {
    let identity = identity::load_existing(&config.base_path)?;
    let chain = SubxtChain::connect(&config.rpc, None).await?;
    let peer_id = identity.public().to_peer_id();
    let worker = match meganet_net::peer_key(&peer_id) {
        Some(peer) => chain.worker_by_peer(&peer, At::Best).await?,
        None => None,
    };
    let worker = worker.ok_or_else(|| DaemonError::NotRegistered { peer: peer_id.to_base58() })?;
    chain.submit(&config.operator, vec![Call::Leave { worker: worker.id }], Until::Finalized).await?;
    Ok(worker.id)
}

/// Says so when the disk has not the room that is lent.
fn check_room(config: &Config, pages: &Pages) {
    let Ok(disk) = nix::sys::statvfs::statvfs(&config.base_path) else { return };
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let room = free.saturating_add(pages.store.usage().bytes);
    if room < config.settings.capacity {
        let capacity = config.settings.capacity;
        tracing::warn!(
            room,
            capacity,
            "the disk has less room than this worker lends: free some, or lower the capacity"
        );
    }
}

async fn serve_http(
    address: SocketAddr,
    pages: Arc<Pages>,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, DaemonError> {
    let listener = http::listen(address).await.map_err(|source| DaemonError::Http { address, source })?;
    Ok(tokio::spawn(http::serve(listener, pages, stop)))
}

async fn work(
    config: Config,
    identity: Keypair,
    pages: &Arc<Pages>,
    stop: CancellationToken,
) -> Result<(), DaemonError> {
    let Some(chain) = stop.run_until_cancelled(connect(&config.rpc, &pages.status)).await else { return Ok(()) };
    let chain: Arc<dyn ChainClient> = Arc::new(chain?);
    let genesis = chain.genesis();
    let store = pages.store.clone();
    tokio::task::spawn_blocking(move || store.bind(&genesis)).await.map_err(|_| StoreError::Interrupted)??;
    let net_config = NetConfig {
        external: config.external.clone(),
        ..NetConfig::worker(identity.clone(), genesis, config.listen.clone(), config.bootnodes.clone())
    };
    let (net, incoming) = Net::start(net_config).await?;
    let parts = Parts {
        store: pages.store.clone(),
        chain,
        net,
        identity: identity.clone(),
        settings: config.settings.clone(),
        clock: Arc::new(SystemClock),
        metrics: pages.metrics.clone(),
        status: pages.status.clone(),
        stop: stop.clone(),
    };
    let worker = Worker::start(parts, incoming);
    // It is set only here.
    let _ = pages.context.set(worker.context().clone());
    let joined = worker.join(&config.operator, &identity).await;
    if let Ok(Some(())) = &joined {
        announce(&config, pages);
        stop.cancelled().await;
        tracing::info!(left = pages.status.left(), "stopping");
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
            Err(error @ ChainError::NodeUnreachable { .. }) => {
                if attempt.is_multiple_of(REMIND) {
                    tracing::warn!("waiting for the node: {error}");
                }
                status.set_trouble(Some(error.to_string()));
                attempt = attempt.wrapping_add(1);
                tokio::time::sleep(AGAIN).await;
            }
            other => {
                status.set_trouble(None);
                return other;
            }
        }
    }
}

fn announce(config: &Config, pages: &Pages) {
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
