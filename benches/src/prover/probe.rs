//! What proofs over a prepared store cost, measured in a process that has done nothing else.

use super::{
    Costs,
    stock::{EXPIRY, GROUP, PROFILE, SLOT, Stock, filler},
    watch::{Reads, Watched, forget_files},
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
    store::Store,
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Samples of a challenge on a live network.
const SAMPLES: u8 = LIVE.samples;
const WORKER: u32 = 4_711;
/// Fewer proofs than this make no median.
const MIN_ROUNDS: u64 = 3;
/// Proofs whose reads are counted.
const COUNTED: u64 = 5;

/// Measures proofs over what is in a folder for about `time`.
pub(super) fn probe(folder: &Path, time: Duration) -> Result<Costs> {
    let stock = Stock::open(folder)?;
    let engine = Watched::open(&stock.index(), true)?;
    let store = Store::with(&stock.base(), Box::new(engine.clone()), Box::new(|_| {}))?;

    memory::forget_peak()?;
    let before = memory::resident()?;
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    let mut challenges = 0..;
    while challenges.start < MIN_ROUNDS || begin.elapsed() < time {
        let asked = challenge(challenges.next().context("numbers do not end")?, &stock.range);
        forget_files(&stock.index())?;
        let start = Instant::now();
        let proof = prove(&store, &asked)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        check(&asked, &proof)?;
        sizes.push(proof.len());
    }
    let peak = memory::peak()?;

    let (mut index, mut shards) = (Vec::new(), Vec::new());
    for number in challenges.take(usize::try_from(COUNTED)?) {
        let asked = challenge(number, &stock.range);
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

/// What the chain asks, each time something else.
fn challenge(number: u64, range: &RangeState) -> Vec<ChallengedByte> {
    let outputs = [0, 1, 2, 3].map(|block| filler("output", &[number, block]));
    let holding = Holding { group: GROUP, slot: SLOT, ranges: vec![(EXPIRY, range.bytes())] };
    let samples = samples(&mix(PURPOSE_WHAT, &outputs), WORKER, &[holding], SAMPLES);
    samples.into_iter().map(|sample| ChallengedByte { sample, range: range.clone() }).collect()
}

/// What the worker does with it.
fn prove(store: &Store, asked: &[ChallengedByte]) -> Result<Vec<u8>> {
    let stored = store.read_samples(asked)?;
    let answer = |(byte, stored): (&ChallengedByte, _)| match Question::new(byte.sample, stored).need() {
        Need::Nothing(answer) => Ok(answer?),
        // Everything is held, so nothing else is to be found out.
        need => bail!("the worker does not hold a byte: {need:?}"),
    };
    let answers = asked.iter().zip(stored).map(answer).collect::<Result<Vec<_>>>()?;
    let answers = answers.try_into().ok().context("more answers than a proof may have")?;
    Ok(AuditProof { answers }.encode())
}

/// What the chain does with the answer.
fn check(asked: &[ChallengedByte], proof: &[u8]) -> Result<()> {
    let proof = AuditProof::decode_all(&mut &*proof)?;
    ensure!(asked.len() == usize::from(SAMPLES) && asked.len() == proof.answers.len(), "answers are lacking");
    for (byte, answer) in asked.iter().zip(&proof.answers) {
        verify(&byte.sample, &byte.range, PROFILE.n, answer)?;
        ensure!(matches!(answer, Answer::Held(_)), "the worker does not hold the byte");
    }
    Ok(())
}
