//! What the chain says of this worker's account; and the way out: once a worker that leaves has handed all its slots over
//! and its successors have had time to copy, it takes itself off the registry, removes what it held, and stops.

use super::heads;
use crate::context::Context;
use meganet_chain_client::{At, BlockRef, Call, ChainError, Signer, Until};
use meganet_primitives::WorkerId;
use std::{sync::Arc, time::Duration};

/// Wait before the same head is asked about again.
const AGAIN: Duration = Duration::from_secs(3);
/// Blocks between two attempts to leave: each one that is refused costs a fee.
const EVERY: u32 = 10;

/// Looks until the worker is stopped, or has left.
pub async fn run(context: Arc<Context>, operator: Signer, worker: WorkerId) {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = look(&context, &operator, worker) => {}
    }
}

async fn look(context: &Arc<Context>, operator: &Signer, worker: WorkerId) {
    let mut news = heads::subscribe(context);
    let (mut retry, mut tried) = (None, None);
    loop {
        let head = heads::next(&mut news, retry).await;
        retry = match round(context, operator, worker, head, &mut tried).await {
            Ok(true) => break,
            Ok(false) => None,
            Err(error) => {
                tracing::debug!(%error, "cannot ask for this worker's account");
                Some(AGAIN)
            }
        };
    }
    forget(context).await;
    context.status.set_left();
    tracing::info!(worker, "this worker has left the network, and its bond was returned");
    context.stop.cancel();
}

/// Says whether the worker has left.
async fn round(
    context: &Arc<Context>,
    operator: &Signer,
    worker: WorkerId,
    head: BlockRef,
    tried: &mut Option<u32>,
) -> Result<bool, ChainError> {
    let at = At::Block(head.hash);
    let Some(audit) = context.chain.worker_audit(worker, at).await? else { return Ok(false) };
    let leaving = audit.leaving;
    context.status.set_audit(audit);
    let early = tried.is_some_and(|tried: u32| head.number < tried.saturating_add(EVERY));
    if !leaving || early || context.chain.worker(worker, at).await?.is_none_or(|info| info.slots > 0) {
        return Ok(false);
    }
    *tried = Some(head.number);
    match context.chain.submit(operator, vec![Call::ExitWorker { worker }], Until::Finalized).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_dispatch("Storage", "StillNeeded") => {
            tracing::info!("all slots are handed over: staying a while, so that the successors can copy");
            Ok(false)
        }
        Err(error) => {
            tracing::warn!(%error, "cannot leave yet");
            Ok(false)
        }
    }
}

/// Removes what was held for slots that others have now.
async fn forget(context: &Arc<Context>) {
    let forget = context.disk(|store| {
        for (group, _) in store.slots()? {
            store.leave_group(group)?;
        }
        Ok::<_, crate::store::StoreError>(())
    });
    if let Err(error) = forget.await {
        tracing::warn!(%error, "not all shards could be removed: the base path can be deleted");
    }
}
