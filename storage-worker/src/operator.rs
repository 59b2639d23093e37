//! The operator's account, in whose name jobs act on the chain.

use crate::status::{Shortage, Status};
use meganet_chain_client::{At, Call, ChainClient, ChainError, Signer, TxOutcome, Until};
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
    /// Told when the account cannot pay.
    pub status: Arc<Status>,
}

impl Operator {
    /// Submits calls in one transaction, and notes whether the account could pay for it.
    ///
    /// # Errors
    /// As [`ChainClient::submit`].
    pub async fn submit(&self, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError> {
        let result = self.chain.submit(&self.signer, calls, until).await;
        match &result {
            Err(error @ ChainError::InsufficientFunds { needed, .. }) => {
                self.status.set_shortage(Some(Shortage { needed: *needed, reason: error.to_string() }));
            }
            // A call that the runtime refuses has paid its fee.
            Ok(_) | Err(ChainError::Dispatch { .. }) => self.status.set_shortage(None),
            Err(_) => {}
        }
        result
    }

    /// Looks whether the money that was missing has come: the next transaction may be an hour away.
    ///
    /// # Errors
    /// As [`meganet_chain_client::MoneyClient::balance`].
    pub async fn check_shortage(&self, at: At) -> Result<(), ChainError> {
        let Some(shortage) = self.status.shortage() else { return Ok(()) };
        if self.chain.balance(&self.signer.account(), at).await?.spendable >= shortage.needed {
            self.status.set_shortage(None);
        }
        Ok(())
    }
}
