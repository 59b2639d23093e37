//! Audits: what happens to workers that store everything, answer late, lose data or leave, and to the site that they store.
//!
//! A site is published to a group of six workers, and a file is stored for a few minutes with prepaid renewal; then their
//! owners stay away. All members are paid for their proofs, also one whose clock is wrong, and also while spam fills all
//! blocks. Then one answers too late, one is killed while its proof is sent, one leaves in order, one is killed for good,
//! one loses its disk, and one loses a tenth of its bytes; the last two do not repair. The late worker loses the pay of a
//! period. Workers that are dead or have lost everything lose their bonds, and other workers take their slots and rebuild
//! the shards. The worker that leaves gets its bond back. The one that lost a tenth misses as many audits as the
//! probability says. The network renews the prepaid file automatically, so it outlives its expiry. During all of this every
//! file opens.

mod faults;
mod losses;
mod prepaid;
mod readers;
mod roles;
mod spam;

use crate::{Stage, folder, wait::until};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient};
use meganet_devnet::Shape;
use meganet_primitives::{Period, WorkerId, chain::WorkerAudit};
use readers::Readers;
use roles::Roles;
use std::time::Duration;

const LABEL: &str = "audits";
/// A period of this network takes 36 seconds, and more on a busy machine.
const PERIOD: Duration = Duration::from_secs(60);

/// Twelve workers, so that each of a group's six can be replaced, and a chain with short periods and epochs.
pub fn shape() -> Shape {
    let workers = ["DE", "FR", "JP", "BR", "KE", "NZ"].map(|country| (country.to_string(), 2)).to_vec();
    Shape { workers, chain: Some("local-audits".into()), gateway_port: Some(0), ..Shape::small() }
}

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    for number in 0..24u64 {
        folder::write_random(&site.join(format!("part-{number}.bin")), 150_000 + number * 7_000, number)?;
    }
    folder::write(&site, "index.html", b"<!doctype html><title>Unattended</title>")?;
    let dir = site.to_str().context("a Unicode path")?;
    stage.cli.json(&["publish", dir, LABEL, "--profile", "compact"]).await?;
    let ((), file) = tokio::try_join!(renew(stage), prepaid::store(stage))?;
    let chain = stage.devnet.chain().await?;
    let chain = &*chain;
    let mut roles = Roles::of(stage, chain).await?;
    stage.wait_whole(&roles.members(), 2 * PERIOD).await?;
    let reads = Readers::start(stage, &site, &file)?;

    faults::set_clock_wrong(stage, roles.steady).await?;
    let first = honest(stage, chain, &roles).await?;
    let second = spam::proofs_get_through(stage, chain, &roles, first).await?;
    // In the next period one sleeps, one is killed while its proof is sent, and one starts to leave.
    let late = faults::asleep(stage, &roles, second)?.wake_late(stage.facts, chain, roles.group);
    let others = async {
        losses::begin_to_leave(stage, chain, &roles).await?;
        faults::killed_while_proving(stage, chain, roles.steady, second).await
    };
    tokio::try_join!(late, others)?;
    losses::left(stage, chain, &roles).await?;
    // From here on two members are gone, and a third has lost data while those are replaced.
    losses::kill_one(stage, &mut roles)?;
    losses::lose_everything(stage, &mut roles).await?;
    let careless = losses::lose_a_tenth(stage, chain, &roles).await?;
    losses::replaced(stage, chain, &roles).await?;
    losses::tenth_is_noticed(stage, chain, careless).await?;
    prepaid::check_renewed(stage, chain, &file).await?;

    stage.facts.say("reads-of-all-files", reads.stop().await?);
    let money = chain.money(At::Best).await?;
    stage.facts.say("paid-to-workers-planck", money.paid_out);
    stage.facts.say("slashed-planck", money.slashed);
    stage.facts.say("repair-fund-planck", money.fund);
    let inside = money.escrow + money.held_back + money.fund;
    ensure!(
        money.paid_in + money.slashed == money.burned + money.paid_out + inside,
        "the books do not add up: {money:?}"
    );
    Ok(())
}

/// Renews everything for two epochs in one transaction, without moving data; the second time there is nothing to do.
async fn renew(stage: &Stage) -> Result<()> {
    let renewed = stage.cli.json(&["renew", LABEL, "--epochs", "14"]).await?;
    ensure!(renewed["batches"].as_u64().is_some_and(|count| count > 0), "nothing was renewed: {renewed}");
    stage.facts.say("renewed-objects", &renewed["objects"]);
    let again = stage.cli.json(&["renew", LABEL, "--epochs", "14"]).await?;
    ensure!(again["batches"] == 0, "it was renewed twice: {again}");
    Ok(())
}

async fn audit(chain: &dyn ChainClient, worker: WorkerId) -> Result<WorkerAudit> {
    chain.worker_audit(worker, At::Best).await?.with_context(|| format!("worker {worker} is not registered any more"))
}

/// The period of the best block.
async fn period(chain: &dyn ChainClient) -> Result<Period> {
    let schedule = chain.params(At::Best).await?.schedule;
    Ok(schedule.period_of(chain.best().await?.number))
}

/// Waits until all members have proven a period, and checks that none has missed one. Returns the sum of their earnings in
/// planck.
async fn all_proven(chain: &dyn ChainClient, roles: &Roles, period: Period) -> Result<u128> {
    let mut pay = 0;
    for member in &roles.seated {
        let worker = member.worker;
        let proven = until("a member's proof", 3 * PERIOD, || async move {
            let audit = audit(chain, worker).await?;
            Ok((audit.record.settled >= period && audit.earned > 0).then_some(audit))
        });
        let audit = proven.await?;
        ensure!(audit.record.missed == 0, "worker {worker} missed a period without a reason: {audit:?}");
        pay += audit.earned + audit.held_back;
    }
    Ok(pay)
}

/// Checks that all members are paid for a whole period, and returns the period.
async fn honest(stage: &Stage, chain: &dyn ChainClient, roles: &Roles) -> Result<Period> {
    // New members are challenged from the next period on.
    let first = period(chain).await? + 1;
    let pay = all_proven(chain, roles, first).await?;
    stage.facts.say("honest-members-paid", roles.seated.len());
    stage.facts.say("honest-pay-planck", pay);
    Ok(first)
}
