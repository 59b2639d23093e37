//! The node's reports on one transaction.

use super::connection::Connection;
use crate::types::Until;
use meganet_primitives::hash::Hash;
use std::sync::Arc;
use subxt::{
    rpcs::{client::RpcSubscription, methods::legacy::TransactionStatus},
    utils::H256,
};

/// The node's statuses of one transaction.
pub(super) struct Statuses {
    /// Keeps the connection open as long as they are wanted.
    connection: Arc<Connection>,
    stream: RpcSubscription<TransactionStatus<H256>>,
}

/// Where a transaction was found.
pub(super) struct Found {
    pub(super) block: Hash,
    pub(super) finalized: bool,
}

impl Statuses {
    pub(super) fn new(connection: Arc<Connection>, stream: RpcSubscription<TransactionStatus<H256>>) -> Self {
        Self { connection, stream }
    }

    /// Waits for the status that is wanted; `None` if they stop or mean nothing certain, and the blocks have to be looked at.
    pub(super) async fn follow(&mut self, until: Until) -> Option<Found> {
        while let Some(Ok(status)) = self.stream.next().await {
            let dropped = match status {
                TransactionStatus::InBlock(block) if until == Until::InBlock => {
                    return Some(Found { block: block.0, finalized: false });
                }
                TransactionStatus::Finalized(block) => {
                    return Some(Found { block: block.0, finalized: true });
                }
                TransactionStatus::Invalid => "it is not valid any more",
                TransactionStatus::Dropped => "the transaction pool is full",
                TransactionStatus::Usurped(_) => "another transaction of the account replaced it",
                TransactionStatus::FinalityTimeout(_) => return None,
                TransactionStatus::Future
                | TransactionStatus::Ready
                | TransactionStatus::Broadcast(_)
                | TransactionStatus::InBlock(_)
                | TransactionStatus::Retracted(_) => continue,
            };
            // A light client reports this for anything that it loses sight of.
            if !self.connection.is_light() {
                tracing::warn!(reason = dropped, "the pool dropped a transaction, which other nodes may have");
            }
            return None;
        }
        None
    }
}
