//! Checks of what workers are paid for their proofs.

use anyhow::{Result, ensure};
use meganet_primitives::{Period, chain::WorkerAudit};

/// Checks that between two states of a worker every period was proven by one proof and paid for once; returns the number of
/// periods.
pub fn paid_once(before: &WorkerAudit, after: &WorkerAudit) -> Result<Period> {
    let proofs = after.record.proven - before.record.proven;
    let periods = after.record.settled - before.record.settled;
    ensure!(proofs == periods, "it proved {periods} periods by {proofs} proofs: {before:?}, {after:?}");
    let paid = (after.earned + after.held_back) - (before.earned + before.held_back);
    // The pay of a period varies a little with the registered content; a second payment would double it.
    let most = before.pay.max(after.pay);
    ensure!(paid < u128::from(periods) * most + most / 2, "{paid} were paid for {periods} periods of about {most}");
    Ok(periods)
}
