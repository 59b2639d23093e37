//! Reports co-members that have missed too much, once in each period.

use super::heads;
use crate::{context::Context, service::report::look_at};
use meganet_chain_client::{At, BlockRef, Call, ChainError, Signer, Until};
use meganet_primitives::{Period, WorkerId};
use std::sync::Arc;

/// Reports until the worker is stopped.
pub async fn run(context: Arc<Context>, operator: Signer, worker: WorkerId) {
    let stop = context.stop.clone();
    let report = async {
        let mut news = heads::subscribe(&context);
        let mut done = None;
        loop {
            let head = heads::next(&mut news, None).await;
            let Some(period) = due(&context, worker, head, done) else { continue };
            match look(&context, &operator, worker, head).await {
                Ok(()) => done = Some(period),
                Err(error) => tracing::debug!(%error, "cannot look for members that are to be reported"),
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = report => {}
    }
}

/// The period of a head, if it is time to look and that was not done.
fn due(context: &Context, worker: WorkerId, head: BlockRef, done: Option<Period>) -> Option<Period> {
    let schedule = context.membership(|membership| membership.schedule())?;
    let period = schedule.period_of(head.number);
    (done != Some(period) && head.number >= look_at(&schedule, worker, period)).then_some(period)
}

async fn look(context: &Context, operator: &Signer, own: WorkerId, head: BlockRef) -> Result<(), ChainError> {
    for worker in context.chain.overdue(own, At::Block(head.hash)).await? {
        match context.chain.submit(operator, vec![Call::Report { worker }], Until::InBlock).await {
            Ok(_) => {
                context.metrics.reports.inc();
                tracing::info!(worker, "reported a worker that has missed too much");
            }
            // Somebody else was quicker.
            Err(error) if error.is_dispatch("Storage", "NotOverdue") => {}
            Err(error) => tracing::warn!(worker, %error, "cannot report a worker that has missed too much"),
        }
    }
    Ok(())
}
