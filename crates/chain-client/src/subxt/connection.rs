//! One connection: a WebSocket to a node, or a way into the light client of this process.

use super::{
    ChainOptions,
    endpoint::{Endpoint, Link},
    failure::{self, Failure},
};
use crate::{
    error::ChainError,
    types::{At, BlockRef},
};
use blake2::{Blake2b, Digest, digest::consts::U8};
use meganet_primitives::hash::Hash;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use subxt::{
    OnlineClient, SubstrateConfig,
    backend::{BlockRef as SubxtBlock, LegacyBackend},
    client::OnlineClientAtBlock,
    config::{Header as _, RpcConfigFor, substrate::SubstrateHeader},
    ext::jsonrpsee::{
        client_transport::ws::{Url, WsTransportClientBuilder},
        core::client::{Client as Socket, async_client::PingConfig},
    },
    rpcs::{LegacyRpcMethods, RpcClient},
    utils::H256,
};

/// The runtime APIs without which a chain is not ours.
const APIS: [&str; 2] = ["NamesApi", "StorageApi"];
/// The longest message from the node: metadata, blocks.
const MAX_MESSAGE: u32 = 64 * 1024 * 1024;

/// The node at one block: its metadata and versions.
pub(super) type AtBlock = OnlineClientAtBlock<SubstrateConfig>;

/// An open connection.
pub(super) struct Connection {
    link: Link,
    /// Set when it no longer answers, though the link may not know.
    given_up: AtomicBool,
    /// For methods that `rpc` has not.
    pub(super) raw: RpcClient,
    pub(super) rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
    client: OnlineClient<SubstrateConfig>,
}

impl Connection {
    /// Connects, and reads the genesis hash.
    pub(super) async fn open(
        endpoint: &Endpoint,
        options: &ChainOptions,
        config: &SubstrateConfig,
    ) -> Result<(Self, Hash), ChainError> {
        let open = async {
            let (link, raw) = match endpoint {
                Endpoint::Node { url } => {
                    let socket = Arc::new(socket(endpoint, parse_url(url)?, options).await?);
                    (Link::Socket(socket.clone()), RpcClient::new(socket))
                }
                Endpoint::InProcess { client, .. } => (Link::InProcess, client.clone()),
                Endpoint::Light(client) => (Link::Light(client.clone()), RpcClient::new(client.clone())),
            };
            let rpc = LegacyRpcMethods::new(raw.clone());
            let backend = LegacyBackend::builder().build(raw.clone());
            // This asks for the genesis hash.
            let client = OnlineClient::from_backend_with_config(config.clone(), Arc::new(backend))
                .await
                .map_err(|e| endpoint.silent(failure::brief(&e.to_string())))?;
            let genesis = client.genesis_hash().0;
            Ok((Self { link, given_up: AtomicBool::new(false), raw, rpc, client }, genesis))
        };
        match tokio::time::timeout(options.connect_timeout, open).await {
            Ok(result) => result,
            Err(_) => Err(endpoint.silent(format!("no answer within {} s", options.connect_timeout.as_secs()))),
        }
    }

    /// Checks that the runtime is one of ours.
    pub(super) async fn check_apis(&self, endpoint: &Endpoint) -> Result<(), ChainError> {
        let version = match self.rpc.state_get_runtime_version(None).await {
            Ok(version) => version,
            Err(error) => return Err(failure::rpc("state_getRuntimeVersion", "", error).into_error(endpoint)),
        };
        let apis = version.other.get("apis").map(ToString::to_string).unwrap_or_default();
        match missing_api(&apis) {
            Some(api) => Err(ChainError::NotMeganet { url: endpoint.name().to_owned(), missing: api.to_owned() }),
            None => Ok(()),
        }
    }

    /// Whether it can be used.
    pub(super) fn is_open(&self) -> bool {
        self.link.is_open() && !self.given_up.load(Ordering::Relaxed)
    }

    /// Whether it is a light client that answers.
    pub(super) fn is_light(&self) -> bool {
        matches!(self.link, Link::Light(_))
    }

    /// Uses it for nothing further.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// The block that `at` means; `None` where that is the node's best one.
    pub(super) async fn resolve(&self, at: At) -> Result<Option<H256>, Failure> {
        match at {
            At::Best => Ok(None),
            At::Block(hash) => Ok(Some(H256(hash))),
            At::Finalized => {
                let head = self.rpc.chain_get_finalized_head().await;
                head.map(Some).map_err(|e| failure::rpc("chain_getFinalizedHead", "", e))
            }
        }
    }

    /// The finalized head.
    pub(super) async fn finalized(&self) -> Result<BlockRef, Failure> {
        let hash =
            self.rpc.chain_get_finalized_head().await.map_err(|e| failure::rpc("chain_getFinalizedHead", "", e))?;
        self.block(hash).await
    }

    /// The best head.
    pub(super) async fn best(&self) -> Result<BlockRef, Failure> {
        let hash =
            self.rpc.chain_get_block_hash(None).await.map_err(|e| failure::rpc("chain_getBlockHash", "best", e))?;
        let hash = hash.ok_or_else(|| unknown("best"))?;
        self.block(hash).await
    }

