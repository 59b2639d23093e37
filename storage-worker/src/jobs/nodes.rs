//! Uses another one of the operator's nodes when the present one is silent.

use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    service::hearing::Hearing,
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{HeadsClient, SubxtChain};
use std::time::{Duration, Instant};

/// The job that watches the node.
pub struct WatchNode {
    chain: SubxtChain,
    patience: Duration,
    hearing: Hearing,
}

impl WatchNode {
    /// Leaves a node that has told no new finalized block for `patience`.
    pub fn new(chain: SubxtChain, patience: Duration) -> Self {
        Self { chain, patience, hearing: Hearing::new(Instant::now()) }
    }
}

#[async_trait]
impl Job for WatchNode {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn status(&self) -> JobStatus {
        JobStatus::text(format!("using {}", self.chain.url()))
    }

    fn throttle(&self) -> Throttle {
        throttle::NODES
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let answer = self.chain.finalized().await;
        let head = answer.as_ref().ok().map(|head| head.number);
        if let Some(least) = self.hearing.hear(head, Instant::now(), self.patience) {
            let silent = self.chain.url().to_owned();
            if let Some(url) = self.chain.fail_over(least).await {
                tracing::warn!(%silent, %url, "the node tells of no new blocks: using another one");
                self.hearing.changed(Instant::now());
                return Ok(Turn::Idle(None));
            }
        }
        // A node that refuses is as useless as one that is away, and no fault of this job.
        answer.map(|_| Turn::Idle(None)).map_err(StepError::waiting)
    }
}
