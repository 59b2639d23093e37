//! The operator's account, in whose name jobs act on the chain.

use meganet_chain_client::{Call, ChainClient, ChainError, Signer, TxOutcome, Until};
use meganet_primitives::WorkerId;
use std::sync::Arc;

/// The chain, the operator's key and the worker's number. Cheap to clone.
#[derive(Clone)]
pub struct Operator {
    /// The chain.
    pub chain: Arc<dyn ChainClient>,
    /// Signs the operator's transactions.
    pub signer: Signer,
    /// The worker's number in the registry.
    pub worker: WorkerId,
}

impl Operator {
    /// Submits calls in one transaction.
    ///
    /// # Errors
    /// As [`ChainClient::submit`].
    pub async fn submit(&self, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError> {
        self.chain.submit(&self.signer, calls, until).await
    }
}
