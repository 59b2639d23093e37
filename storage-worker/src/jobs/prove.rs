//! Answers this worker's challenges: looks at every new best block, makes the proof once the sampled bytes have settled,
//! and submits it until a block includes it. Proven periods are recorded on the chain, so a restart loses nothing.

use super::heads::{HeadEvents, Heads};
use crate::{
    background::{Job, JobStatus, StepError, Throttle, Turn},
    disk::{DamageLog, Disk},
    metrics::Metrics,
    operator::Operator,
    service::prove::{Lack, Need, Question, Sent, Step, checked, is_outdated, step},
    status::Status,
    throttle,
};
use async_trait::async_trait;
use meganet_chain_client::{At, BlockRef, Call, ChainError, Mega, TxOutcome, Until, WorkerCall};
use meganet_primitives::pallets::StorageError;
use meganet_primitives::{
    BlockNumber, GroupId, Period, SlotIndex,
    audit::{Answer, AuditProof, Sample},
    chain::ChallengeInfo,
    convert::to_u64,
    hash::Hash,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
};

/// Why there is no proof yet.
#[derive(Debug, thiserror::Error)]
enum ProveError {
    #[error(
        "cannot answer the chain's challenge yet: byte {} of the range of group {} that expires at {}: {lack}",
        .sample.offset, .sample.group, .sample.expiry
    )]
    Lacking { sample: Sample, lack: Lack },
    #[error("the challenge samples more bytes than a proof can hold: update meganet-worker")]
    TooMany,
    #[error("cannot submit a proof, trying again at the next block: {0}")]
    NotSubmitted(ChainError),
}

/// A submission that has ended.
struct Ended {
    period: Period,
    challenge: Hash,
    excused: u64,
    result: Result<TxOutcome, ChainError>,
}

/// A proof that a block included and the chain refused.
struct Refused {
    period: Period,
    challenge: Hash,
    error: ChainError,
}

/// The dependencies of [`Prove`].
#[derive(Clone)]
pub struct ProveHandles {
    /// Submits the proofs.
    pub operator: Operator,
    /// Reads the sampled bytes.
    pub disk: Disk,
    /// Records damage that a challenge brings to light.
    pub damage: DamageLog,
    /// Wakes the job that fetches unknown leaves and batches.
    pub sync_due: Arc<Notify>,
    /// Told the present challenge.
    pub status: Arc<Status>,
    /// Counts proofs.
    pub metrics: Arc<Metrics>,
    /// The best block.
    pub heads: Heads,
}

/// The job that proves.
pub struct Prove {
    handles: ProveHandles,
    events: HeadEvents,
    sent: Option<Sent>,
    sending: JoinSet<Ended>,
    /// Why the last submission failed, until it is reported as this job's last error.
    failed: Option<ChainError>,
    /// Refused proofs, until the next best block shows whether their challenges were its own.
    refused: Vec<Refused>,
    /// The last period that was counted as missed.
    missed: Option<Period>,
}

impl Prove {
    /// Proves for the operator's worker.
    pub fn new(handles: ProveHandles) -> Self {
        let events = handles.heads.subscribe();
        Self { handles, events, sent: None, sending: JoinSet::new(), failed: None, refused: Vec::new(), missed: None }
    }

    async fn look(&mut self, head: BlockRef) -> Result<(), StepError> {
        let operator = &self.handles.operator;
        operator.check_shortage(At::Block(head.hash)).await?;
        let challenge = operator.chain.challenge(operator.worker, At::Block(head.hash)).await?;
        self.handles.status.set_challenge(challenge.as_ref());
        self.log_refused(challenge.as_ref());
        match (step(head.number, challenge.as_ref(), self.sent.as_ref()), challenge) {
            (Step::Prove { challenge }, Some(info)) => self.send(head, challenge, &info).await?,
            (Step::Missed(period), _) if self.missed != Some(period) => {
                self.missed = Some(period);
                self.handles.metrics.periods_missed.inc();
                tracing::error!(period, "no block included a proof in time: this period is not paid");
            }
            _ => {}
        }
        Ok(())
    }

    async fn send(&mut self, head: BlockRef, challenge: Hash, info: &ChallengeInfo) -> Result<(), StepError> {
        let proof = self.make(head, info).await?;
        if self.is_outdated_since(head, info.period, &challenge).await? {
            tracing::debug!(period = info.period, "another fork became the best one while the proof was made");
            return Ok(());
        }
        let excused = proof.answers.iter().filter(|answer| matches!(answer, Answer::Excused(_))).count();
        let excused = to_u64(excused);
        if self.sent.is_some_and(|sent| sent.challenge == challenge) {
            tracing::info!(period = info.period, "no block has included the proof yet: submitting it again");
        }
        self.sent = Some(Sent { challenge, since: head.number });
        let (operator, period) = (self.handles.operator.clone(), info.period);
        let call = Call::Worker(WorkerCall::Prove { worker: operator.worker, period, proof: Box::new(proof) });
        self.sending.spawn(async move {
            Ended { period, challenge, excused, result: operator.submit(vec![call], Until::InBlock).await }
        });
        Ok(())
    }

