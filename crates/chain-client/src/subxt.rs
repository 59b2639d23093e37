//! A node, over WebSocket, or the network itself, through a light client.
//!
//! [`SubxtChain`] holds one connection at a time and replaces it when it breaks ([`connection`]). Every request goes
//! through [`SubxtChain::ask`], which retries over a new connection while patience lasts; requests are idempotent,
//! a submission included, because it repeats the same signed bytes. The legacy RPC methods are used: they need no
//! pinned blocks, so a slow reader never holds a node's memory and never loses a block to unpinning.
//!
//! - [`connection`]: opening one, checking its chain, noticing that it is broken.
//! - [`failure`]: interprets the errors of node and transport.
//! - [`reads`]: all reads, by subject.
//! - [`calls`]: calls as SCALE, by names in the metadata.
//! - [`submit`]: signing ([`transaction`]), then [`offer`]: the pool; [`watch`] and [`statuses`]: waiting; [`events`]:
//!   what it did.
//! - [`proofs`]: proofs of names, for clients that do not trust the node.
//! - [`blocks`]: the stream of finalized blocks; [`heads`]: that of best heads; [`news`]: the subscription below both.
//! - [`failover`]: several nodes, of which one is used.
//! - [`endpoint`]: nodes and light clients. A light client serves most of the same methods; instead of the others,
//!   [`heights`] finds blocks by height, and [`validity`] asks the runtime what a pool would answer. [`light_spec`] makes
//!   its spec.

mod blocks;
mod calls;
mod connection;
mod endpoint;
mod events;
mod failover;
mod failure;
mod heads;
mod heights;
mod light_spec;
mod news;
mod offer;
mod proofs;
mod reads;
mod statuses;
mod submit;
mod transaction;
mod validity;
mod watch;

use self::{
    connection::Connection,
    endpoint::{Endpoint, Endpoints},
    failure::Failure,
};
use crate::{
    error::ChainError,
    light::{LightClient, LightOptions, LightSpec},
    trust::Trust,
};
use backon::{ExponentialBuilder, Retryable};
use meganet_primitives::{AccountId, hash::Hash};
use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use subxt::{
    SubstrateConfig,
    rpcs::{RpcClient, RpcClientT},
};

/// Timeouts and expectations of a [`SubxtChain`].
#[derive(Clone, Debug)]
pub struct ChainOptions {
    /// The genesis hash that the chain must have; `None` accepts any Meganet chain.
    pub genesis: Option<Hash>,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long the node may take to answer a request.
    pub request_timeout: Duration,
    /// How long the first connection is attempted; zero tries once.
    pub start_patience: Duration,
    /// How long a request is repeated while the node is away.
    pub patience: Duration,
    /// How long a submission waits for a block.
    pub block_timeout: Duration,
    /// How long a submission waits for finality, from the beginning.
    pub finality_timeout: Duration,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self {
            genesis: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            start_patience: Duration::ZERO,
            patience: Duration::from_secs(30),
            block_timeout: Duration::from_secs(120),
            finality_timeout: Duration::from_secs(300),
        }
    }
}

/// The chain behind a node's RPC. Clones share the connection.
#[derive(Clone)]
pub struct SubxtChain {
    shared: Arc<Shared>,
}

struct Shared {
    endpoints: Endpoints,
    options: ChainOptions,
    genesis: Hash,
    /// Keeps the metadata of each runtime version.
    config: SubstrateConfig,
    /// The present connection, or the reason why the last attempt to open one failed. Locked during an attempt.
    current: tokio::sync::Mutex<Result<Arc<Connection>, ChainError>>,
    /// Number of attempts that failed.
    failures: AtomicU64,
    /// One lock for each account that signs here: nonces are handed out one after another.
    lanes: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
}

impl SubxtChain {
    /// Connects to the node at a `ws://` or `wss://` URL, once, with the default [`ChainOptions`].
    ///
    /// # Errors
    /// [`ChainError::NodeUnreachable`], [`ChainError::WrongChain`] if the chain is not the expected one,
    /// [`ChainError::NotMeganet`] if its runtime has none of our APIs.
    pub async fn connect(url: &str, genesis: Option<Hash>) -> Result<Self, ChainError> {
        Self::connect_with(url, ChainOptions { genesis, ..ChainOptions::default() }).await
    }

