//! Proofs of names, as a node sends them.
//!
//! Here they are bytes: `meganet-name-proof` checks them, and nothing that only talks to the chain needs to link it.

use crate::error::ChainError;
use async_trait::async_trait;
use meganet_primitives::BlockNumber;
use serde_json::Value;

/// A node that proves its answers about names.
#[async_trait]
pub trait NameProofs: Send + Sync {
    /// A proof of a name's content in the newest block with finality votes, with the changes of validators since block
    /// `since`. `None` if there are too many changes for one answer: ask [`Self::set_changes`] first.
    ///
    /// # Errors
    /// Those of asking a node, and [`ChainError::NothingFinalized`] where it has not seen votes yet.
    async fn name_proof(&self, name: &str, since: BlockNumber) -> Result<Option<Vec<u8>>, ChainError>;

    /// The changes of validators after block `since`, as many as fit into an answer.
    ///
    /// # Errors
    /// Those of asking a node.
    async fn set_changes(&self, since: BlockNumber) -> Result<Vec<u8>, ChainError>;

    /// A checkpoint at the newest block with finality votes, as JSON. To use it is to trust the node.
    ///
    /// # Errors
    /// As of [`Self::name_proof`].
    async fn checkpoint(&self) -> Result<Value, ChainError>;
}
