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

/// How the statuses ended.
pub(super) enum End {
    Found(Found),
    /// They stopped or mean nothing certain: look at the blocks.
    Look,
    /// The pool dropped it.
    Gone(&'static str),
}

impl Statuses {
    pub(super) fn new(connection: Arc<Connection>, stream: RpcSubscription<TransactionStatus<H256>>) -> Self {
        Self { connection, stream }
    }

    /// Waits for the status that is wanted, or for the end of the stream.
    pub(super) async fn follow(&mut self, until: Until) -> End {
        while let Some(Ok(status)) = self.stream.next().await {
            match status {
                TransactionStatus::InBlock(block) if until == Until::InBlock => {
                    return End::Found(Found { block: block.0, finalized: false });
                }
                TransactionStatus::Finalized(block) => {
                    return End::Found(Found { block: block.0, finalized: true });
                }
                // A light client reports this for anything that it loses sight of.
                TransactionStatus::Invalid | TransactionStatus::Dropped if self.connection.is_light() => {
                    return End::Look;
                }
                TransactionStatus::Invalid => return End::Gone("it is not valid any more"),
                TransactionStatus::Dropped => return End::Gone("the transaction pool is full"),
                TransactionStatus::Usurped(_) => return End::Gone("another transaction of the account replaced it"),
                TransactionStatus::FinalityTimeout(_) => return End::Look,
                TransactionStatus::Future
                | TransactionStatus::Ready
                | TransactionStatus::Broadcast(_)
                | TransactionStatus::InBlock(_)
                | TransactionStatus::Retracted(_) => {}
            }
        }
        End::Look
    }
}
