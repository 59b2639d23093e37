//! Answers this worker's challenges: looks at every new best head, makes the proof as soon as it is asked for, and sees to
//! it that a block takes it. What was proven stands on the chain, so a restart loses nothing.

use super::heads;
use crate::{
    context::Context,
    service::prove::{Lack, Sent, Step, answer, asked, is_bound, lacking, release_of, step},
    store::{Reading, StoreError},
};
use meganet_chain_client::{At, BlockRef, Call, ChainError, Signer, TxOutcome, Until};
use meganet_primitives::{
    Period, WorkerId,
    audit::{Answer, AuditProof, Sample},
    chain::{ChallengeInfo, ChallengedByte},
    hash::Hash,
};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Wait before the same head is looked at again, where it could not be.
const AGAIN: Duration = Duration::from_secs(1);

/// Why there is no proof yet.
#[derive(Debug, thiserror::Error)]
enum ProveError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("byte {} of the range of group {} that expires at {}: {lack}", .sample.offset, .sample.group, .sample.expiry)]
    Lacking { sample: Sample, lack: Lack },
    #[error("the challenge asks for more than a proof can hold: update meganet-worker")]
    TooMany,
}

/// A submission that has ended.
type Ended = (Hash, u64, Result<TxOutcome, ChainError>);

struct Prover {
    context: Arc<Context>,
    operator: Signer,
    worker: WorkerId,
    sent: Option<Sent>,
    sending: JoinSet<Ended>,
    /// The last period that was counted as missed.
    missed: Option<Period>,
    /// What was last said to be in the way of a proof.
    said: Option<String>,
}

/// Proves until the worker is stopped.
pub async fn run(context: Arc<Context>, operator: Signer, worker: WorkerId) {
    let stop = context.stop.clone();
    let prover = Prover { context, operator, worker, sent: None, sending: JoinSet::new(), missed: None, said: None };
    tokio::select! {
        () = stop.cancelled() => {}
        () = prover.prove() => {}
    }
}

impl Prover {
    async fn prove(mut self) {
        let mut news = heads::subscribe(&self.context);
        let mut retry = None;
        loop {
            tokio::select! {
                head = heads::next(&mut news, retry) => {
                    retry = None;
                    if let Err(error) = self.look(head).await {
                        match &error {
                            ProveError::Chain(_) => tracing::debug!(%error, "cannot look for a challenge at the moment"),
                            // Once for each thing that is wrong, not once a second.
                            _ if self.said.as_deref() != Some(&error.to_string()) => {
                                tracing::warn!(%error, "cannot answer the chain's challenge yet");
                                self.said = Some(error.to_string());
                            }
                            _ => {}
                        }
                        retry = Some(AGAIN);
                    }
                },
                Some(ended) = self.sending.join_next() => {
                    if let Ok(ended) = ended {
                        self.ended(ended);
                    }
                },
            }
        }
    }

    /// Does at a head what is to be done there.
    async fn look(&mut self, head: BlockRef) -> Result<(), ProveError> {
        let at = At::Block(head.hash);
        let challenge = self.context.chain.challenge(self.worker, at).await?;
        self.context.status.set_challenge(challenge.as_ref());
        match (step(head.number, challenge.as_ref(), self.sent.as_ref()), challenge) {
            (Step::Prove, Some(challenge)) => self.send(head, &challenge).await?,
            (Step::Missed(period), _) if self.missed != Some(period) => {
                self.missed = Some(period);
                self.context.metrics.periods_missed.inc();
                tracing::error!(period, "no block took a proof in time: this period is not paid");
            }
            _ => {}
        }
        Ok(())
    }

    async fn send(&mut self, head: BlockRef, challenge: &ChallengeInfo) -> Result<(), ProveError> {
        let proof = self.make(head, challenge).await?;
        let excused = proof.answers.iter().filter(|answer| matches!(answer, Answer::Excused(_))).count();
        let excused = u64::try_from(excused).unwrap_or(u64::MAX);
        let asked = asked(challenge);
        if self.sent.is_some_and(|sent| sent.asked == asked) {
            tracing::info!(period = challenge.period, "no block took the proof yet: sending it again");
        }
        self.sent = Some(Sent { asked, since: head.number });
        let (chain, operator) = (self.context.chain.clone(), self.operator.clone());
        let call = Call::Prove { worker: self.worker, period: challenge.period, proof: Box::new(proof) };
        self.sending.spawn(async move { (asked, excused, chain.submit(&operator, vec![call], Until::InBlock).await) });
        Ok(())
    }

    async fn make(&self, head: BlockRef, challenge: &ChallengeInfo) -> Result<AuditProof, ProveError> {
        let samples = challenge.samples.clone();
        let readings = self.context.disk(move |store| store.read_samples(&samples)).await?;
        let mut answers = Vec::new();
        for (byte, reading) in challenge.samples.iter().zip(readings) {
            answers.push(self.answer(head, byte, reading).await?);
        }
        Ok(AuditProof { answers: answers.try_into().map_err(|_| ProveError::TooMany)? })
    }

    async fn answer(&self, head: BlockRef, byte: &ChallengedByte, reading: Reading) -> Result<Answer, ProveError> {
        let (context, sample, at) = (&self.context, byte.sample, At::Block(head.hash));
        match &reading {
            Reading::Damaged { key, frame, .. } => context.damaged(*key, *frame).await,
            // The sync job brings what is not known.
            Reading::Behind { .. } => context.sync_due.notify_one(),
            _ => {}
        }
        let mut deleted = false;
        if let Some(stone) = release_of(sample.expiry, &reading) {
            deleted = context.chain.tombstoned(sample.group, &[stone], at).await?.contains(&true);
        }
        let mut bound = false;
        if let Some(leaf) = lacking(&reading) {
            let health = context.chain.group_health(sample.group, at).await?;
            let slot = health.and_then(|health| health.slots.get(usize::from(sample.slot)).copied().flatten());
            // A slot that was handed over meanwhile: whoever has it now did not get it before this worker did.
            bound = is_bound(leaf, sample.slot, slot.map_or(0, |slot| slot.since));
        }
        answer(reading, deleted, bound).map_err(|lack| ProveError::Lacking { sample, lack })
    }

    fn ended(&mut self, (asked, excused, result): Ended) {
        let metrics = &self.context.metrics;
        let of_this = self.sent.filter(|sent| sent.asked == asked);
        match result {
            Ok(outcome) => {
                metrics.proofs.inc();
                metrics.excused_answers.inc_by(excused);
                let paid = outcome.paid().unwrap_or_default();
                tracing::info!(block = outcome.block.number, paid = %meganet_chain_client::Mega(paid), excused, "proved what is held");
                // A reorganisation may take the block back; the pool then has some blocks to bring the proof again.
                self.sent = of_this.map(|sent| Sent { since: outcome.block.number, ..sent }).or(self.sent);
            }
            Err(error) if error.is_dispatch("Storage", "AlreadyProven") => {
                tracing::debug!("the proof was in a block already");
            }
            // Each refused proof costs a fee: the next one waits as if this one were still in the pool.
            Err(error @ ChainError::Dispatch { .. }) => {
                metrics.proof_failures.inc();
                tracing::error!(%error, "the chain refused a proof");
                let head = self.context.heads.borrow().map(|head| head.number);
                self.sent = of_this.map(|sent| Sent { since: head.unwrap_or(sent.since), ..sent }).or(self.sent);
            }
            Err(error) => {
                metrics.proof_failures.inc();
                tracing::warn!(%error, "a proof could not be sent: trying again with the next block");
                if of_this.is_some() {
                    self.sent = None;
                }
            }
        }
    }
}
