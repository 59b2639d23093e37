//! Proofs over a state in memory, with the chain's storage keys, finalized by four validators.

use super::{label, stored};
use crate::{report::Report, rounds::Rounds};
use anyhow::{Context, Result, ensure};
use codec::Encode;
use meganet_name_proof::{
    Answer, Checkpoint, Freshness, NameProof,
    state::{name_key, time_key},
    verify,
};
use meganet_name_proof_fake::Chain;
use meganet_primitives::convert::to_usize;
use sp_core::{Pair, ed25519};
use sp_crypto_hashing::{blake2_256, twox_128};
use std::time::Duration;

/// Number of validators in the target.
const VALIDATORS: u8 = 4;
/// Most bytes of a proof.
const MAX_BYTES: usize = 4096;
/// Most milliseconds for verifying one.
const MAX_MS: f64 = 5.0;
/// Number of names to prove, half of which exist.
const ASKED: u32 = 100;
/// Names written at a time while the state is built.
const CHUNK: u32 = 50_000;
/// With a thousand times as many names, a write may cost this many times as much: twice for the depth of the trie, and some
/// more for a busy machine.
const MAX_GROWTH: f64 = 4.0;

/// Number of other pallets in the runtime: each has its own node in the state trie.
const PALLETS: [&str; 14] = [
    "System",
    "Babe",
    "Authorship",
    "Balances",
    "TransactionPayment",
    "Session",
    "Grandpa",
    "Utility",
    "Sudo",
    "Proxy",
    "Multisig",
    "Storage",
    "Notices",
    "Historical",
];
/// Storage items of `Names` that proofs do not read.
const ITEMS: [&str; 12] = [
    "Subnames",
    "Records",
    "Usages",
    "Histories",
    "Delegates",
    "Owned",
    "Reverse",
    "Skeletons",
    "Reserved",
    "Commitments",
    "Expiring",
    "SweepFrom",
];

/// A chain with a given number of names.
pub struct State {
    chain: Chain,
    names: u32,
    checkpoint: Checkpoint,
}

impl State {
    /// With the names 0 to `names`.
    pub fn new(names: u32) -> Self {
        let mut chain = Chain::new(VALIDATORS);
        let checkpoint = Checkpoint { hash: chain.genesis, ..chain.checkpoint() };
        let filler = |pallet: &str, item: &str| [&twox_128(pallet.as_bytes())[..], &twox_128(item.as_bytes())].concat();
        let others = PALLETS.iter().flat_map(|pallet| ["Some", "Other"].map(|item| filler(pallet, item)));
        let items = ITEMS.iter().map(|item| [filler("Names", item), vec![1; 40]].concat());
        chain.put(others.chain(items).map(|key| (key, Some(vec![1; 40]))));
        for first in (0..names).step_by(to_usize(CHUNK.into())) {
            let chunk = first..names.min(first.saturating_add(CHUNK));
            chain.put(chunk.map(|number| (name_key(&label(number)), Some(stored(number).encode()))));
        }
        chain.next();
        Self { chain, names, checkpoint }
    }

    /// The proof of a name that exists, or of one that does not.
    fn prove(&self, turn: u32) -> (String, NameProof) {
        let name = match turn % 2 {
            // Spread over all names.
            0 => label(turn.wrapping_mul(2_654_435_761) % self.names),
            _ => format!("nobody-{turn}"),
        };
        let proof = self.chain.prove(&name, Vec::new());
        (name, proof)
    }

    fn check(&self, name: &str, bytes: &[u8]) -> Result<Answer> {
        let proof = NameProof::from_bytes(bytes)?;
        Ok(verify(&proof, name, &self.checkpoint, &Freshness::ANY)?.answer)
    }
}

