//! Reads this worker's account on the chain, and ends the worker once it has left: when a leaving worker has handed over
//! all slots and its successors have had time to copy, this job takes it off the registry, and stops the process.

use super::heads::HeadEvents;
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    disk::Disk,
    operator::Operator,
    status::Status,
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{At, BlockRef, Call, Until, WorkerCall};
use meganet_primitives::BlockNumber;
use meganet_primitives::pallets::StorageError;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Blocks between two attempts to leave: each refused one costs a fee.
const EVERY: BlockNumber = 10;

/// The job that watches the worker's account.
pub struct Leave {
    operator: Operator,
    disk: Disk,
    status: Arc<Status>,
    heads: HeadEvents,
    stop: CancellationToken,
    /// The block of the last attempt to leave.
    tried: Option<BlockNumber>,
    /// Whether the worker is leaving, as last recorded in the store.
    recorded: Option<bool>,
}

impl Leave {
    /// Watches the account of the operator's worker; cancels `stop` when the worker has left.
    pub fn new(
        operator: Operator,
        disk: Disk,
        status: Arc<Status>,
        heads: HeadEvents,
        stop: CancellationToken,
    ) -> Self {
        Self { operator, disk, status, heads, stop, tried: None, recorded: None }
    }

    /// Reads the account, and leaves if it is time. Returns true once the worker has left.
    async fn look(&mut self, head: BlockRef) -> Result<bool, StepError> {
        let Operator { chain, worker, .. } = &self.operator;
        let (worker, at) = (*worker, At::Block(head.hash));
        let Some(audit) = chain.worker_audit(worker, at).await? else {
            // A block included the exit, and its result was lost. A fork may still abandon the best block.
            let was_leaving = self.disk.run(|store| store.leaving()).await?;
            return Ok(was_leaving && chain.worker(worker, At::Finalized).await?.is_none());
        };
        let leaving = audit.leaving;
        self.status.set_audit(audit);
        if self.recorded != Some(leaving) {
            // Before the exit, so that a restart does not register a worker anew that has left.
            self.disk.run(move |store| store.set_leaving(leaving)).await?;
            self.recorded = Some(leaving);
        }
        let early = self.tried.is_some_and(|tried| head.number < tried.saturating_add(EVERY));
        if !leaving || early || chain.worker(worker, at).await?.is_none_or(|info| info.slots > 0) {
            return Ok(false);
        }
        self.tried = Some(head.number);
        match self.operator.submit(vec![Call::Worker(WorkerCall::Exit { worker })], Until::Finalized).await {
            Ok(_) => Ok(true),
            Err(error) if error.is(StorageError::StillNeeded) => {
                tracing::info!("all slots are handed over: staying a while, so that the successors can copy");
                Ok(false)
            }
            Err(error) => {
                tracing::warn!(%error, "cannot leave yet");
                Ok(false)
            }
        }
    }
}

/// Ends a worker that is off the registry: cancels `stop`. Removing its shards is left to the operator, since the exit is
/// known from one node only.
pub(crate) async fn finish(disk: &Disk, status: &Status, stop: &CancellationToken) {
    if let Err(error) = disk.run(|store| store.set_leaving(false)).await {
        tracing::warn!(%error, "cannot record that this worker has left: a restart may find it leaving still");
    }
    status.set_left();
    tracing::info!(
        "this worker has left the network, and its bond has been returned: its base path is not needed any more"
    );
    stop.cancel();
}

#[async_trait]
impl Job for Leave {
    fn name(&self) -> &'static str {
        "leave"
    }

    fn status(&self) -> JobStatus {
        let leaving = self.status.audit().is_some_and(|audit| audit.leaving);
        JobStatus::text(if leaving { "leaving" } else { "staying" })
    }

    fn throttle(&self) -> Throttle {
        throttle::LEAVE
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        let Some(head) = self.heads.due() else { return Ok(Turn::Idle(None)) };
        let left = self.look(head).await?;
        self.heads.settle();
        if !left {
            return Ok(Turn::Idle(None));
        }
        finish(&self.disk, &self.status, &self.stop).await;
        Ok(Turn::Done)
    }

    async fn wake(&mut self) {
        self.heads.changed().await;
    }
}
