//! The chain's identity, its blocks, and the state of the connection.

use crate::{
    error::ChainError,
    proofs::NameProofs,
    trust::Trust,
    types::{At, BlockRef, NodeStatus},
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use meganet_primitives::{BlockNumber, hash::Hash};

/// The chain's identity, its blocks, and how well the connection to them works.
#[async_trait]
pub trait HeadsClient: Send + Sync + 'static {
    /// The genesis hash: the chain's identity.
    fn genesis(&self) -> Hash;

    /// Returns the basis on which the answers are trusted. Programs show it with them.
    fn trust(&self) -> Trust;

    /// The node's proofs of names; `None` where the node has none, or where nothing needs them.
    fn proofs(&self) -> Option<&dyn NameProofs>;

    /// How well the node is connected and synchronised.
    async fn node_status(&self) -> Result<NodeStatus, ChainError>;

    /// The finalized head.
    async fn finalized(&self) -> Result<BlockRef, ChainError>;

    /// The best head.
    async fn best(&self) -> Result<BlockRef, ChainError>;

    /// Finalized blocks, every height once and in order, beginning with height `from`, or with the present
    /// finalized head. The stream has no end and no errors: while the node is away it waits, and then fills the gap.
    fn blocks(&self, from: Option<BlockNumber>) -> BoxStream<'static, BlockRef>;

    /// Every new best head from now on, the present one first. After a reorganisation a head may be no higher than the
    /// one before; heights may be skipped when several blocks come at once. The stream has no end and no errors: while the
    /// node is away it waits, and then continues with the head of that time.
    fn best_blocks(&self) -> BoxStream<'static, BlockRef>;

    /// Resolves `at` to a particular block, so that several reads see the same state.
    ///
    /// # Errors
    /// Those of asking for a head.
    async fn pin(&self, at: At) -> Result<At, ChainError> {
        Ok(match at {
            At::Finalized => At::Block(self.finalized().await?.hash),
            At::Best => At::Block(self.best().await?.hash),
            At::Block(hash) => At::Block(hash),
        })
    }
}