    /// Returns true if there is another best block than `head` by now, and it asks something else.
    async fn is_outdated_since(&self, head: BlockRef, period: Period, challenge: &Hash) -> Result<bool, ChainError> {
        let Some(best) = self.handles.heads.best().filter(|best| *best != head) else { return Ok(false) };
        let operator = &self.handles.operator;
        let now = operator.chain.challenge(operator.worker, At::Block(best.hash)).await?;
        Ok(is_outdated(period, challenge, now.as_ref()))
    }

    async fn make(&self, head: BlockRef, info: &ChallengeInfo) -> Result<AuditProof, StepError> {
        let samples = info.samples.clone();
        let stored = self.handles.disk.run(move |store| store.read_samples(&samples)).await?;
        let shards = self.shards(head, info).await?;
        let mut answers = Vec::new();
        for (byte, stored) in info.samples.iter().zip(stored) {
            let mut answer = self.answer(head, Question::new(byte.sample, stored)).await?;
            if let Some(shards) = shards.get(&byte.sample.group) {
                answer = checked(byte, *shards, answer).map_err(|lack| lacking(byte.sample, lack))?;
            }
            answers.push(answer);
        }
        let answers = answers.try_into().map_err(|_| StepError::failed(ProveError::TooMany))?;
        Ok(AuditProof { answers })
    }

    /// The number of shards of the sampled groups' profiles.
    async fn shards(&self, head: BlockRef, info: &ChallengeInfo) -> Result<BTreeMap<GroupId, u8>, ChainError> {
        let groups: BTreeSet<GroupId> = info.samples.iter().map(|byte| byte.sample.group).collect();
        let mut shards = BTreeMap::new();
        for id in groups {
            let group = self.handles.operator.chain.group(id, At::Block(head.hash)).await?;
            shards.extend(group.map(|group| (id, group.profile.profile().n)));
        }
        Ok(shards)
    }

    /// Satisfies the needs of a question until it has an answer.
    async fn answer(&self, head: BlockRef, mut question: Question) -> Result<Answer, StepError> {
        let (chain, at) = (&self.handles.operator.chain, At::Block(head.hash));
        loop {
            match question.need() {
                Need::Repair { shard, frame } => self.handles.damage.found(shard, frame).await?,
                Need::Sync => self.handles.sync_due.notify_one(),
                Need::Tombstone(group, tombstone) => {
                    question.deleted(chain.tombstoned(group, &[tombstone], at).await?.contains(&true));
                }
                Need::SlotSince(group, slot) => question.slot_since(self.slot_since(group, slot, at).await?),
                Need::Nothing(result) => return result.map_err(|lack| lacking(*question.sample(), lack)),
            }
        }
    }

    async fn slot_since(&self, group: GroupId, slot: SlotIndex, at: At) -> Result<Option<BlockNumber>, ChainError> {
        let health = self.handles.operator.chain.group_health(group, at).await?;
        let slot = health.and_then(|health| health.slots.get(usize::from(slot)).copied().flatten());
        Ok(slot.map(|slot| slot.since))
    }

    fn ended(&mut self, Ended { period, challenge, excused, result }: Ended) {
        let metrics = &self.handles.metrics;
        let of_this = self.sent.filter(|sent| sent.challenge == challenge);
        match result {
            Ok(outcome) => {
                metrics.proofs.inc();
                metrics.excused_answers.inc_by(excused);
                let paid = outcome.paid().unwrap_or_default();
                tracing::info!(block = outcome.block.number, paid = %Mega(paid), excused, "proved what is held");
                // A reorganisation may abandon the block; the pool then has some blocks to include the proof again.
                self.sent = of_this.map(|sent| Sent { since: outcome.block.number, ..sent }).or(self.sent);
            }
            Err(error) if error.is(StorageError::AlreadyProven) => {
                tracing::debug!("the proof was in a block already");
            }
            // Each refused proof costs a fee: the next one waits as if this one were still in the pool.
            Err(error @ ChainError::Dispatch { .. }) => {
                metrics.proof_failures.inc();
                self.refused.push(Refused { period, challenge, error });
                let head = self.handles.heads.best().map(|head| head.number);
                self.sent = of_this.map(|sent| Sent { since: head.unwrap_or(sent.since), ..sent }).or(self.sent);
            }
            Err(error) => {
                metrics.proof_failures.inc();
                self.failed = Some(error);
                if of_this.is_some() {
                    self.sent = None;
                }
            }
        }
    }

    /// Logs the proofs that were refused before this best block, of which `now` is the challenge.
    fn log_refused(&mut self, now: Option<&ChallengeInfo>) {
        for Refused { period, challenge, error } in self.refused.drain(..) {
            if is_outdated(period, &challenge, now) {
                tracing::info!(period, %error, "the chain has come to ask for other bytes than a proof had, and refused it");
            } else {
                tracing::error!(period, %error, "the chain refused a proof");
            }
        }
    }

