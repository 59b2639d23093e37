//! Audits: what becomes of workers that keep, delay, lose and leave, and of the site that they hold.
//!
//! A site is published to a group of six, and a file is stored for a few minutes and prepaid for; then their owners are gone.
//! All members are paid for their proofs, also one whose clock is wrong, and also while somebody fills all blocks. One answers
//! too late, one is killed at the very moment when its proof is sent, one leaves in order, one is killed for good, one has lost
//! its disk and does not mend, one has lost a tenth. Who is late loses a period's pay. Who is dead or has nothing loses its
//! bond, and its slot goes to another worker, which rebuilds the shards. Who leaves gets its bond back. Who lost a tenth misses
//! as often as chance has it. The network renews what is prepaid for by itself, so the file outlives its expiry. All the while
//! every file opens.

mod cast;
mod faults;
mod keep;
mod losses;
mod readers;
mod spam;

use crate::{Stage, folder, wait::until};
use anyhow::{Context, Result, ensure};
use cast::Cast;
use meganet_chain_client::{At, ChainClient};
use meganet_devnet::Shape;
use meganet_primitives::{Period, WorkerId, chain::WorkerAudit};
use readers::Readers;
use std::time::Duration;

const LABEL: &str = "audits";
/// A period of this network is 36 seconds; a busy machine may miss one.
const PERIOD: Duration = Duration::from_secs(60);

/// Twelve workers, so that each of a group's six can be replaced; and a chain on which periods and epochs are short.
pub fn shape() -> Shape {
    let workers = ["DE", "FR", "JP", "BR", "KE", "NZ"].map(|country| (country.to_string(), 2)).to_vec();
    Shape { workers, chain: Some("local-audits".into()), gateway_port: Some(0), ..Shape::small() }
}

/// Plays it.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    for number in 0..24u64 {
        folder::write_random(&site.join(format!("part-{number}.bin")), 150_000 + number * 7_000, number)?;
    }
    folder::write(&site, "index.html", b"<!doctype html><title>Unattended</title>")?;
    let dir = site.to_str().context("a Unicode path")?;
    stage.cli.json(&["publish", dir, LABEL, "--profile", "compact"]).await?;
    let ((), kept) = tokio::try_join!(renew(stage), keep::prepaid(stage))?;
    let chain = stage.devnet.chain().await?;
    let chain = &*chain;
    let mut cast = Cast::of(stage, chain).await?;
    stage.wait_whole(&cast.members(), 2 * PERIOD).await?;
    let reads = Readers::start(stage, &site, &kept)?;

    faults::set_clock_wrong(stage, cast.steady).await?;
    let first = honest(stage, chain, &cast).await?;
    let second = spam::proofs_get_through(stage, chain, &cast, first).await?;
    // The next period: one sleeps, one dies while its proof is under way, one begins to leave.
    let late = faults::asleep(stage, &cast, second)?.wake_late(stage.facts, chain, cast.group);
    let others = async {
        losses::begin_to_leave(stage, chain, &cast).await?;
        faults::killed_while_proving(stage, chain, cast.steady, second).await
    };
    tokio::try_join!(late, others)?;
    losses::left(stage, chain, &cast).await?;
    // From here on two are gone at once, and a third is careless while they are replaced.
    losses::kill_one(stage, &mut cast)?;
    losses::lose_everything(stage, &mut cast).await?;
    let careless = losses::lose_a_tenth(stage, chain, &cast).await?;
    losses::replaced(stage, chain, &cast).await?;
    losses::tenth_is_noticed(stage, chain, careless).await?;
    keep::outlived(stage, chain, &kept).await?;

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

/// Two epochs more for everything, in one transaction and without moving data; the second time there is nothing to do.
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

/// Waits until everybody has proven a period, and checks that nobody has missed one. Gives what each has earned.
async fn all_proven(chain: &dyn ChainClient, cast: &Cast, period: Period) -> Result<u128> {
    let mut pay = 0;
    for member in &cast.seated {
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

/// Everybody is paid for a period from its beginning to its end. Gives the period.
async fn honest(stage: &Stage, chain: &dyn ChainClient, cast: &Cast) -> Result<Period> {
    // Who has just got its slot is challenged from the next period on.
    let first = period(chain).await? + 1;
    let pay = all_proven(chain, cast, first).await?;
    stage.facts.say("honest-members-paid", cast.seated.len());
    stage.facts.say("honest-pay-planck", pay);
    Ok(first)
}
