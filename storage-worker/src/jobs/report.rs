//! Reports other members that have missed too many proofs, once in each period.

use super::heads::HeadEvents;
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    groups::Groups,
    metrics::Metrics,
    operator::Operator,
    service::report::look_at,
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{At, BlockRef, Call, ChainError, Until, WorkerCall};
use meganet_primitives::Period;
use meganet_primitives::pallets::StorageError;
use std::sync::Arc;

/// The job that reports.
pub struct Report {
    operator: Operator,
    groups: Arc<Groups>,
    metrics: Arc<Metrics>,
    heads: HeadEvents,
    /// The last period in which it has looked.
    done: Option<Period>,
}

impl Report {
    /// Reports in the operator's name.
    pub fn new(operator: Operator, groups: Arc<Groups>, metrics: Arc<Metrics>, heads: HeadEvents) -> Self {
        Self { operator, groups, metrics, heads, done: None }
    }

    /// The period of a block, if it is time to look and this was not done yet.
    fn due(&self, head: BlockRef) -> Option<Period> {
        let schedule = self.groups.membership(|membership| membership.schedule())?;
        let period = schedule.period_of(head.number);
        let time = look_at(&schedule, self.operator.worker, period);
        (self.done != Some(period) && head.number >= time).then_some(period)
    }

    async fn look(&self, head: BlockRef) -> Result<(), ChainError> {
        for worker in self.operator.chain.overdue(self.operator.worker, At::Block(head.hash)).await? {
            match self.operator.submit(vec![Call::Worker(WorkerCall::Report { worker })], Until::InBlock).await {
                Ok(_) => {
                    self.metrics.reports.inc();
                    tracing::info!(worker, "reported a worker that has missed too many proofs");
                }
                // Another member was faster.
                Err(error) if error.is(StorageError::NotOverdue) => {}
                Err(error) => tracing::warn!(worker, %error, "cannot report a worker that has missed too many proofs"),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Job for Report {
    fn name(&self) -> &'static str {
        "report"
    }

    fn status(&self) -> JobStatus {
        self.done.map(|period| JobStatus::text(format!("looked in period {period}"))).unwrap_or_default()
    }

    fn throttle(&self) -> Throttle {
        throttle::REPORT
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        if let Some(head) = self.heads.due() {
            if let Some(period) = self.due(head) {
                self.look(head).await?;
                self.done = Some(period);
            }
            self.heads.settle();
        }
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        self.heads.changed().await;
    }
}
