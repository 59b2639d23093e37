//! Taking the first checkpoint from a node, which is trusted this once.

use meganet_chain_client::{ChainError, NameProofs};
use meganet_name_proof::Checkpoint;
use meganet_primitives::hash::Hash;

/// Why a node gave no usable checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum AskCheckpointError {
    /// The node could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Its answer does not parse, or contradicts itself.
    #[error("the node returned an invalid checkpoint ({reason}): ask another node")]
    Invalid {
        /// The error in it.
        reason: String,
    },
    /// It is valid, for another chain.
    #[error("the node returned a checkpoint of another chain: ask another node")]
    OtherChain,
}

/// Asks a node for a checkpoint of the chain with this genesis hash, at its newest finalized block. Only its form is checked: the
/// node is trusted about the rest.
///
/// # Errors
/// [`AskCheckpointError`]
pub async fn ask_checkpoint(node: &dyn NameProofs, genesis: &Hash) -> Result<Checkpoint, AskCheckpointError> {
    let invalid = |reason: String| AskCheckpointError::Invalid { reason };
    let answer = node.checkpoint().await?;
    let checkpoint: Checkpoint = serde_json::from_value(answer).map_err(|error| invalid(error.to_string()))?;
    checkpoint.voters().map_err(|error| invalid(error.to_string()))?;
    if checkpoint.genesis.0 != *genesis {
        return Err(AskCheckpointError::OtherChain);
    }
    Ok(checkpoint)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use async_trait::async_trait;
    use meganet_name_proof_fake::Chain;
    use meganet_primitives::BlockNumber;
    use serde_json::{Value, json};

    /// A node that answers with a fixed checkpoint.
    struct Node(Value);

    #[async_trait]
    impl NameProofs for Node {
        async fn name_proof(&self, _: &str, _: BlockNumber) -> Result<Option<Vec<u8>>, ChainError> {
            Ok(None)
        }

        async fn set_changes(&self, _: BlockNumber) -> Result<Vec<u8>, ChainError> {
            Ok(Vec::new())
        }

        async fn checkpoint(&self) -> Result<Value, ChainError> {
            Ok(self.0.clone())
        }
    }

    #[tokio::test]
    async fn only_a_valid_checkpoint_of_the_right_chain_is_accepted() {
        let good = Chain::new(4).checkpoint();
        let node = Node(serde_json::to_value(&good).unwrap());
        assert_eq!(ask_checkpoint(&node, &good.genesis.0).await.unwrap(), good);
        let other = ask_checkpoint(&node, &[0xab; 32]).await.unwrap_err();
        assert!(matches!(other, AskCheckpointError::OtherChain), "{other}");
        let unweighted = Checkpoint { authorities: Vec::new(), ..good.clone() };
        for wrong in [json!({}), json!(null), serde_json::to_value(unweighted).unwrap()] {
            let error = ask_checkpoint(&Node(wrong), &good.genesis.0).await.unwrap_err();
            assert!(error.to_string().contains("invalid checkpoint"), "{error}");
        }
    }
}
