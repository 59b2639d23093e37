//! Taking the first checkpoint from a node, which is trusted this once.

use meganet_chain_client::{ChainClient, ChainError, NameProofs};
use meganet_name_proof::Checkpoint;

/// Why a node gave no usable checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum AskCheckpointError {
    /// The node could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Its answer does not parse, or contradicts itself.
    #[error("the node returned an invalid checkpoint ({reason}): ask another node")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// It is valid, for another chain.
    #[error("the node returned a checkpoint of another chain: ask another node")]
    OtherChain,
}

/// Asks a node for a checkpoint at its newest finalized block. Only its form is checked: the node is trusted about the rest.
///
/// # Errors
/// [`AskCheckpointError`]
pub async fn ask_checkpoint<C: ChainClient + NameProofs>(chain: &C) -> Result<Checkpoint, AskCheckpointError> {
    let invalid = |reason: String| AskCheckpointError::Invalid { reason };
    let answer = NameProofs::checkpoint(chain).await?;
    let checkpoint: Checkpoint = serde_json::from_value(answer).map_err(|error| invalid(error.to_string()))?;
    checkpoint.voters().map_err(|error| invalid(error.to_string()))?;
    if checkpoint.genesis.0 != chain.genesis() {
        return Err(AskCheckpointError::OtherChain);
    }
    Ok(checkpoint)
}
