//! Best heads, as they come.

use super::{
    SubxtChain,
    news::{Heads, News, PAUSE},
};
use crate::types::BlockRef;
use futures::stream::{self, BoxStream, StreamExt};

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
        let Some(news) = &mut self.news else {
            let (news, head) = News::subscribe(&self.chain, Heads::Best).await?;
            self.news = Some(news);
            return Ok(head);
        };
        let woken = news.next().await?.is_some();
        let head = Heads::Best.ask(&self.chain).await?;
        if !woken && self.told != Some(head) {
            // It moved without telling: the subscription is dead, and a new one tells this head.
            return Err("the subscription is silent".to_owned());
        }
        Ok(head)
    }
}
