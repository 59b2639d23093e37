//! Faults of members that store everything: a wrong clock, sleep at the wrong time, a kill while a proof is sent.

use super::{
    PERIOD, audit,
    roles::{Member, Roles},
};
use crate::{Facts, Stage, clock::wrong_clock, pay::paid_once, pool, wait::until};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, ChainClient, Signer};
use meganet_devnet::{Kind, Running, operator_suri};
use meganet_primitives::{GroupId, Period, WorkerId, chain::ChallengeState};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// Restarts a member with a clock that is an hour fast. It must continue to prove, since audits count blocks.
pub async fn set_clock_wrong(stage: &mut Stage, member: Member) -> Result<()> {
    let env = wrong_clock("+1h")?;
    let state = &mut stage.devnet.state;
    state.kill(&[member.index])?;
    state.processes[member.index].env = env;
    state.start(&[member.index]).await?;
    stage.facts.say("worker-with-a-wrong-clock", "an hour fast");
    Ok(())
}

/// A member that sleeps through a period.
pub struct Asleep {
    running: Running,
    worker: WorkerId,
    period: Period,
}

/// Suspends a member that has proven a period, until its next challenge is over.
pub fn asleep(stage: &Stage, roles: &Roles, proven: Period) -> Result<Asleep> {
    let running = stage.devnet.state.processes[roles.late.index].running.context("it runs")?;
    running.signal(Signal::SIGSTOP)?;
    Ok(Asleep { running, worker: roles.late.worker, period: proven + 1 })
}

impl Asleep {
    /// Resumes the member after the deadline, and checks that it lost only the pay of that period.
    pub async fn wake_late(self, facts: Facts, chain: &dyn ChainClient, group: GroupId) -> Result<()> {
        let Asleep { running, worker, period } = self;
        let passed = until("the deadline of the worker that sleeps", 4 * PERIOD, || async move {
            let challenge = chain.challenge(worker, At::Best).await?;
            let missed = challenge.filter(|challenge| challenge.period >= period);
            Ok(missed.filter(|challenge| challenge.period > period || challenge.state == ChallengeState::Missed))
        });
        let passed = passed.await;
        running.signal(Signal::SIGCONT)?;
        passed?;
        let back = until("the late worker's next proof", 4 * PERIOD, || async move {
            let audit = audit(chain, worker).await?;
            Ok((audit.record.settled > period).then_some(audit))
        });
        let audit = back.await?;
        ensure!(audit.record.missed == 1, "it was asleep for one challenge, and missed {}", audit.record.missed);
        ensure!(chain.slot_in(worker, group, At::Best).await?.is_some(), "it lost its slot for one period");
        facts.say("late-worker", "missed 1 period, kept bond and slot");
        Ok(())
    }
}

/// Kills a member as soon as its proof of the period after `proven` is in a pool, restarts it, and checks that it proves once
/// and is paid once.
pub async fn killed_while_proving(
    stage: &mut Stage,
    chain: &dyn ChainClient,
    member: Member,
    proven: Period,
) -> Result<()> {
    let before = audit(chain, member.worker).await?;
    wait_for_proof_in_pool(stage, member).await?;
    stage.devnet.state.kill(&[member.index])?;
    stage.devnet.state.start(&[member.index]).await?;
    let worker = member.worker;
    let settled = until("the proof of a worker that was killed", 3 * PERIOD, || async move {
        let audit = audit(chain, worker).await?;
        Ok((audit.record.settled > proven).then_some(audit))
    });
    let after = settled.await?;
    ensure!(after.record.missed == 0, "it missed a period because it was killed: {after:?}");
    // After the window no proof is accepted any more.
    let period = after.record.settled;
    let over = until("the end of that period", 2 * PERIOD, || async move {
        Ok((super::period(chain).await? > period).then_some(()))
    });
    over.await?;
    let at_end = audit(chain, worker).await?;
    paid_once(&before, &at_end)?;
    stage.facts.say("killed-while-proving", "one proof, one payment");
    Ok(())
}

/// Polls the pools of all validators for a proof of the member.
async fn wait_for_proof_in_pool(stage: &Stage, member: Member) -> Result<()> {
    let name = &stage.devnet.state.processes[member.index].name;
    let account = Signer::from_suri(&operator_suri(name))?.account();
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
    let validators = stage.devnet.state.of_kind(Kind::Validator);
    let deadline = Instant::now() + 3 * PERIOD;
    let mut problem = String::new();
    while Instant::now() < deadline {
        for validator in &validators {
            let port = stage.devnet.state.processes[*validator].http_port;
            match pool::has_proof_by(&http, port, &account).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                // Until blocks have taken the spam of before, the pool may be larger than an answer.
                Err(error) => problem = format!(" (last error: {error})"),
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("no transaction of {name} was in a pool within three periods{problem}")
}
