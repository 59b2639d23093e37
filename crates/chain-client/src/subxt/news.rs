//! A subscription to heads with a watchdog: after a silence the head is asked for, which tells a dead subscription from a
//! chain that stands still.

use super::{
    SubxtChain,
    connection::Connection,
    failure::{self, Failure},
};
use crate::types::BlockRef;
use std::{sync::Arc, time::Duration};
use subxt::{config::substrate::SubstrateHeader, rpcs::client::RpcSubscription, utils::H256};

/// After this silence the head is asked for: the subscription may be dead.
const SILENCE: Duration = Duration::from_secs(20);
/// The wait after something failed.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Which heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heads {
    Best,
    Finalized,
}

/// An open subscription.
pub(super) struct News {
    connection: Arc<Connection>,
    headers: RpcSubscription<SubstrateHeader<H256>>,
}

impl News {
    /// Subscribes. Returns the present head too.
    pub(super) async fn subscribe(chain: &SubxtChain, heads: Heads) -> Result<(Self, BlockRef), String> {
        let subscribed = chain.ask(|connection| async move {
            let headers = match heads {
                Heads::Best => connection
                    .rpc
                    .chain_subscribe_new_heads()
                    .await
                    .map_err(|e| failure::rpc("chain_subscribeNewHeads", "", e))?,
                Heads::Finalized => connection
                    .rpc
                    .chain_subscribe_finalized_heads()
                    .await
                    .map_err(|e| failure::rpc("chain_subscribeFinalizedHeads", "", e))?,
            };
            let head = heads.of(&connection).await?;
            Ok::<_, Failure>((Self { connection, headers }, head))
        });
        subscribed.await.map_err(|error| error.to_string())
    }

    /// The next header; `None` where nothing came for a while, though the connection is open. An error says why nothing will
    /// come any more.
    pub(super) async fn next(&mut self) -> Result<Option<SubstrateHeader<H256>>, String> {
        match tokio::time::timeout(SILENCE, self.headers.next()).await {
            Ok(Some(Ok(header))) => Ok(Some(header)),
            Ok(Some(Err(error))) => Err(error.to_string()),
            Ok(None) => Err("the subscription ended".to_owned()),
            Err(_) if self.connection.is_open() => Ok(None),
            Err(_) => Err("the connection is gone".to_owned()),
        }
    }
}

impl Heads {
    async fn of(self, connection: &Connection) -> Result<BlockRef, Failure> {
        match self {
            Self::Best => connection.best().await,
            Self::Finalized => connection.finalized().await,
        }
    }

    /// Asks for the head.
    pub(super) async fn ask(self, chain: &SubxtChain) -> Result<BlockRef, String> {
        let head = chain.ask(|connection| async move { self.of(&connection).await }).await;
        head.map_err(|error| error.to_string())
    }
}
