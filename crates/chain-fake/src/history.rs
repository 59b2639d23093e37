//! Random histories of names, storage, audits and pay, for comparing nodes.
//!
//! A [`History`] is pure: from a seed, what a chain looks like ([`View`]) and the accounts that still wait for a result, it
//! decides which account submits which calls next. Most of them are valid, some are not. [`History::play`] carries it out on a
//! chain, a round a block.

mod names;
mod objects;
mod storage;
mod view;

pub use self::view::View;

use crate::FakeConfig;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use meganet_chain_client::{Call, ChainClient, ChainError, MEGA, Signer, TxOutcome, Until};
use meganet_primitives::{
    audit::{Schedule, Tolerance},
    name::NameParams,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts that own names and store objects.
const OWNERS: usize = 3;
/// Workers, each with an operator of its own.
const WORKERS: usize = 8;

/// A transaction of a history.
#[derive(Clone, Debug)]
pub struct Step {
    /// The account: an index into [`History::signers`].
    pub account: usize,
    /// The calls.
    pub calls: Vec<Call>,
}

/// A random history, as far as it has come.
pub struct History {
    rng: StdRng,
    signers: Vec<Signer>,
    names: names::Names,
    storage: storage::Storage,
    /// How often each event happened, and each error.
    counts: BTreeMap<String, u32>,
}

/// A chain on which a short history reaches everything: names lapse within minutes, periods and epochs are short.
/// `validator` is the secret URI of its validator's keys.
pub fn config(validator: &str) -> FakeConfig {
    let names = NameParams {
        min_commit_age: 3,
        max_commit_age: 12,
        year: 30,
        grace: 8,
        premium: 8,
        halving: 4,
        ..FakeConfig::default().names
    };
    let names = NameParams { premium_start: 20 * MEGA, ..names };
    FakeConfig {
        epoch_blocks: 24,
        max_epochs: 8,
        burn_ppm: 50_000,
        names,
        schedule: Schedule { period_blocks: 12, window_blocks: 6, samples: 4 },
        tolerance: Tolerance { misses: 2, proofs_per_miss: 2 },
        newcomer_periods: 1,
        handover: 4,
        endowed: (0..OWNERS + WORKERS).map(|index| (signer(index).account(), 100_000 * MEGA)).collect(),
        validator: validator.to_owned(),
        finality_lag: 2,
        ..FakeConfig::default()
    }
}

/// The account of an index: owners first, then the workers' operators.
#[allow(clippy::expect_used)]
fn signer(index: usize) -> Signer {
    Signer::from_suri(&format!("//History/{index}")).expect("a secret URI")
}

impl History {
    /// A history that has not begun.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            signers: (0..OWNERS + WORKERS).map(signer).collect(),
            names: names::Names::default(),
            storage: storage::Storage::default(),
            counts: BTreeMap::new(),
        }
    }

    /// The accounts.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// How often each event happened ("Storage.Stored"), and each error ("! Storage.GroupFull").
    pub fn counts(&self) -> &BTreeMap<String, u32> {
        &self.counts
    }

    /// Returns the transactions to submit next: at most one of each account that is not `busy`.
    pub fn next(&mut self, view: &View, busy: &BTreeSet<usize>) -> Vec<Step> {
        let mut steps = Vec::new();
        for account in (0..OWNERS).filter(|account| !busy.contains(account)) {
            let calls = if self.rng.random_ratio(1, 2) {
                self.names.next(&mut self.rng, account, &self.signers)
            } else {
                self.storage.next_of_owner(&mut self.rng, view, &self.signers[account])
            };
            steps.push(Step { account, calls });
        }
        for worker in (0..WORKERS).filter(|worker| !busy.contains(&(OWNERS + worker))) {
            let account = OWNERS + worker;
            let calls = self.storage.next_of_operator(&mut self.rng, view, worker, &self.signers[account]);
            steps.push(Step { account, calls });
        }
        steps.retain(|step| !step.calls.is_empty());
        steps
    }

    /// Notes what became of a step.
    pub fn note(&mut self, step: &Step, result: &Result<TxOutcome, ChainError>) {
        match result {
            Ok(outcome) => {
                self.names.note(step);
                self.storage.note(step, outcome);
                for event in &outcome.events {
                    self.count(format!("{}.{}", event.pallet, event.name));
                }
            }
            Err(ChainError::Dispatch { pallet, error, .. }) => self.count(format!("! {pallet}.{error}")),
            Err(error) => self.count(format!("! {error}")),
        }
    }

    /// Plays this many rounds on a chain. An account whose transaction was refused sits out until the refusal is final,
    /// since the client returns it only then.
    ///
    /// # Errors
    /// If the chain cannot be asked.
    pub async fn play(&mut self, chain: &dyn ChainClient, rounds: u32) -> Result<(), ChainError> {
        let mut heads = chain.best_blocks();
        let mut submitted = Submitted::default();
        for _ in 0..rounds {
            // The successes of the last block are noted before the next steps are chosen.
            let view = submitted.note_until(self, View::read(chain)).await?;
            for step in self.next(&view, &submitted.busy) {
                let (signer, calls) = (self.signers[step.account].clone(), step.calls.clone());
                let submit = async move { chain.submit(&signer, calls, Until::InBlock).await };
                submitted.push(step, submit);
            }
            let next = async { while heads.next().await.is_some_and(|head| head.number <= view.number) {} };
            submitted.note_until(self, next).await;
        }
        submitted.note_all(self).await;
        Ok(())
    }

    fn count(&mut self, what: String) {
        *self.counts.entry(what).or_default() += 1;
    }
}

/// The steps that were submitted and have no result yet.
#[derive(Default)]
struct Submitted<'a> {
    results: FuturesUnordered<BoxFuture<'a, (Step, Result<TxOutcome, ChainError>)>>,
    /// Their accounts.
    busy: BTreeSet<usize>,
}

impl<'a> Submitted<'a> {
    fn push(&mut self, step: Step, submit: impl Future<Output = Result<TxOutcome, ChainError>> + Send + 'a) {
        self.busy.insert(step.account);
        self.results.push(Box::pin(async move { (step, submit.await) }));
    }

    /// Notes results as they come until something else has ended. Returns its output.
    async fn note_until<T>(&mut self, history: &mut History, other: impl Future<Output = T>) -> T {
        let mut other = std::pin::pin!(other);
        loop {
            tokio::select! {
                biased;
                Some((step, result)) = self.results.next() => self.note(history, &step, &result),
                output = &mut other => return output,
            }
        }
    }

    async fn note_all(&mut self, history: &mut History) {
        while let Some((step, result)) = self.results.next().await {
            self.note(history, &step, &result);
        }
    }

    fn note(&mut self, history: &mut History, step: &Step, result: &Result<TxOutcome, ChainError>) {
        self.busy.remove(&step.account);
        history.note(step, result);
    }
}

/// One of several, at random; `None` if there are none.
fn pick<'a, T>(rng: &mut StdRng, items: &'a [T]) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[rng.random_range(0..items.len())])
}
