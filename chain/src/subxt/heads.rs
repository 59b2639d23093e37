//! Best heads, as they come.

use super::{
    connection::Connection,
    failure::{self, Failure},
    SubxtChain,
};
use crate::types::BlockRef;
use futures::stream::{self, BoxStream, StreamExt};
use std::{sync::Arc, time::Duration};
use subxt::{config::substrate::SubstrateHeader, rpcs::client::RpcSubscription, utils::H256};

/// Without news for so long, the head is asked for: the subscription may be dead.
const SILENCE: Duration = Duration::from_secs(20);
/// The wait after something failed.
const PAUSE: Duration = Duration::from_secs(1);

type News = (Arc<Connection>, RpcSubscription<SubstrateHeader<H256>>);

/// Where a stream is.
struct Cursor {
    chain: SubxtChain,
    /// The head that was told last.
    told: Option<BlockRef>,
    news: Option<News>,
}

impl SubxtChain {
    /// The stream of [`crate::ChainClient::best_blocks`].
    pub(super) fn best_heads(&self) -> BoxStream<'static, BlockRef> {
        let cursor = Cursor { chain: self.clone(), told: None, news: None };
        stream::unfold(cursor, |mut cursor| async move {
            let head = cursor.next_head().await;
            Some((head, cursor))
        })
        .boxed()
    }
}

impl Cursor {
    /// The best head, as soon as it is another one than was told last.
    async fn next_head(&mut self) -> BlockRef {
        loop {
            match self.wait().await {
                Ok(head) if self.told != Some(head) => {
                    self.told = Some(head);
                    return head;
                }
                Ok(_) => {}
                Err(reason) => {
                    self.news = None;
                    tracing::debug!(reason, "subscribing to best heads again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// The best head after something may have changed. The notification only wakes: the head is asked for, since a header
    /// does not tell its own hash, and where several came at once only the last one matters.
    async fn wait(&mut self) -> Result<BlockRef, String> {
        let Some((connection, news)) = &mut self.news else { return self.subscribe().await };
        match tokio::time::timeout(SILENCE, news.next()).await {
            Ok(Some(Ok(_))) => self.head().await,
            Ok(Some(Err(error))) => Err(error.to_string()),
            Ok(None) => Err("the subscription ended".to_owned()),
            Err(_) if connection.is_open() => {
                let head = self.head().await?;
                if self.told != Some(head) {
                    // It moved without telling: the subscription is dead, and a new one tells this head.
                    return Err("the subscription is silent".to_owned());
                }
                Ok(head)
            }
            Err(_) => Err("the connection is gone".to_owned()),
        }
    }

    async fn head(&mut self) -> Result<BlockRef, String> {
        self.chain.ask(|connection| async move { connection.best().await }).await.map_err(|error| error.to_string())
    }

    async fn subscribe(&mut self) -> Result<BlockRef, String> {
        let subscribed = self.chain.ask(|connection| async move {
            let news = connection.rpc.chain_subscribe_new_heads().await;
            let news = news.map_err(|e| failure::rpc("chain_subscribeNewHeads", "", e))?;
            let head = connection.best().await?;
            Ok::<_, Failure>((connection, news, head))
        });
        let (connection, news, head) = subscribed.await.map_err(|error| error.to_string())?;
        self.news = Some((connection, news));
        Ok(head)
    }
}
