//! Several nodes of one chain: the first that answers is used, and later another one instead of one that is silent.

use super::{
    ChainOptions, Shared, SubxtChain,
    connection::Connection,
    endpoint::{Endpoint, Endpoints},
    wrong_chain,
};
use crate::error::ChainError;
use meganet_primitives::{BlockNumber, hash::Hash};
use std::sync::Arc;
use subxt::{
    SubstrateConfig,
    rpcs::{RpcClient, RpcClientT},
};

impl SubxtChain {
    /// Connects to the first of several nodes that answers. The others are spare: see [`Self::fail_over`].
    ///
    /// # Errors
    /// As [`SubxtChain::connect`]; the last node's error if none of them answers.
    pub async fn connect_any(urls: &[String], options: ChainOptions) -> Result<Self, ChainError> {
        let nodes = urls.iter().map(|url| Endpoint::Node { url: url.clone() });
        Self::connect_to_any(nodes.collect(), options).await
    }

    /// As [`SubxtChain::connect_any`], with nodes inside this process, each with its name.
    ///
    /// # Errors
    /// As [`SubxtChain::connect_any`].
    pub async fn in_process_any<N: RpcClientT>(
        nodes: Vec<(String, N)>,
        options: ChainOptions,
    ) -> Result<Self, ChainError> {
        let nodes = nodes.into_iter().map(|(name, node)| Endpoint::InProcess { name, client: RpcClient::new(node) });
        Self::connect_to_any(nodes.collect(), options).await
    }

    async fn connect_to_any(nodes: Vec<Endpoint>, options: ChainOptions) -> Result<Self, ChainError> {
        let mut nodes = nodes.into_iter();
        let none = || ChainError::NodeUnreachable { url: String::new(), reason: "no node is named".to_owned() };
        let first = nodes.next().ok_or_else(none)?;
        Self::connect_to(Endpoints::new(first, nodes.collect()), options).await
    }

    /// The number of nodes that it may use.
    pub fn nodes(&self) -> usize {
        self.shared.endpoints.count()
    }

    /// From now on uses another node: the first that is on the same chain and has finalized block `least`. Returns its URL;
    /// `None` if no other node has, and nothing has changed then. Streams of blocks continue with the new node.
    pub async fn fail_over(&self, least: BlockNumber) -> Option<String> {
        let Shared { endpoints, current, .. } = &*self.shared;
        for (index, endpoint) in endpoints.spare() {
            match self.try_node(endpoint).await {
                Ok((connection, head)) if head >= least => {
                    let mut current = current.lock().await;
                    if let Ok(before) = &*current {
                        before.give_up();
                    }
                    endpoints.choose(index);
                    *current = Ok(Arc::new(connection));
                    return Some(endpoint.name().to_owned());
                }
                Ok((_, head)) => {
                    tracing::debug!(endpoint = endpoint.name(), head, least, "a spare node has not finalized enough");
                }
                Err(error) => tracing::warn!(%error, "a spare node cannot be used"),
            }
        }
        None
    }

    /// Opens a connection to a node of this chain. Returns the height of its finalized head too.
    async fn try_node(&self, endpoint: &Endpoint) -> Result<(Connection, BlockNumber), ChainError> {
        let Shared { options, genesis, config, .. } = &*self.shared;
        let (connection, found) = Connection::open(endpoint, options, config).await?;
        if found != *genesis {
            return Err(wrong_chain(endpoint.name(), genesis, &found));
        }
        match tokio::time::timeout(options.request_timeout, connection.finalized()).await {
            Ok(Ok(head)) => Ok((connection, head.number)),
            Ok(Err(failure)) => Err(failure.into_error(endpoint)),
            Err(_) => Err(endpoint.silent(format!("no answer within {} s", options.request_timeout.as_secs()))),
        }
    }
}

/// Opens a connection to the first node that answers, and chooses it. Returns the genesis hash too. A node that answers and
/// cannot be used is an error: the configuration is wrong.
pub(super) async fn open_first(
    endpoints: &Endpoints,
    options: &ChainOptions,
    config: &SubstrateConfig,
) -> Result<(Connection, Hash), ChainError> {
    endpoints.choose(0);
    let mut opened = open_checked(endpoints.present(), options, config).await;
    for index in 1..endpoints.count() {
        if !opened.as_ref().is_err_and(ChainError::is_transient) {
            break;
        }
        endpoints.choose(index);
        opened = open_checked(endpoints.present(), options, config).await;
    }
    opened
}

async fn open_checked(
    endpoint: &Endpoint,
    options: &ChainOptions,
    config: &SubstrateConfig,
) -> Result<(Connection, Hash), ChainError> {
    let (connection, genesis) = Connection::open(endpoint, options, config).await?;
    if let Some(expected) = options.genesis.filter(|expected| *expected != genesis) {
        return Err(wrong_chain(endpoint.name(), &expected, &genesis));
    }
    connection.check_apis(endpoint).await?;
    Ok((connection, genesis))
}