/// Measures proofs over `names` names for about `time`. Returns the missed targets.
///
/// # Errors
/// A proof is refused, or proves something else.
pub fn bench(names: u32, time: Duration, report: &mut Report) -> Result<Vec<String>> {
    let state = State::new(names);
    let proofs: Vec<(String, NameProof)> = (0..ASKED).map(|turn| state.prove(turn)).collect();
    let encoded: Vec<(&String, Vec<u8>)> = proofs.iter().map(|(name, proof)| (name, proof.to_bytes())).collect();
    for (turn, (name, bytes)) in encoded.iter().enumerate() {
        let present = matches!(state.check(name, bytes)?, Answer::Present(_));
        ensure!(present == (turn % 2 == 0), "the proof of {name} says the wrong thing");
    }

    let mut rounds = Rounds::new();
    let mut turn = encoded.iter().cycle();
    rounds.add("verify", || {
        let (name, bytes) = turn.next().context("a cycle does not end")?;
        state.check(name, bytes).map(|_| ())
    });
    let mut turn = proofs.iter().cycle();
    rounds.add("parts", || {
        let (_, proof) = turn.next().context("a cycle does not end")?;
        hash_and_check_signatures(proof);
        Ok(())
    });
    let medians = rounds.measure(time)?;

    let sizes = |turns: usize| {
        let mut sizes: Vec<usize> = encoded.iter().skip(turns).step_by(2).map(|(_, bytes)| bytes.len()).collect();
        sizes.sort_unstable();
        (sizes[sizes.len() / 2], sizes.last().copied().unwrap_or_default())
    };
    let ((present, present_max), (absent, absent_max)) = (sizes(0), sizes(1));
    let mut count = |key: &str, value: usize| -> Result<()> {
        report.count(format!("{names}.{key}"), u64::try_from(value)?);
        Ok(())
    };
    count("proof_bytes", present)?;
    count("proof_bytes_max", present_max)?;
    count("absence_bytes", absent)?;
    count("absence_bytes_max", absent_max)?;
    let (_, one) = proofs.first().context("some are asked for")?;
    count("state_bytes", one.state.encoded_size())?;
    count("votes_bytes", one.block.finality.encoded_size())?;
    count("header_bytes", one.block.header.encoded_size())?;
    count("rounds", medians.rounds)?;
    let (verify, parts) = (medians.seconds("verify")? * 1e3, medians.seconds("parts")? * 1e3);
    report.figure(format!("{names}.verify_ms"), verify);
    report.figure(format!("{names}.parts_ms"), parts);
    report.figure(format!("{names}.ratio"), verify / parts);

    let largest = present_max.max(absent_max);
    let targets = [
        (largest <= MAX_BYTES, format!("a proof has {largest} bytes, and may have {MAX_BYTES}")),
        (verify <= MAX_MS, format!("checking one takes {verify:.3} ms, and may take {MAX_MS}")),
    ];
    Ok(targets.into_iter().filter(|(met, _)| !met).map(|(_, miss)| format!("{names} names: {miss}")).collect())
}

/// The unavoidable work of a verification: hashing all proof nodes, and checking the signatures.
fn hash_and_check_signatures(proof: &NameProof) {
    for node in &proof.state {
        std::hint::black_box(blake2_256(node));
    }
    // As long as a signed vote.
    let message = [0u8; 53];
    for vote in &proof.block.finality.votes {
        let (signature, key) = (ed25519::Signature::from_raw(vote.signature), ed25519::Public::from_raw(vote.voter));
        std::hint::black_box(ed25519::Pair::verify(&signature, message, &key));
    }
}

/// Measures the cost of reading and of writing a name, with few names in the state and with many. Returns the missed targets.
///
/// # Errors
/// A name is not found.
pub fn growth(few: u32, many: u32, time: Duration, report: &mut Report) -> Result<Vec<String>> {
    let (mut small, mut large) = (State::new(few), State::new(many));
    let mut figures = Vec::new();
    // One after the other, since writing changes both.
    for state in [&mut small, &mut large] {
        let names = state.names;
        let mut rounds = Rounds::new();
        let chain = std::cell::RefCell::new(&mut state.chain);
        let mut turn = 0u32;
        rounds.add("read", || {
            turn = turn.wrapping_add(2_654_435_761);
            let found = chain.borrow().get(&name_key(&label(turn % names)));
            ensure!(found.is_some(), "a name is gone");
            Ok(())
        });
        let written = std::cell::Cell::new(0u32);
        rounds.add("register", || {
            // The record and three of the indices that a registration writes, and the new root.
            let number = written.replace(written.get().wrapping_add(1));
            let name = format!("new-{number}");
            let indices = (0..3).map(|index| name_key(&format!("{name}-{index}")));
            let keys = std::iter::once(name_key(&name)).chain(indices);
            chain.borrow_mut().put(keys.map(|key| (key, Some(stored(number).encode()))));
            Ok(())
        });
        rounds.add("write", || {
            // The smallest possible write: one value, and the new root.
            let number = written.replace(written.get().wrapping_add(1));
            chain.borrow_mut().put([(time_key(), Some(u64::from(number).encode()))]);
            Ok(())
        });
        let medians = rounds.measure(time / 2)?;
        for what in ["read", "register", "write"] {
            report.figure(format!("{names}.{what}_us"), medians.seconds(what)? * 1e6);
        }
        figures.push((medians.seconds("read")?, medians.seconds("register")?));
    }
    let [(read, register), (read_many, register_many)] = figures[..] else { return Ok(Vec::new()) };
    let growths = [("read", read_many / read), ("register", register_many / register)];
    let depth = f64::from(many).log(16.0) / f64::from(few).log(16.0);
    report.figure("growth.depth", depth);
    let mut missed = Vec::new();
    for (what, growth) in growths {
        report.figure(format!("growth.{what}"), growth);
        if growth > MAX_GROWTH {
            missed.push(format!("{what}: {many} names cost {growth:.1} times what {few} cost"));
        }
    }
    Ok(missed)
}
