//! The chain's identity and its blocks.

use super::super::{SubxtChain, endpoint::Endpoint, failure};
use crate::{
    client::HeadsClient,
    error::ChainError,
    proofs::NameProofs,
    trust::Trust,
    types::{BlockRef, NodeStatus},
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use meganet_primitives::{BlockNumber, convert::to_u64, hash::Hash};

#[async_trait]
impl HeadsClient for SubxtChain {
    fn genesis(&self) -> Hash {
        self.shared.genesis
    }

    fn trust(&self) -> Trust {
        self.relies_on()
    }

    fn proofs(&self) -> Option<&dyn NameProofs> {
        // A light client has checked everything already; a node in this process has no proofs.
        matches!(self.shared.endpoints.present(), Endpoint::Node { .. }).then_some(self as &dyn NameProofs)
    }

    async fn node_status(&self) -> Result<NodeStatus, ChainError> {
        self.ask(|connection| async move {
            let health = connection.rpc.system_health().await.map_err(|e| failure::rpc("system_health", "", e))?;
            let chain = connection.rpc.system_chain().await.map_err(|e| failure::rpc("system_chain", "", e))?;
            let version = connection.rpc.system_version().await.map_err(|e| failure::rpc("system_version", "", e))?;
            let peers = to_u64(health.peers);
            Ok(NodeStatus { chain, version, peers, syncing: health.is_syncing })
        })
        .await
    }

    async fn finalized(&self) -> Result<BlockRef, ChainError> {
        self.ask(|connection| async move { connection.finalized().await }).await
    }

    async fn best(&self) -> Result<BlockRef, ChainError> {
        self.ask(|connection| async move { connection.best().await }).await
    }

    fn blocks(&self, from: Option<BlockNumber>) -> BoxStream<'static, BlockRef> {
        self.finalized_blocks(from)
    }

    fn best_blocks(&self) -> BoxStream<'static, BlockRef> {
        self.best_heads()
    }
}