    /// Connects with other options; a program that starts together with its node wants some `start_patience`.
    ///
    /// # Errors
    /// As [`SubxtChain::connect`].
    pub async fn connect_with(url: &str, options: ChainOptions) -> Result<Self, ChainError> {
        Self::connect_to(Endpoints::new(Endpoint::Node { url: url.to_owned() }, Vec::new()), options).await
    }

    /// Starts a light client on a spec, and waits until it has caught up with the chain.
    ///
    /// # Errors
    /// [`ChainError::BadLightSpec`] if the spec is invalid, [`ChainError::WrongLightSpec`] if it is of another chain than
    /// `options.genesis`, [`ChainError::NoPeers`] if none of its nodes is reached (those of another chain do not
    /// count), [`ChainError::NotSynced`] if catching up takes too long, and those of [`SubxtChain::connect`].
    pub async fn over_light(spec: LightSpec, light: LightOptions, options: ChainOptions) -> Result<Self, ChainError> {
        if let Some(expected) = options.genesis.filter(|expected| *expected != spec.genesis()) {
            return Err(ChainError::WrongLightSpec {
                spec: spec.source().to_owned(),
                expected: hex::encode(expected),
                got: hex::encode(spec.genesis()),
            });
        }
        let client = LightClient::start(spec, light)?;
        client.synced().await?;
        Self::connect_to(Endpoints::new(Endpoint::Light(client), Vec::new()), options).await
    }

    /// Connects to a node inside this process, which answers the same JSON-RPC methods as one behind a URL. `name` stands
    /// for the URL in messages.
    ///
    /// # Errors
    /// As [`SubxtChain::connect`].
    pub async fn in_process(name: &str, node: impl RpcClientT, options: ChainOptions) -> Result<Self, ChainError> {
        let node = Endpoint::InProcess { name: name.to_owned(), client: RpcClient::new(node) };
        Self::connect_to(Endpoints::new(node, Vec::new()), options).await
    }

    async fn connect_to(endpoints: Endpoints, options: ChainOptions) -> Result<Self, ChainError> {
        let config = SubstrateConfig::new();
        let open = || failover::open_first(&endpoints, &options, &config);
        let (connection, genesis) = open
            .retry(backoff(options.start_patience))
            .when(while_patient(options.start_patience))
            .notify(|error, delay| tracing::info!(%error, ?delay, "waiting for the node"))
            .await?;
        tracing::debug!(endpoint = endpoints.present().name(), genesis = %hex::encode(genesis), "connected to the chain");
        let shared = Shared {
            endpoints,
            options,
            genesis,
            config,
            current: tokio::sync::Mutex::new(Ok(Arc::new(connection))),
            failures: AtomicU64::new(0),
            lanes: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The node's URL, or the source of the light client's spec.
    pub fn url(&self) -> &str {
        self.shared.endpoints.present().name()
    }

    /// The basis on which its answers are trusted.
    pub(super) fn relies_on(&self) -> Trust {
        match self.shared.endpoints.present() {
            Endpoint::Node { .. } | Endpoint::InProcess { .. } => Trust::Rpc,
            Endpoint::Light(_) => Trust::Light,
        }
    }

    /// Asks the node, again over a new connection while it is away and patience lasts.
    async fn ask<T, F, A>(&self, question: F) -> Result<T, ChainError>
    where
        F: Fn(Arc<Connection>) -> A,
        A: Future<Output = Result<T, Failure>>,
    {
        (|| self.ask_once(&question))
            .retry(backoff(self.shared.options.patience))
            .when(while_patient(self.shared.options.patience))
            .notify(|error, delay| tracing::debug!(%error, ?delay, "asking again"))
            .await
    }

    async fn ask_once<T, F, A>(&self, question: &F) -> Result<T, ChainError>
    where
        F: Fn(Arc<Connection>) -> A,
        A: Future<Output = Result<T, Failure>>,
    {
        let connection = self.connection().await?;
        let timeout = self.shared.options.request_timeout;
        let reason = match tokio::time::timeout(timeout, question(connection.clone())).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(Failure::Chain(error))) if connection.is_open() => return Err(error),
            Ok(Err(Failure::Chain(error))) => error.to_string(),
            Ok(Err(Failure::Lost(reason))) => reason,
            Err(_) => format!("no answer within {} s", timeout.as_secs()),
        };
        connection.give_up();
        Err(self.shared.endpoints.present().silent(reason))
    }

