//! Submitting a transaction to the node's pool.

use super::{
    SubxtChain, failure,
    statuses::Statuses,
    transaction::{PoolAnswer, Signed},
};
use crate::error::ChainError;
use std::sync::atomic::{AtomicU32, Ordering};
use subxt::rpcs::{Error as RpcError, UserError};

impl SubxtChain {
    /// Submits the same bytes until the pool answers: over a lost connection they may arrive twice.
    pub(super) async fn offer(&self, signed: &Signed, again: bool) -> Result<PoolAnswer, ChainError> {
        let offers = AtomicU32::new(0);
        let offers = &offers;
        self.ask(|connection| async move {
            let repeated = again || offers.fetch_add(1, Ordering::Relaxed) > 0;
            if connection.is_light()
                && let Some(refusal) = connection.refuses(&signed.bytes, repeated).await?
            {
                return Ok(refusal);
            }
            match connection.rpc.author_submit_and_watch_extrinsic(&signed.bytes).await {
                Ok(statuses) => Ok(PoolAnswer::Took(Some(Statuses::new(connection, statuses)))),
                Err(RpcError::User(error)) => Ok(read_refusal(&error, repeated)),
                Err(error) => Err(failure::rpc("author_submitAndWatchExtrinsic", "", error)),
            }
        })
        .await
    }

    /// Submits a transaction again that the pool may have forgotten.
    pub(super) async fn offer_again(&self, signed: &Signed) -> Option<Statuses> {
        match self.offer(signed, true).await {
            Ok(PoolAnswer::Took(statuses)) => statuses,
            Ok(PoolAnswer::NonceTaken(reason) | PoolAnswer::Refused(reason)) => {
                tracing::debug!(reason, "the pool did not take the transaction again");
                None
            }
            Ok(PoolAnswer::CannotPay) | Err(_) => None,
        }
    }
}

/// Interprets a refusal of the pool. Its codes are part of the node's RPC; the words inside code 1010 come from the runtime.
fn read_refusal(error: &UserError, repeated: bool) -> PoolAnswer {
    const INVALID: i32 = 1010;
    const ALREADY_IMPORTED: i32 = 1013;
    const TOO_LOW_PRIORITY: i32 = 1014;
    let text = failure::text(error);
    let stale = error.code == INVALID && text.contains("outdated");
    match error.code {
        ALREADY_IMPORTED => PoolAnswer::Took(None),
        // The first offer arrived, though its answer did not, and a block has it.
        _ if stale && repeated => PoolAnswer::Took(None),
        _ if stale => PoolAnswer::NonceTaken(text),
        TOO_LOW_PRIORITY => PoolAnswer::NonceTaken(text),
        INVALID if text.contains("birth block") => PoolAnswer::NonceTaken(text),
        INVALID if text.contains("pay some fees") => PoolAnswer::CannotPay,
        _ => PoolAnswer::Refused(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: i32, message: &str) -> UserError {
        UserError { code, message: message.to_owned(), data: None }
    }

    #[test]
    fn the_pool_is_understood() {
        let stale = said(1010, "Invalid Transaction: Transaction is outdated");
        assert!(matches!(read_refusal(&stale, false), PoolAnswer::NonceTaken(_)));
        assert!(matches!(read_refusal(&stale, true), PoolAnswer::Took(None)));
        assert!(matches!(read_refusal(&said(1013, "Transaction Already Imported"), false), PoolAnswer::Took(None)));
        assert!(matches!(read_refusal(&said(1014, "Priority is too low"), false), PoolAnswer::NonceTaken(_)));
        let poor = said(1010, "Invalid Transaction: Inability to pay some fees , e.g. account balance too low");
        assert!(matches!(read_refusal(&poor, false), PoolAnswer::CannotPay));
        assert!(matches!(read_refusal(&said(1016, "Immediately Dropped"), false), PoolAnswer::Refused(_)));
    }
}
