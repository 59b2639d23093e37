//! Audits: what becomes of workers that keep, delay, lose and leave, and of the site that they hold.
//!
//! A site is published to a group of six; then its owner is gone. All members are paid for their proofs. One answers too
//! late, one is killed for good, one has lost its disk and does not mend, one has lost a tenth, one leaves in order. Who is
//! late loses a period's pay. Who is dead or has nothing loses its bond, and its slot goes to another worker, which rebuilds
//! the shards. Who leaves gets its bond back. Who lost a tenth misses as often as chance has it. All the while every file
//! opens.

mod cast;

use crate::{folder, Stage};
use anyhow::{ensure, Context, Result};
use cast::Cast;
use meganet_chain::{At, ChainClient};
use meganet_cli::devnet::Shape;
use meganet_primitives::chain::{ChallengeState, GroupHealth, WorkerAudit};
use meganet_primitives::WorkerId;
use nix::sys::signal::Signal;
use std::{
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

const LABEL: &str = "audits";
/// A period of this network is a minute; a busy machine may miss one.
const PERIOD: Duration = Duration::from_secs(60);
/// The share of a shard that the careless worker loses: one in so many bytes.
const LOST_PART: u64 = 10;

/// Twelve workers, so that each of a group's six can be replaced.
pub fn shape() -> Shape {
    let workers = ["DE", "FR", "JP", "BR", "KE", "NZ"].map(|country| (country.to_string(), 2)).to_vec();
    Shape { workers, gateway_port: Some(0), ..Shape::small() }
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
    renew(stage).await?;
    let chain = stage.devnet.chain().await?;
    let mut cast = Cast::of(stage, &*chain).await?;
    stage.wait_whole(&cast.members(), 2 * PERIOD).await?;
    let reads = Readers::start(stage, &site)?;

    honest(stage, &*chain, &cast).await?;
    late(stage, &*chain, &cast).await?;
    // From here on two are gone at once, and two more follow while they are replaced.
    kill_one(stage, &mut cast)?;
    lose_everything(stage, &mut cast).await?;
    replaced(stage, &*chain, &cast).await?;
    lose_a_tenth(stage, &*chain, &mut cast).await?;
    leave(stage, &*chain, &cast).await?;
    whole(stage, &*chain, &cast).await?;

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

/// Asks until the answer is there.
async fn until<T, F>(what: &str, timeout: Duration, mut ask: impl FnMut() -> F) -> Result<T>
where
    F: std::future::Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "{what}: not within {} s", timeout.as_secs());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Everybody proves two periods and is paid for them.
async fn honest(stage: &Stage, chain: &dyn ChainClient, cast: &Cast) -> Result<()> {
    let mut pay = 0;
    for member in &cast.seated {
        let worker = member.worker;
        let proven = until("a member's second paid proof", 5 * PERIOD, || async move {
            let audit = audit(chain, worker).await?;
            Ok((audit.record.proven >= 2 && audit.earned > 0).then_some(audit))
        });
        let audit = proven.await?;
        ensure!(audit.record.missed == 0, "worker {worker} missed a period without a reason: {audit:?}");
        pay += audit.earned + audit.held_back;
    }
    stage.facts.say("honest-members-paid", cast.seated.len());
    stage.facts.say("honest-pay-planck", pay);
    Ok(())
}

/// A member sleeps through its window: it loses that period's pay, and nothing else.
async fn late(stage: &Stage, chain: &dyn ChainClient, cast: &Cast) -> Result<()> {
    let (index, worker) = (cast.late.index, cast.late.worker);
    let scheduled = until("a challenge that is still to come", 3 * PERIOD, || async move {
        let challenge = chain.challenge(worker, At::Best).await?;
        Ok(challenge.filter(|challenge| challenge.state == ChallengeState::Scheduled))
    });
    let challenge = scheduled.await?;
    let running = stage.devnet.state.processes[index].running.context("it runs")?;
    running.signal(Signal::SIGSTOP)?;
    let passed = until("the deadline", 3 * PERIOD, || async move {
        Ok((chain.best().await?.number > challenge.deadline).then_some(()))
    });
    let passed = passed.await;
    running.signal(Signal::SIGCONT)?;
    passed?;
    let back = until("the late worker's next proof", 4 * PERIOD, || async move {
        let audit = audit(chain, worker).await?;
        Ok((audit.record.settled > challenge.period && audit.record.missed > 0).then_some(audit))
    });
    let audit = back.await?;
    ensure!(audit.record.missed == 1, "it was asleep for one challenge, and missed {}", audit.record.missed);
    stage.facts.say("late-worker", "missed 1 period, kept bond and slot");
    Ok(())
}

fn kill_one(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    stage.devnet.state.kill(&[cast.killed.index])?;
    cast.gone.push(cast.killed);
    Ok(())
}

/// A member's disk is empty, and it does not mend.
async fn lose_everything(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    let index = cast.empty.index;
    stage.devnet.state.kill(&[index])?;
    super::main_job::lose_disk(&stage.devnet.state.processes[index].data)?;
    stage.devnet.state.processes[index].extra = vec!["--rebuild-rate".into(), "1".into()];
    stage.devnet.state.start(&[index]).await?;
    cast.gone.push(cast.empty);
    Ok(())
}

/// Those that are gone lose slot and bond, and others take their places and rebuild.
async fn replaced(stage: &Stage, chain: &dyn ChainClient, cast: &Cast) -> Result<()> {
    let begun = Instant::now();
    for gone in &cast.gone {
        let worker = gone.worker;
        let expelled = until("a worker that is gone is expelled", 12 * PERIOD, || async move {
            Ok(chain.worker(worker, At::Best).await?.is_none().then_some(()))
        });
        expelled.await?;
    }
    stage.facts.seconds("expelled-after-seconds", begun.elapsed());
    ensure!(chain.money(At::Best).await?.slashed > 0, "bonds must be lost");
    let group = cast.group;
    let gone: Vec<WorkerId> = cast.gone.iter().map(|gone| gone.worker).collect();
    let gone = &gone;
    let refilled = until("every slot has another worker that holds its shards", 12 * PERIOD, || async move {
        let health = health(chain, group).await?;
        let theirs = health.slots.iter().flatten().any(|slot| gone.contains(&slot.worker));
        Ok((!theirs && is_whole(&health)).then_some(()))
    });
    refilled.await?;
    stage.facts.seconds("replaced-and-rebuilt-after-seconds", begun.elapsed());
    Ok(())
}

/// A member has lost a tenth of its bytes, and does not mend: chance decides when it is asked for them.
async fn lose_a_tenth(stage: &mut Stage, chain: &dyn ChainClient, cast: &mut Cast) -> Result<()> {
    let (index, worker) = (cast.careless.index, cast.careless.worker);
    let before = audit(chain, worker).await?.record;
    stage.devnet.state.kill(&[index])?;
    let lost = zero_a_part(&stage.devnet.state.processes[index].data.join("shards"))?;
    stage.devnet.state.processes[index].extra = vec!["--rebuild-rate".into(), "1".into()];
    stage.devnet.state.start(&[index]).await?;
    stage.facts.say("bytes-lost-of-a-tenth", lost);
    // With 8 samples a period misses a tenth with 0.9^8 = 43 %; 16 in a row with one in a million.
    let caught = until("a worker that lost a tenth is caught", 17 * PERIOD, || async move {
        let now = chain.worker_audit(worker, At::Best).await?;
        Ok(now.as_ref().is_none_or(|audit| audit.record.missed > before.missed).then_some(now))
    });
    let periods = match caught.await? {
        Some(audit) => audit.record.proven - before.proven,
        None => 0,
    };
    stage.facts.say("proofs-before-a-tenth-was-noticed", periods);
    Ok(())
}

/// Overwrites a tenth of every shard file; how many bytes.
fn zero_a_part(shards: &Path) -> Result<u64> {
    use std::io::{Seek, SeekFrom, Write};
    let mut lost = 0;
    for entry in walkdir::WalkDir::new(shards).into_iter().filter_map(Result::ok) {
        if !entry.file_type().is_file() {
            continue;
        }
        let mut file = std::fs::OpenOptions::new().write(true).open(entry.path())?;
        let len = file.metadata()?.len();
        let part = len / LOST_PART;
        file.seek(SeekFrom::Start(len / 3))?;
        file.write_all(&vec![0; usize::try_from(part)?])?;
        lost += part;
    }
    ensure!(lost > 0, "no shard files in {}", shards.display());
    Ok(lost)
}

/// A member leaves: its slot is handed over, its bond comes back, its process ends by itself.
async fn leave(stage: &Stage, chain: &dyn ChainClient, cast: &Cast) -> Result<()> {
    let leaver = cast.leaver;
    let begun = Instant::now();
    let held = |balance: meganet_chain::AccountBalance| balance.held;
    ensure!(held(chain.balance(&cast.leaver_operator, At::Best).await?) > 0, "a worker has a bond");
    cast::tell_to_leave(stage, leaver.index).await?;
    let worker = leaver.worker;
    let out = until("a worker that leaves is out", 10 * PERIOD, || async move {
        Ok(chain.worker(worker, At::Best).await?.is_none().then_some(()))
    });
    out.await?;
    ensure!(held(chain.balance(&cast.leaver_operator, At::Best).await?) == 0, "its bond must be back");
    let process = &stage.devnet.state.processes[leaver.index];
    until("the process of the worker that left ends", PERIOD, || async { Ok((!process.is_alive()).then_some(())) })
        .await?;
    stage.facts.seconds("left-after-seconds", begun.elapsed());
    Ok(())
}

async fn health(chain: &dyn ChainClient, group: u32) -> Result<GroupHealth> {
    chain.group_health(group, At::Best).await?.context("the group is there")
}

fn is_whole(health: &GroupHealth) -> bool {
    usize::try_from(health.whole) == Ok(health.slots.len())
}

/// In the end, every slot but that of the worker with a tenth gone has a worker that holds its shards.
async fn whole(stage: &Stage, chain: &dyn ChainClient, cast: &Cast) -> Result<()> {
    let (group, careless) = (cast.group, cast.careless.worker);
    let healthy = until("the group is whole again", 8 * PERIOD, || async move {
        let health = health(chain, group).await?;
        let sound = |slot: &Option<meganet_primitives::chain::SlotHealth>| {
            slot.is_some_and(|slot| slot.whole || slot.worker == careless)
        };
        Ok(health.slots.iter().all(sound).then_some(()))
    });
    healthy.await?;
    stage.facts.say("group-whole", "yes");
    Ok(())
}

/// Somebody who reads all files again and again, with nothing but the site's name.
struct Readers {
    task: tokio::task::JoinHandle<Result<()>>,
    stop: Arc<tokio::sync::Notify>,
    reads: Arc<AtomicU64>,
}

impl Readers {
    fn start(stage: &Stage, site: &Path) -> Result<Self> {
        let (stop, reads) = (Arc::new(tokio::sync::Notify::new()), Arc::new(AtomicU64::new(0)));
        let (end, count) = (stop.clone(), reads.clone());
        let (cli, site) = (stage.cli.clone(), site.to_path_buf());
        let files: Vec<PathBuf> = folder::list(&site)?.into_keys().map(PathBuf::from).collect();
        let task = tokio::spawn(async move {
            loop {
                for file in &files {
                    // A process of its own: it has no cache, and asks the workers for every byte.
                    let source = format!("{LABEL}/{}", file.display());
                    let run = cli.run(&["get", &source, "-o", "-"]).await?;
                    ensure!(run.code == 0, "{source} did not open: {}", run.stderr.trim());
                    ensure!(run.stdout == std::fs::read(site.join(file))?, "{source} is not what was published");
                    if tokio::time::timeout(Duration::from_millis(10), end.notified()).await.is_ok() {
                        return Ok(());
                    }
                }
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        Ok(Self { task, stop, reads })
    }

    /// Ends the reading; how often all files were read, or what did not open.
    async fn stop(self) -> Result<u64> {
        self.stop.notify_one();
        self.task.await??;
        let reads = self.reads.load(Ordering::Relaxed);
        ensure!(reads > 0, "the files were never read to the last");
        Ok(reads)
    }
}
