//! Finalized blocks, every height once.

use super::{
    SubxtChain,
    news::{Heads, News, PAUSE},
};
use crate::types::BlockRef;
use futures::stream::{self, BoxStream, StreamExt};
use meganet_primitives::BlockNumber;
use subxt::config::Header as _;

/// Where a stream is.
struct Cursor {
    chain: SubxtChain,
    /// The height to report next; `None` until the finalized head is known.
    next: Option<BlockNumber>,
    /// The highest height known to be finalized.
    finalized: Option<BlockNumber>,
    news: Option<News>,
}

impl SubxtChain {
    /// The stream of [`crate::ChainClient::blocks`].
    pub(super) fn finalized_blocks(&self, from: Option<BlockNumber>) -> BoxStream<'static, BlockRef> {
        let cursor = Cursor { chain: self.clone(), next: from, finalized: None, news: None };
        stream::unfold(cursor, |mut cursor| async move {
            let block = cursor.next_block().await;
            Some((block, cursor))
        })
        .boxed()
    }
}

impl Cursor {
    /// The block of the next height, as soon as it is finalized.
    async fn next_block(&mut self) -> BlockRef {
        loop {
            if let Some(next) = self.next.filter(|next| self.finalized.is_some_and(|finalized| *next <= finalized)) {
                match self.chain.ask(|connection| async move { connection.at_height(next).await }).await {
                    Ok(Some(block)) => {
                        self.next = next.checked_add(1);
                        return block;
                    }
                    // The node that answers now has not come as far as the one before.
                    Ok(None) => self.finalized = None,
                    Err(error) => tracing::warn!(%error, "finalized blocks are waiting for the node"),
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            if let Err(reason) = self.wait().await {
                self.news = None;
                tracing::debug!(reason, "subscribing to finalized blocks again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Waits for a newer finalized head, or asks for it.
    async fn wait(&mut self) -> Result<(), String> {
        let Some(news) = &mut self.news else {
            let (news, head) = News::subscribe(&self.chain, Heads::Finalized).await?;
            self.saw(head.number.into());
            self.news = Some(news);
            return Ok(());
        };
        if let Some(header) = news.next().await? {
            self.saw(header.number());
            return Ok(());
        }
        let head = Heads::Finalized.ask(&self.chain).await?;
        // A head that moved without telling means the subscription is dead.
        let silent = self.finalized.is_none_or(|known| known < head.number);
        self.saw(head.number.into());
        if silent {
            return Err("the subscription is silent".to_owned());
        }
        Ok(())
    }

    fn saw(&mut self, number: u64) {
        let Ok(number) = BlockNumber::try_from(number) else { return };
        self.finalized = Some(self.finalized.map_or(number, |known| known.max(number)));
        self.next.get_or_insert(number);
    }
}