    /// The present connection, or a new one if it broke. Requests that wait for an attempt share its result: one after another
    /// they would wait for a connect timeout each.
    async fn connection(&self) -> Result<Arc<Connection>, ChainError> {
        let failures = self.shared.failures.load(Ordering::SeqCst);
        let mut current = self.shared.current.lock().await;
        match &*current {
            Ok(connection) if connection.is_open() => return Ok(connection.clone()),
            Err(error) if self.shared.failures.load(Ordering::SeqCst) != failures => return Err(error.clone()),
            _ => {}
        }
        *current = self.open_again().await.map(Arc::new);
        if current.is_err() {
            self.shared.failures.fetch_add(1, Ordering::SeqCst);
        }
        current.clone()
    }

    async fn open_again(&self) -> Result<Connection, ChainError> {
        let Shared { endpoints, options, genesis, config, .. } = &*self.shared;
        let endpoint = endpoints.present();
        let (connection, found) = Connection::open(endpoint, options, config).await?;
        if found != *genesis {
            return Err(wrong_chain(endpoint.name(), genesis, &found));
        }
        tracing::info!(endpoint = endpoint.name(), "connected to the chain again");
        Ok(connection)
    }

    /// The lock of an account's nonces.
    fn lane(&self, account: AccountId) -> Arc<tokio::sync::Mutex<()>> {
        let mut lanes = self.shared.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(account).or_default().clone()
    }
}

/// Whether a failed request is tried again. Attempts that hang use patience up as waits between them do.
fn while_patient(patience: Duration) -> impl FnMut(&ChainError) -> bool {
    let begun = Instant::now();
    move |error| {
        matches!(error, ChainError::NodeUnreachable { .. } | ChainError::LightClient { .. })
            && begun.elapsed() < patience
    }
}

/// Waits of 0.1 to 3 seconds, as long as `patience` lasts.
fn backoff(patience: Duration) -> ExponentialBuilder {
    let builder = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(3));
    if patience.is_zero() {
        builder.with_max_times(0)
    } else {
        builder.without_max_times().with_total_delay(Some(patience))
    }
}

fn wrong_chain(url: &str, expected: &Hash, got: &Hash) -> ChainError {
    ChainError::WrongChain { url: url.to_owned(), expected: hex::encode(expected), got: hex::encode(got) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::future::join_all;
    use std::sync::atomic::AtomicUsize;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn requests_share_one_attempt_to_connect_to_a_node_that_does_not_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                held.push(stream);
            }
        });
        let options = ChainOptions { connect_timeout: Duration::from_millis(500), ..ChainOptions::default() };
        let shared = Shared {
            endpoints: Endpoints::new(Endpoint::Node { url }, Vec::new()),
            options,
            genesis: [0; 32],
            config: SubstrateConfig::new(),
            current: tokio::sync::Mutex::new(Err(ChainError::NoCalls)),
            failures: AtomicU64::new(0),
            lanes: Mutex::default(),
        };
        let chain = SubxtChain { shared: Arc::new(shared) };
        for expected in [1, 2] {
            let results = join_all((0..8).map(|_| chain.connection())).await;
            let unreachable = |result: &Result<_, _>| matches!(result, Err(ChainError::NodeUnreachable { .. }));
            assert!(results.iter().all(unreachable));
            assert_eq!(attempts.load(Ordering::SeqCst), expected);
        }
    }
}
