//! The worker that uses the validator that is cut off, and its proofs.

use crate::{Stage, pay::paid_once, pool, wait::until};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::{At, Signer, SubxtChain, prelude::*};
use meganet_devnet::{Kind, operator_suri};
use meganet_primitives::{
    AccountId, Period, WorkerId,
    chain::{ChallengeInfo, ChallengeState, WorkerAudit},
};
use std::{collections::BTreeMap, time::Duration};

/// The worker, and access to its validator's pool.
pub(super) struct Side {
    pub(super) worker: WorkerId,
    /// Its operator's account.
    account: AccountId,
    http: reqwest::Client,
    port: u16,
}

impl Side {
    /// Finds a worker that uses this validator and stores something.
    pub(super) async fn of(stage: &Stage, validator: usize, chain: &SubxtChain) -> Result<Self> {
        let state = &stage.devnet.state;
        let url = state.rpc_url(validator);
        for index in state.of_kind(Kind::Worker) {
            let (_, args) = state.command(index)?;
            let worker = WorkerId::try_from(stage.health(index).await?["worker_id"].as_u64().context("a number")?)?;
            if !args.contains(&url) || chain.all_slots_of(worker, At::Best).await?.is_empty() {
                continue;
            }
            return Ok(Side {
                worker,
                account: Signer::from_suri(&operator_suri(&state.processes[index].name))?.account(),
                http: reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?,
                port: state.processes[validator].http_port,
            });
        }
        anyhow::bail!("no worker with a slot asks the validator that is cut off")
    }

    /// Waits for the block before the worker's next challenge.
    pub(super) async fn wait_for_challenge(&self, main: &SubxtChain) -> Result<ChallengeInfo> {
        until("the block before the worker's challenge", 3 * super::PERIOD, || async {
            let best = main.best().await?;
            let challenge = main.challenge(self.worker, At::Block(best.hash)).await?;
            let next = |challenge: &ChallengeInfo| {
                challenge.state == ChallengeState::Scheduled && challenge.block == best.number + 1
            };
            Ok(challenge.filter(next))
        })
        .await
    }

    /// Whether its proof is in its validator's pool.
    pub(super) async fn proof_waits(&self) -> Result<bool> {
        pool::has_proof_by(&self.http, self.port, &self.account).await
    }

    /// The audit records of all workers.
    pub(super) async fn audits(&self, chain: &SubxtChain) -> Result<BTreeMap<WorkerId, WorkerAudit>> {
        let mut audits = BTreeMap::new();
        for worker in chain.all_workers(At::Finalized).await? {
            if let Some(audit) = chain.worker_audit(worker.id, At::Finalized).await? {
                audits.insert(worker.id, audit);
            }
        }
        Ok(audits)
    }

    /// Checks that since then no worker missed a period, and that this one proved each period once and was paid once.
    pub(super) async fn proved_once(
        &self,
        stage: &Stage,
        chain: &SubxtChain,
        before: &BTreeMap<WorkerId, WorkerAudit>,
        period: Period,
    ) -> Result<()> {
        let after = self.audits(chain).await?;
        for (worker, audit) in &after {
            let missed = before.get(worker).map_or(0, |before| before.record.missed);
            ensure!(audit.record.missed == missed, "worker {worker} missed a period by the fork: {audit:?}");
        }
        let (before, after) = (&before[&self.worker], &after[&self.worker]);
        ensure!(after.record.settled >= period, "the proof of period {period} is not final: {after:?}");
        stage.facts.say("periods-proven-and-paid-once", paid_once(before, after)?);
        Ok(())
    }
}
