//! What workers are paid for what they prove.

use anyhow::{Result, ensure};
use meganet_primitives::{Period, chain::WorkerAudit};

/// Between two looks at a worker, each period was proven by one proof and paid for once; how many.
pub fn paid_once(before: &WorkerAudit, after: &WorkerAudit) -> Result<Period> {
    let proofs = after.record.proven - before.record.proven;
    let periods = after.record.settled - before.record.settled;
    ensure!(proofs == periods, "it proved {periods} periods by {proofs} proofs: {before:?}, {after:?}");
    let paid = (after.earned + after.held_back) - (before.earned + before.held_back);
    // What a period pays moves a little with what is registered; a second payment would be as much again.
    let most = before.pay.max(after.pay);
    ensure!(paid < u128::from(periods) * most + most / 2, "{paid} were paid for {periods} periods of about {most}");
    Ok(periods)
}
