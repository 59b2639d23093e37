//! Submitting a transaction to the node's pool.

use super::{
    SubxtChain,
    connection::Connection,
    failure::{self, Failure},
    statuses::Statuses,
    transaction::{PoolAnswer, Signed},
};
use crate::error::ChainError;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use subxt::rpcs::{Error as RpcError, UserError};

impl SubxtChain {
    /// Submits the same bytes until the pool answers: over a lost connection they may arrive twice.
    pub(super) async fn offer(&self, signed: &Signed, again: bool) -> Result<PoolAnswer, ChainError> {
        let offered = AtomicBool::new(again);
        let offered = &offered;
        self.ask(|connection| async move {
            let repeated = offered.load(Ordering::Relaxed);
            let answer = offer_once(connection, signed, offered).await?;
            Ok(if repeated { answer.when_repeated() } else { answer })
        })
        .await
    }

    /// Submits a transaction again that the pool may have forgotten.
    pub(super) async fn offer_again(&self, signed: &Signed) -> Option<Statuses> {
        match self.offer(signed, true).await {
            Ok(PoolAnswer::Took(statuses)) => statuses,
            Ok(PoolAnswer::NonceTaken(_) | PoolAnswer::Refused(_) | PoolAnswer::CannotPay) | Err(_) => None,
        }
    }
}

/// Submits a transaction over one connection, and notes when its bytes have left: the node may have them from then on.
async fn offer_once(connection: Arc<Connection>, signed: &Signed, offered: &AtomicBool) -> Result<PoolAnswer, Failure> {
    if connection.is_light()
        && let Some(refusal) = connection.refuses(&signed.bytes).await?
    {
        return Ok(refusal);
    }
    offered.store(true, Ordering::Relaxed);
    match connection.rpc.author_submit_and_watch_extrinsic(&signed.bytes).await {
        Ok(statuses) => Ok(PoolAnswer::Took(Some(Statuses::new(connection, statuses)))),
        Err(RpcError::User(error)) => Ok(read_refusal(&error)),
        Err(error) => Err(failure::rpc("author_submitAndWatchExtrinsic", "", error)),
    }
}

/// Interprets a refusal of the pool. Its codes are part of the node's RPC; the words inside code 1010 come from the runtime.
fn read_refusal(error: &UserError) -> PoolAnswer {
    const INVALID: i32 = 1010;
    const BANNED: i32 = 1012;
    const ALREADY_IMPORTED: i32 = 1013;
    const TOO_LOW_PRIORITY: i32 = 1014;
    let text = failure::text(error);
    match error.code {
        // A pool bans for a while what a block has, and what it had and dropped: it has seen these bytes.
        ALREADY_IMPORTED | BANNED => PoolAnswer::Took(None),
        TOO_LOW_PRIORITY => PoolAnswer::NonceTaken(text),
        INVALID if text.contains("outdated") || text.contains("birth block") => PoolAnswer::NonceTaken(text),
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
        assert!(matches!(read_refusal(&stale), PoolAnswer::NonceTaken(_)));
        let ancient = said(1010, "Invalid Transaction: Transaction has an ancient birth block");
        assert!(matches!(read_refusal(&ancient), PoolAnswer::NonceTaken(_)));
        assert!(matches!(read_refusal(&said(1012, "Transaction is temporarily banned")), PoolAnswer::Took(None)));
        assert!(matches!(read_refusal(&said(1013, "Transaction Already Imported")), PoolAnswer::Took(None)));
        assert!(matches!(read_refusal(&said(1014, "Priority is too low")), PoolAnswer::NonceTaken(_)));
        let poor = said(1010, "Invalid Transaction: Inability to pay some fees , e.g. account balance too low");
        assert!(matches!(read_refusal(&poor), PoolAnswer::CannotPay));
        assert!(matches!(read_refusal(&said(1016, "Immediately Dropped")), PoolAnswer::Refused(_)));
    }
}
