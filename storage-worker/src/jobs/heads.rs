//! Follows the best block, for all jobs that have to act within blocks.

use super::StreamEnded;
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    throttle,
};
use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use meganet_chain_client::{BlockRef, ChainClient};
use std::sync::Arc;
use tokio::sync::watch;

/// The best block, as far as it is known. Cheap to clone.
#[derive(Clone)]
pub struct Heads {
    best: Arc<watch::Sender<Option<BlockRef>>>,
}

impl Default for Heads {
    fn default() -> Self {
        Self { best: Arc::new(watch::Sender::new(None)) }
    }
}

impl Heads {
    /// The best block; `None` until the first is known.
    pub fn best(&self) -> Option<BlockRef> {
        *self.best.borrow()
    }

    /// Makes a block the best one.
    pub(super) fn set(&self, head: BlockRef) {
        self.best.send_replace(Some(head));
    }

    /// A subscription that begins with the present best block.
    pub fn subscribe(&self) -> HeadEvents {
        let mut best = self.best.subscribe();
        best.mark_changed();
        HeadEvents { best, due: None }
    }
}

/// A subscription to best blocks. Skips blocks that a newer one has replaced.
pub struct HeadEvents {
    best: watch::Receiver<Option<BlockRef>>,
    due: Option<BlockRef>,
}

impl HeadEvents {
    /// Resolves when a best block is due that was not seen before. Cancel-safe.
    pub async fn changed(&mut self) {
        loop {
            if self.best.changed().await.is_err() {
                // Nobody follows the chain any more: the worker is being stopped.
                std::future::pending::<()>().await;
            }
            if let Some(head) = *self.best.borrow_and_update() {
                self.due = Some(head);
                return;
            }
        }
    }

    /// The block that is due, until it is [`Self::settle`]d or a newer one is.
    pub fn due(&self) -> Option<BlockRef> {
        self.due
    }

    /// Marks the due block as dealt with.
    pub fn settle(&mut self) {
        self.due = None;
    }
}

/// The job that follows the best block.
pub struct FollowHeads {
    chain: Arc<dyn ChainClient>,
    heads: Heads,
    blocks: Option<BoxStream<'static, BlockRef>>,
    ended: bool,
}

impl FollowHeads {
    /// Publishes the chain's best block to `heads`.
    pub fn new(chain: Arc<dyn ChainClient>, heads: Heads) -> Self {
        Self { chain, heads, blocks: None, ended: false }
    }
}

#[async_trait]
impl Job for FollowHeads {
    fn name(&self) -> &'static str {
        "heads"
    }

    fn status(&self) -> JobStatus {
        self.heads.best().map(|head| JobStatus::text(format!("best block {}", head.number))).unwrap_or_default()
    }

    fn throttle(&self) -> Throttle {
        throttle::HEADS
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        if self.ended {
            return Err(StepError::failed(StreamEnded("best blocks")));
        }
        self.blocks.get_or_insert_with(|| self.chain.best_blocks());
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        let Some(blocks) = &mut self.blocks else { return std::future::pending().await };
        match blocks.next().await {
            Some(head) => self.heads.set(head),
            None => self.ended = true,
        }
    }
}
