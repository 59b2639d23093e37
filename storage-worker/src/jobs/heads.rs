//! Follows the best head, for all that has to act within blocks.

use crate::context::Context;
use futures::StreamExt;
use meganet_chain_client::BlockRef;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Follows until the worker is stopped.
pub async fn run(context: Arc<Context>) {
    let stop = context.stop.clone();
    let follow = async {
        let mut heads = context.chain.best_blocks();
        while let Some(head) = heads.next().await {
            context.heads.send_replace(Some(head));
        }
        tracing::error!("the chain's heads have ended: restart the worker");
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow => {}
    }
}

/// What is told of best heads from now on, the present one first.
pub(super) fn subscribe(context: &Context) -> watch::Receiver<Option<BlockRef>> {
    let mut heads = context.heads.subscribe();
    heads.mark_changed();
    heads
}

/// The next new best head, or after `retry` the present one again. Never, once nobody follows any more.
pub(super) async fn next(heads: &mut watch::Receiver<Option<BlockRef>>, retry: Option<Duration>) -> BlockRef {
    loop {
        let changed = heads.changed();
        let changed = match retry {
            Some(retry) => tokio::time::timeout(retry, changed).await.unwrap_or(Ok(())),
            None => changed.await,
        };
        if changed.is_err() {
            std::future::pending::<()>().await;
        }
        if let Some(head) = *heads.borrow_and_update() {
            return head;
        }
    }
}
