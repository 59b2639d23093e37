//! A light client inside this process: smoldot.
//!
//! It speaks to the nodes' peer-to-peer ports and trusts none of them. From a checkpoint it follows GRANDPA's
//! signatures through every change of the validators, and from there verifies each header. A runtime call is executed
//! here, by an interpreter, on storage that comes with Merkle proofs against a verified header. So a node can refuse to
//! answer, but cannot lie. The checkpoint is trusted, and with it the maker of the spec.
//!
//! - [`LightSpec`]: which chain, where its nodes are, and the checkpoint. [`crate::SubxtChain::light_spec`] makes one.
//! - [`LightClient`]: the running client. [`crate::SubxtChain::over_light`] is the chain seen through it.
//! - [`Database`]: the knowledge of the last run, so that the next start is warm.
//! - [`engine`]: smoldot and its JSON-RPC, over which subxt works as over a WebSocket.
//!
//! The database is a checkpoint too: smoldot begins at it unverified if it is newer than the spec's. It belongs to the
//! user and is written by this program alone.

mod checkpoint;
mod database;
mod engine;
mod spec;
mod sync;

pub(crate) use self::{
    checkpoint::Checkpoint,
    spec::{Document, Genesis},
};
pub use self::{database::Database, spec::LightSpec};

use self::engine::Engine;
use crate::error::ChainError;
use meganet_primitives::hash::Hash;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use subxt::rpcs::{
    RpcClientT,
    client::{RawRpcFuture, RawRpcSubscription, RawValue},
};
use tokio::task::JoinSet;

/// The interval at which the database is written while the client runs.
const SAVE_EVERY: Duration = Duration::from_secs(300);

/// Timeouts and the database of a [`LightClient`].
#[derive(Clone, Debug)]
pub struct LightOptions {
    /// How long it is tried to reach any node of the spec. Below 30 seconds: by then smoldot calls itself ready even
    /// without peers.
    pub peer_timeout: Duration,
    /// How long catching up with the chain may take, from the beginning.
    pub sync_timeout: Duration,
    /// The knowledge of the last run; `None` keeps nothing.
    pub database: Option<Database>,
}

impl Default for LightOptions {
    fn default() -> Self {
        Self { peer_timeout: Duration::from_secs(20), sync_timeout: Duration::from_secs(120), database: None }
    }
}

/// A running light client. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct LightClient {
    shared: Arc<Shared>,
}

struct Shared {
    spec: LightSpec,
    options: LightOptions,
    engine: Arc<Engine>,
    /// Ended with this.
    tasks: Mutex<JoinSet<()>>,
}

impl LightClient {
    /// Starts it. It connects and catches up in the background; [`LightClient::synced`] waits for that.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ChainError::BadLightSpec`] if smoldot does not take the spec.
    pub fn start(spec: LightSpec, options: LightOptions) -> Result<Self, ChainError> {
        let known = options.database.as_ref().map_or("", Database::content);
        let (engine, pump) = Engine::start(&spec, known)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(pump);
        Ok(Self { shared: Arc::new(Shared { spec, options, engine, tasks: Mutex::new(tasks) }) })
    }

    /// The spec it was started from.
    pub fn spec(&self) -> &LightSpec {
        &self.shared.spec
    }

    /// The genesis hash of the chain that it follows.
    pub fn genesis(&self) -> Hash {
        self.shared.spec.genesis()
    }

    /// Waits until it has caught up with the chain, and then writes the database.
    ///
    /// # Errors
    /// [`ChainError::NoPeers`] if no node of the spec is reached, [`ChainError::NotSynced`] if it takes too long.
    pub async fn synced(&self) -> Result<(), ChainError> {
        sync::wait(&self.shared.engine, &self.shared.spec, &self.shared.options).await?;
        if self.shared.options.database.is_some() {
            self.save().await;
            let (shared, mut every) = (Arc::downgrade(&self.shared), tokio::time::interval(SAVE_EVERY));
            let mut tasks = self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.spawn(async move {
                every.tick().await;
                loop {
                    every.tick().await;
                    let Some(shared) = shared.upgrade() else { return };
                    Self { shared }.save().await;
                }
            });
        }
        Ok(())
    }

    /// Writes what is known now to the database. A failure costs the next start some time and is only logged.
    pub async fn save(&self) {
        let Some(database) = &self.shared.options.database else { return };
        if let Err(error) = self.save_to(database.path().to_owned()).await {
            tracing::warn!(path = %database.path().display(), error, "the light client's database was not written");
        }
    }

    async fn save_to(&self, path: PathBuf) -> Result<(), String> {
        let known = self.shared.engine.call("chainHead_unstable_finalizedDatabase", Vec::new()).await;
        let known: String =
            serde_json::from_str(known.map_err(|error| error.to_string())?.get()).map_err(|error| error.to_string())?;
        let written = tokio::task::spawn_blocking(move || database::write(&path, &known)).await;
        written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// Whether it still works.
    pub(crate) fn is_running(&self) -> bool {
        self.shared.engine.is_open()
    }
}

impl RpcClientT for LightClient {
    fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(self.shared.engine.request(method, params))
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        params: Option<Box<RawValue>>,
        unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(self.shared.engine.subscribe(sub, params, unsub))
    }
}