    /// The block of the best chain at a height, if there is one.
    pub(super) async fn at_height(&self, number: u32) -> Result<Option<BlockRef>, Failure> {
        if self.is_light() {
            return self.verified_at_height(number).await;
        }
        let hash = self
            .rpc
            .chain_get_block_hash(Some(number.into()))
            .await
            .map_err(|e| failure::rpc("chain_getBlockHash", &number.to_string(), e))?;
        Ok(hash.map(|hash| BlockRef { hash: hash.0, number }))
    }

    /// The genesis hash.
    pub(super) fn genesis(&self) -> Hash {
        self.client.genesis_hash().0
    }

    /// A header by its hash.
    pub(super) async fn header(&self, hash: H256) -> Result<SubstrateHeader<H256>, Failure> {
        let at = block_name(hash);
        let header = self.rpc.chain_get_header(Some(hash)).await;
        header.map_err(|e| failure::rpc("chain_getHeader", &at, e))?.ok_or_else(|| unknown(&at))
    }

    /// A block by its hash.
    pub(super) async fn block(&self, hash: H256) -> Result<BlockRef, Failure> {
        let number = self.header(hash).await?.number();
        let number = u32::try_from(number).map_err(|_| incompatible(format!("block height {number}")))?;
        Ok(BlockRef { hash: hash.0, number })
    }

    /// The runtime as it is after a block.
    pub(super) async fn at(&self, block: BlockRef) -> Result<AtBlock, Failure> {
        let reference = SubxtBlock::from_hash(H256(block.hash));
        self.client
            .at_block_hash_and_number(reference, u64::from(block.number))
            .await
            .map_err(|e| failure::other("reading the metadata", &block.to_string(), &e))
    }
}

/// Opens the WebSocket to a node.
async fn socket(endpoint: &Endpoint, url: Url, options: &ChainOptions) -> Result<Socket, ChainError> {
    let (sender, receiver) = WsTransportClientBuilder::default()
        .connection_timeout(options.connect_timeout)
        .max_response_size(MAX_MESSAGE)
        .build(url)
        .await
        .map_err(|e| endpoint.silent(failure::brief(&e.to_string())))?;
    // Finds out within a minute that the other end is gone without a word.
    let ping = PingConfig::new()
        .ping_interval(Duration::from_secs(10))
        .inactive_limit(Duration::from_secs(30))
        .max_failures(2);
    Ok(Socket::builder()
        .request_timeout(options.request_timeout)
        .max_buffer_capacity_per_subscription(1024)
        .enable_ws_ping(ping)
        .build_with_tokio(sender, receiver))
}

/// The first of our APIs that is not in a runtime's list, which names APIs by hash.
fn missing_api(listed: &str) -> Option<&'static str> {
    APIS.into_iter().find(|api| !listed.contains(&hex::encode(Blake2b::<U8>::digest(api))))
}

/// How a block is called in messages.
pub(super) fn block_name(hash: H256) -> String {
    format!("0x{}", hex::encode(hash))
}

pub(super) fn unknown(block: &str) -> Failure {
    Failure::Chain(ChainError::UnknownBlock { block: block.to_owned() })
}

pub(super) fn incompatible(detail: String) -> Failure {
    Failure::Chain(ChainError::Incompatible { detail })
}

fn parse_url(url: &str) -> Result<Url, ChainError> {
    let bad = |reason: &str| ChainError::BadUrl { url: url.to_owned(), reason: reason.to_owned() };
    let parsed = Url::parse(url).map_err(|e| bad(&e.to_string()))?;
    if !matches!(parsed.scheme(), "ws" | "wss") {
        return Err(bad("its scheme is neither ws nor wss"));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_web_sockets_are_nodes() {
        assert!(parse_url("ws://127.0.0.1:9944").is_ok());
        assert!(parse_url("wss://rpc.example.org").is_ok());
        for url in ["127.0.0.1:9944", "http://127.0.0.1:9944", "", "ws://"] {
            assert!(matches!(parse_url(url), Err(ChainError::BadUrl { .. })), "{url}");
        }
    }

    #[test]
    fn runtimes_name_apis_by_hash() {
        // `Core`, as every runtime lists it.
        assert_eq!(hex::encode(Blake2b::<U8>::digest("Core")), "df6acb689907609b");
        assert_eq!(missing_api(r#"[["0xdf6acb689907609b",5]]"#), Some("NamesApi"));
        let ours = APIS.map(|api| format!(r#"["0x{}",1]"#, hex::encode(Blake2b::<U8>::digest(api))));
        assert_eq!(missing_api(&ours[0]), Some("StorageApi"));
        assert_eq!(missing_api(&ours.join(",")), None);
    }

    #[tokio::test]
    async fn a_closed_port_is_unreachable() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("ws://{closed}");
        let error = crate::SubxtChain::connect(&url, None).await.err().unwrap();
        assert!(matches!(error, ChainError::NodeUnreachable { .. }), "{error}");
        assert!(error.to_string().contains(&url) && error.to_string().contains("--rpc"), "{error}");
    }
}
