//! Members that leave, die or lose data, and the workers that replace them.

use super::{
    PERIOD, audit,
    roles::{self, Member, Roles},
};
use crate::{Stage, scenarios::main_job, wait::until};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient};
use meganet_primitives::{
    WorkerId,
    audit::Record,
    chain::{GroupHealth, SlotHealth},
};
use std::{path::Path, time::Instant};

/// The careless worker loses one in this many bytes of each shard.
const LOST_PART: u64 = 10;

/// Makes a member start to leave.
pub async fn begin_to_leave(stage: &Stage, chain: &dyn ChainClient, roles: &Roles) -> Result<()> {
    let balance = chain.balance(&roles.leaver_operator, At::Best).await?;
    ensure!(balance.held > 0, "a worker has a bond");
    roles::run_leave(stage, roles.leaver.index).await
}

/// Waits until the member has left: another took its slot, its bond is refunded, and its process exits.
pub async fn left(stage: &Stage, chain: &dyn ChainClient, roles: &Roles) -> Result<()> {
    let worker = roles.leaver.worker;
    let out = until("a worker that leaves is out", 10 * PERIOD, || async move {
        Ok(chain.worker(worker, At::Best).await?.is_none().then_some(()))
    });
    out.await?;
    ensure!(chain.balance(&roles.leaver_operator, At::Best).await?.held == 0, "its bond must be back");
    let process = &stage.devnet.state.processes[roles.leaver.index];
    until("the process of the worker that left ends", PERIOD, || async { Ok((!process.is_alive()).then_some(())) })
        .await?;
    stage.facts.say("left-in-order", "slot handed over, bond back");
    Ok(())
}

/// Kills a member that is not started again.
pub fn kill_one(stage: &mut Stage, roles: &mut Roles) -> Result<()> {
    stage.devnet.state.kill(&[roles.killed.index])?;
    roles.gone.push(roles.killed);
    Ok(())
}

/// Empties the disk of a member, which then hardly rebuilds.
pub async fn lose_everything(stage: &mut Stage, roles: &mut Roles) -> Result<()> {
    let index = roles.empty.index;
    stage.devnet.state.kill(&[index])?;
    main_job::lose_disk(&stage.devnet.state.processes[index].data)?;
    stage.devnet.state.processes[index].extra = vec!["--rebuild-rate".into(), "1".into()];
    stage.devnet.state.start(&[index]).await?;
    roles.gone.push(roles.empty);
    Ok(())
}

/// A member that has lost a tenth of its bytes, with its audit record before that.
pub struct Careless {
    member: Member,
    before: Record,
}

/// Destroys a tenth of the bytes of a member, which then hardly rebuilds: chance decides when an audit samples them.
pub async fn lose_a_tenth(stage: &mut Stage, chain: &dyn ChainClient, roles: &Roles) -> Result<Careless> {
    let member = roles.careless;
    let before = audit(chain, member.worker).await?.record;
    stage.devnet.state.kill(&[member.index])?;
    let lost = zero_a_part(&stage.devnet.state.processes[member.index].data.join("shards"))?;
    stage.devnet.state.processes[member.index].extra = vec!["--rebuild-rate".into(), "1".into()];
    stage.devnet.state.start(&[member.index]).await?;
    stage.facts.say("bytes-lost-of-a-tenth", lost);
    Ok(Careless { member, before })
}

/// Overwrites a tenth of every shard file; returns the number of bytes.
fn zero_a_part(shards: &Path) -> Result<u64> {
    use std::io::{Seek, SeekFrom, Write};
    let mut lost = 0;
    for entry in walkdir::WalkDir::new(shards).into_iter().filter_map(Result::ok) {
        // The marker has no extension.
        if !entry.file_type().is_file() || entry.path().extension().is_none() {
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

/// Waits until an audit detects the loss.
pub async fn tenth_is_noticed(stage: &Stage, chain: &dyn ChainClient, careless: Careless) -> Result<()> {
    let Careless { member: Member { worker, .. }, before } = careless;
    // With 8 samples a period misses a tenth with 0.9^8 = 43 %; 16 in a row with one in a million.
    let caught = until("a worker that lost a tenth is caught", 17 * PERIOD, || async move {
        let now = chain.worker_audit(worker, At::Best).await?;
        Ok(now.as_ref().is_none_or(|audit| audit.record.missed > before.missed).then_some(now))
    });
    match caught.await? {
        Some(audit) => {
            stage.facts.say("proofs-with-a-tenth-lost", audit.record.proven - before.proven);
            stage.facts.say("misses-with-a-tenth-lost", audit.record.missed - before.missed);
        }
        None => stage.facts.say("with-a-tenth-lost", "missed too much, and was expelled"),
    }
    Ok(())
}

/// Waits until the members that are gone have lost slot and bond, and others have taken their slots and rebuilt the shards.
/// In the end every slot has a worker that stores all its shards, except that of the careless worker.
pub async fn replaced(stage: &Stage, chain: &dyn ChainClient, roles: &Roles) -> Result<()> {
    let begun = Instant::now();
    for gone in &roles.gone {
        let worker = gone.worker;
        let expelled = until("a worker that is gone is expelled", 12 * PERIOD, || async move {
            Ok(chain.worker(worker, At::Best).await?.is_none().then_some(()))
        });
        expelled.await?;
    }
    stage.facts.seconds("expelled-after-seconds", begun.elapsed());
    ensure!(chain.money(At::Best).await?.slashed > 0, "bonds must be lost");
    let (group, careless) = (roles.group, roles.careless.worker);
    let gone: Vec<WorkerId> = roles.gone.iter().map(|gone| gone.worker).collect();
    let gone = &gone;
    let refilled = until("every slot has a worker that holds its shards", 12 * PERIOD, || async move {
        let health: GroupHealth = chain.group_health(group, At::Best).await?.context("the group is there")?;
        let sound = |slot: &Option<SlotHealth>| {
            slot.is_some_and(|slot| !gone.contains(&slot.worker) && (slot.whole || slot.worker == careless))
        };
        Ok(health.slots.iter().all(sound).then_some(()))
    });
    refilled.await?;
    stage.facts.seconds("replaced-and-rebuilt-after-seconds", begun.elapsed());
    stage.facts.say("group-whole", "yes");
    Ok(())
}