    /// A submission panicked. Whether the proof is in the pool is unknown: it is submitted again, which does no harm.
    fn lost(&mut self, error: &JoinError) {
        self.handles.metrics.proof_failures.inc();
        tracing::error!(%error, "the submission of a proof broke off: trying again at the next block");
        self.sent = None;
    }
}

fn lacking(sample: Sample, lack: Lack) -> StepError {
    StepError::waiting(ProveError::Lacking { sample, lack })
}

#[async_trait]
impl Job for Prove {
    fn name(&self) -> &'static str {
        "prove"
    }

    fn status(&self) -> JobStatus {
        let challenge = self.handles.status.challenge();
        let text = |(period, state)| JobStatus::text(format!("period {period}: {state:?}").to_lowercase());
        challenge.map(text).unwrap_or_default()
    }

    fn throttle(&self) -> Throttle {
        throttle::PROVE
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        // First, so that a block that is due does not hide it; that block is looked at after the pause.
        if let Some(error) = self.failed.take() {
            return Err(StepError::waiting(ProveError::NotSubmitted(error)));
        }
        if let Some(head) = self.events.due() {
            self.look(head).await?;
            self.events.settle();
        }
        Ok(Turn::Idle(None))
    }

    async fn wake(&mut self) {
        tokio::select! {
            () = self.events.changed() => {}
            Some(ended) = self.sending.join_next() => match ended {
                Ok(ended) => self.ended(ended),
                Err(error) => self.lost(&error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{clock::SystemClock, store::testing::in_memory};
    use meganet_chain_client::Signer;
    use meganet_chain_fake::FakeChain;

    /// A job on an empty disk, for an account without money.
    fn job(base: &std::path::Path) -> Prove {
        let disk = Disk::new(Arc::new(in_memory(base)));
        let metrics = Arc::new(Metrics::default());
        let damage = DamageLog {
            disk: disk.clone(),
            clock: Arc::new(SystemClock),
            metrics: metrics.clone(),
            rebuild_due: Arc::default(),
        };
        let (chain, signer) = (FakeChain::default().client(), Signer::from_suri("//Alice").unwrap());
        let status = Arc::new(Status::new(std::time::Duration::MAX));
        Prove::new(ProveHandles {
            operator: Operator { chain, signer, worker: 0, status: status.clone() },
            disk,
            damage,
            sync_due: Arc::default(),
            status,
            metrics,
            heads: Heads::default(),
        })
    }

    #[tokio::test]
    async fn a_submission_that_panics_is_counted_and_the_proof_is_sent_again() {
        let base = tempfile::tempdir().unwrap();
        let mut prove = job(base.path());
        prove.sent = Some(Sent { challenge: [1; 32], since: 5 });
        prove.sending.spawn(async { panic!("told to") });
        prove.wake().await;
        assert_eq!(prove.handles.metrics.proof_failures.get(), 1);
        assert!(prove.sent.is_none());
    }

    #[tokio::test]
    async fn why_a_proof_was_refused_is_decided_at_the_next_best_block() {
        let base = tempfile::tempdir().unwrap();
        let mut prove = job(base.path());
        let sent = Some(Sent { challenge: [1; 32], since: 5 });
        prove.sent = sent;
        prove.sending.spawn(async {
            let (pallet, error) = ("Storage".to_owned(), "BadAnswer".to_owned());
            let result = Err(ChainError::Dispatch { pallet, error, docs: String::new() });
            Ended { period: 3, challenge: [1; 32], excused: 0, result }
        });
        prove.wake().await;
        assert_eq!((prove.refused.len(), prove.handles.metrics.proof_failures.get()), (1, 1));
        assert_eq!(prove.sent, sent, "the next one waits as if this one were in the pool");
        assert!(prove.step().await.is_ok(), "it is no error of the job");
        prove.log_refused(None);
        assert!(prove.refused.is_empty());
    }

    #[tokio::test]
    async fn a_proof_that_the_account_cannot_pay_is_the_last_error_of_the_job_and_trouble() {
        let base = tempfile::tempdir().unwrap();
        let mut prove = job(base.path());
        let operator = prove.handles.operator.clone();
        let address = operator.signer.address();
        prove.sent = Some(Sent { challenge: [1; 32], since: 5 });
        prove.sending.spawn(async move {
            let call = Call::Worker(WorkerCall::Report { worker: 0 });
            let result = operator.submit(vec![call], Until::InBlock).await;
            Ended { period: 3, challenge: [1; 32], excused: 0, result }
        });
        prove.wake().await;
        let Err(StepError::Waiting(error)) = prove.step().await else { panic!("the job says nothing") };
        let trouble = prove.handles.status.trouble().unwrap();
        for text in [format!("{error:#}"), trouble] {
            assert!(text.contains(&address) && text.contains("Send it at least"), "{text}");
        }
        assert!(prove.sent.is_none());
        assert!(prove.step().await.is_ok(), "it is reported once");
    }
}
