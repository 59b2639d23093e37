//! Transactions.

use crate::{
    error::ChainError,
    signer::Signer,
    types::{Call, TxOutcome, Until},
};
use async_trait::async_trait;

/// Submits transactions.
#[async_trait]
pub trait SubmitClient: Send + Sync + 'static {
    /// Signs and submits calls as one transaction (several are all done or none) and waits for it.
    ///
    /// Several submissions for one account may run at once: their nonces follow each other. Checks first that the
    /// account can pay ([`ChainError::InsufficientFunds`]). A call that the runtime refuses is
    /// [`ChainError::Dispatch`], also when the transaction is in a block; then it is returned once that block is final,
    /// whatever `until` says, since another fork may include the transaction where it succeeds.
    async fn submit(&self, signer: &Signer, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError>;
}
