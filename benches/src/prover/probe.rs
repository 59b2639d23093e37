//! Measures the cost of proofs over a prepared store, in a process that has done nothing else.

use super::{
    Costs,
    filled_store::{EXPIRY, FilledStore, GROUP, PROFILE, SLOT, filler},
    read_count::{CountingEngine, Reads, forget_files},
};
use crate::{audits::LIVE, memory};
use anyhow::{Context, Result, bail, ensure};
use codec::{DecodeAll, Encode};
use meganet_primitives::{
    audit::{Answer, AuditProof, Holding, PURPOSE_WHAT, mix, samples, verify},
    chain::ChallengedByte,
    range::RangeState,
};
use meganet_worker::{
    service::prove::{Need, Question},
    store::{Store, no_hook},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Samples of a challenge on a live network.
const SAMPLES: u8 = LIVE.samples;
const WORKER: u32 = 4_711;
/// Fewest proofs for a useful median.
const MIN_ROUNDS: u64 = 3;
/// Number of proofs whose reads are counted.
const COUNTED: u64 = 5;

/// Measures proofs over the store in a folder for about `time`.
pub(super) fn probe(folder: &Path, time: Duration) -> Result<Costs> {
    let filled = FilledStore::open(folder)?;
    let engine = CountingEngine::open(&filled.index(), true)?;
    let store = Store::with(&filled.base(), Box::new(engine.clone()), no_hook())?;

    memory::forget_peak()?;
    let before = memory::resident()?;
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    let mut challenges = 0..;
    while challenges.start < MIN_ROUNDS || begin.elapsed() < time {
        let asked = challenge(challenges.next().context("numbers do not end")?, &filled.range);
        forget_files(&filled.index())?;
        let start = Instant::now();
        let proof = prove(&store, &asked)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        check(&asked, &proof)?;
        sizes.push(proof.len());
    }
    let peak = memory::peak()?;

    let (mut index, mut shards) = (Vec::new(), Vec::new());
    for number in challenges.take(usize::try_from(COUNTED)?) {
        let asked = challenge(number, &filled.range);
        let (proof, all, of_index) = engine.reads_of(|| prove(&store, &asked))?;
        check(&asked, &proof)?;
        index.push(of_index);
        shards.push(all.since(of_index));
    }
    let worst = |reads: Vec<Reads>| reads.into_iter().max_by_key(|reads| reads.bytes).unwrap_or_default();
    let (index, shards) = (worst(index), worst(shards));
    let rounds = times.len();
    let first_ms = times.first().copied().context("nothing was measured")?;
    times.sort_unstable_by(f64::total_cmp);
    Ok(Costs {
        rounds,
        first_ms,
        median_ms: times.get(rounds / 2).copied().context("nothing was measured")?,
        proof_bytes: sizes.into_iter().max().context("nothing was measured")?,
        index_reads: index.calls,
        index_bytes: index.bytes,
        shard_reads: shards.calls,
        shard_bytes: shards.bytes,
        memory: peak,
        memory_added: peak - before,
    })
}

/// The challenge with a number; every number samples other bytes.
fn challenge(number: u64, range: &RangeState) -> Vec<ChallengedByte> {
    let outputs = [0, 1, 2, 3].map(|block| filler("output", &[number, block]));
    let holding = Holding { group: GROUP, slot: SLOT, ranges: vec![(EXPIRY, range.bytes())] };
    let samples = samples(&mix(PURPOSE_WHAT, &outputs), WORKER, &[holding], SAMPLES);
    samples.into_iter().map(|sample| ChallengedByte { sample, range: range.clone() }).collect()
}

/// Answers a challenge as the worker does.
fn prove(store: &Store, asked: &[ChallengedByte]) -> Result<Vec<u8>> {
    let stored = store.read_samples(asked)?;
    let answer = |(byte, stored): (&ChallengedByte, _)| match Question::new(byte.sample, stored).need() {
        Need::Nothing(answer) => Ok(answer?),
        // The store has every shard, so nothing else has to be looked up.
        need => bail!("the worker does not hold a byte: {need:?}"),
    };
    let answers = asked.iter().zip(stored).map(answer).collect::<Result<Vec<_>>>()?;
    let answers = answers.try_into().ok().context("more answers than a proof may have")?;
    Ok(AuditProof { answers }.encode())
}

/// Verifies a proof as the chain does.
fn check(asked: &[ChallengedByte], proof: &[u8]) -> Result<()> {
    let proof = AuditProof::decode_all(&mut &*proof)?;
    ensure!(asked.len() == usize::from(SAMPLES) && asked.len() == proof.answers.len(), "answers are lacking");
    for (byte, answer) in asked.iter().zip(&proof.answers) {
        verify(&byte.sample, &byte.range, PROFILE.n, answer)?;
        ensure!(matches!(answer, Answer::Held(_)), "the worker does not hold the byte");
    }
    Ok(())
}
