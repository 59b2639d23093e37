//! Subscriptions to a value that is read at the last final block, and again as later blocks become final.

use crate::RpcError;
use futures::{StreamExt, stream::BoxStream};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionMessage, core::SubscriptionResult, types::ErrorObjectOwned};
use serde::Serialize;
use sp_core::H256;
use std::sync::Arc;
use tokio::sync::watch;

/// Creates a stream of the hashes of blocks as they become final.
pub type FinalBlocks = Arc<dyn Fn() -> BoxStream<'static, H256> + Send + Sync>;

/// Accepts a subscription and sends `read(None)`, and then `read(Some(hash))` of blocks that become final, each time that it
/// `is_news` compared with the value that was sent last. If the first read fails, the subscription is rejected with the error.
/// Later blocks that can't be read, for example because their state is pruned, are skipped.
///
/// `finals` must be created by the caller before anything is read, so that no block in between is missed. `read` runs on a
/// blocking thread. While it runs, and while a slow client takes a message, only the newest final block is kept.
pub(crate) async fn follow<T, Read>(
    pending: PendingSubscriptionSink,
    mut finals: BoxStream<'static, H256>,
    read: Read,
    is_news: fn(&T, &T) -> bool,
) -> SubscriptionResult
where
    T: Serialize + Send + Sync + 'static,
    Read: Fn(Option<H256>) -> Result<T, RpcError> + Send + Sync + 'static,
{
    let (newest_in, newest) = watch::channel(None);
    // Polled all the time: the stream's queue has no bound, and the node keeps the state of the blocks in it.
    let drain = async move {
        while let Some(hash) = finals.next().await {
            newest_in.send_replace(Some(hash));
        }
    };
    let send = send_news(pending, newest, Arc::new(read), is_news);
    tokio::pin!(send);
    tokio::select! {
        ended = &mut send => return ended,
        () = drain => {}
    }
    send.await
}

async fn send_news<T, Read>(
    pending: PendingSubscriptionSink,
    mut newest: watch::Receiver<Option<H256>>,
    read: Arc<Read>,
    is_news: fn(&T, &T) -> bool,
) -> SubscriptionResult
where
    T: Serialize + Send + Sync + 'static,
    Read: Fn(Option<H256>) -> Result<T, RpcError> + Send + Sync + 'static,
{
    let mut last = match read_blocking(&read, None).await {
        Ok(first) => first,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    let sink = pending.accept().await?;
    sink.send(SubscriptionMessage::from_json(&last)?).await?;
    loop {
        tokio::select! {
            () = sink.closed() => return Ok(()),
            // Fails when there are no further blocks and the newest one was taken.
            changed = newest.changed() => if changed.is_err() {
                return Ok(());
            },
        }
        let at = *newest.borrow_and_update();
        let Ok(now) = read_blocking(&read, at).await else { continue };
        if is_news(&last, &now) {
            sink.send(SubscriptionMessage::from_json(&now)?).await?;
            last = now;
        }
    }
}

async fn read_blocking<T, Read>(read: &Arc<Read>, at: Option<H256>) -> Result<T, RpcError>
where
    T: Send + 'static,
    Read: Fn(Option<H256>) -> Result<T, RpcError> + Send + Sync + 'static,
{
    let read = read.clone();
    let stopped = |_| RpcError::stopping(at.unwrap_or_default());
    tokio::task::spawn_blocking(move || read(at)).await.map_err(stopped)?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::NOTHING_FINAL;
    use futures::channel::mpsc;
    use jsonrpsee::{MethodsError, RpcModule};
    use std::sync::Mutex;

    const START: u64 = u64::MAX;

    fn block(number: u64) -> H256 {
        H256::from_low_u64_be(number)
    }

    /// Serves the number of each block as `subscribe`; the subscription receives the blocks of `finals`.
    fn module(finals: mpsc::UnboundedReceiver<H256>, is_news: fn(&u64, &u64) -> bool) -> RpcModule<()> {
        let mut module = RpcModule::new(());
        let finals = Arc::new(Mutex::new(Some(finals)));
        let subscribe = move |_, pending, _, _| {
            let finals = finals.lock().unwrap().take().unwrap().boxed();
            let read = |at: Option<H256>| Ok(at.map_or(START, |hash| hash.to_low_u64_be()));
            follow(pending, finals, read, is_news)
        };
        module.register_subscription("subscribe", "item", "unsubscribe", subscribe).unwrap();
        module
    }

    #[tokio::test]
    async fn every_block_is_sent_to_a_client_that_keeps_up() {
        let (blocks, finals) = mpsc::unbounded();
        let mut heard = module(finals, |_, _| true).subscribe_unbounded("subscribe", [(); 0]).await.unwrap();
        assert_eq!(heard.next::<u64>().await.unwrap().unwrap().0, START);
        for number in 1..=3 {
            blocks.unbounded_send(block(number)).unwrap();
            assert_eq!(heard.next::<u64>().await.unwrap().unwrap().0, number);
        }
        drop(blocks);
        assert!(heard.next::<u64>().await.is_none());
    }

    #[tokio::test]
    async fn a_slow_client_skips_blocks_and_gets_the_newest() {
        let (blocks, finals) = mpsc::unbounded();
        // One message fits into the buffer; the second waits until the client takes the first.
        let mut heard = module(finals, |_, _| true).subscribe("subscribe", [(); 0], 1).await.unwrap();
        for number in 1..=1_000 {
            blocks.unbounded_send(block(number)).unwrap();
            tokio::task::yield_now().await;
        }
        drop(blocks);
        let mut numbers = Vec::new();
        while let Some(Ok((number, _))) = heard.next::<u64>().await {
            numbers.push(number);
        }
        assert_eq!((numbers.first(), numbers.last()), (Some(&START), Some(&1_000)));
        assert!(numbers.len() < 1_000, "{}", numbers.len());
    }

    #[tokio::test]
    async fn only_news_is_sent() {
        let (blocks, finals) = mpsc::unbounded();
        let is_news = |last: &u64, now: &u64| now.is_multiple_of(2) && last != now;
        let mut heard = module(finals, is_news).subscribe_unbounded("subscribe", [(); 0]).await.unwrap();
        assert_eq!(heard.next::<u64>().await.unwrap().unwrap().0, START);
        blocks.unbounded_send(block(1)).unwrap();
        blocks.unbounded_send(block(2)).unwrap();
        assert_eq!(heard.next::<u64>().await.unwrap().unwrap().0, 2);
    }

    #[tokio::test]
    async fn a_first_read_that_fails_rejects_the_subscription_with_its_code() {
        let mut module = RpcModule::new(());
        let read = |_| Err::<u64, _>(RpcError::NothingFinal);
        let subscribe = move |_, pending, _, _| follow(pending, futures::stream::empty().boxed(), read, |_, _| true);
        module.register_subscription("subscribe", "item", "unsubscribe", subscribe).unwrap();
        let refused = module.subscribe_unbounded("subscribe", [(); 0]).await.err().unwrap();
        assert!(matches!(&refused, MethodsError::JsonRpc(error) if error.code() == NOTHING_FINAL), "{refused:?}");
    }
}
