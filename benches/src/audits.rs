//! Storage proofs: their size and verification time, however many objects a slot stores.
//!
//! - *verify*: the work of the chain: decode the proof, draw the samples, check every answer;
//! - *hashing*: the same number of hash calls over messages of the same lengths, and nothing else: a lower bound
//!   for every verifier of such paths;
//! - *list*: a design without trees: the chain stores one hash of the list of objects in the slot, and a proof
//!   contains the list.
//!
//! mod baseline;
//! mod shard;
//! mod slot;

mod baseline;
mod shard;
mod slot;

use crate::{report::Report, rounds::Rounds};
use anyhow::{Context, Result, ensure};
use baseline::{List, hash_messages, messages_of};
use codec::Encode;
use meganet_primitives::{audit::Schedule, object::LEAF_LEN};
use slot::Slot;
use std::{str::FromStr, time::Duration};

/// The schedule of a live network with blocks of three seconds: periods of an hour, four samples.
pub const LIVE: Schedule = Schedule { period_blocks: 1_200, window_blocks: 100, samples: 4 };

/// Most bytes of a proof.
const MAX_BYTES: usize = 16 * 1024;
/// Most milliseconds for verifying one.
const MAX_MS: f64 = 3.0;
/// Verification may take this many times as long as its hashing: nothing else in it may grow.
const MAX_RATIO: f64 = 2.0;
/// On-chain bytes per stored object that are tolerated.
const MAX_CHAIN_BYTES: f64 = 0.01;
/// Objects of a batch.
const BATCH: usize = 1_000;
/// Number of challenges in each case.
const CHALLENGES: u8 = 50;

/// The content of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// One shard of 1 GiB.
    One,
    /// 10^3 shards of mixed lengths: one batch.
    Thousand,
    /// 10^6 shards of mixed lengths.
    Million,
    /// 1 TiB in shards of the largest objects.
    Tebibyte,
}

impl Case {
    /// All cases.
    pub const ALL: [Self; 4] = [Self::One, Self::Thousand, Self::Million, Self::Tebibyte];

    fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Thousand => "thousand",
            Self::Million => "million",
            Self::Tebibyte => "tebibyte",
        }
    }

    /// The lengths of its shards, in leaves.
    fn lengths(self) -> Vec<u64> {
        match self {
            Self::One => slot::mixed(1),
            Self::Thousand => slot::mixed(1_000),
            Self::Million => slot::mixed(1_000_000),
            // An object of 1 TiB has shards of 64 GiB in a group of the profile `home`.
            Self::Tebibyte => vec![(64 << 30) / LEAF_LEN; 16],
        }
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|case| case.name() == name);
        found.ok_or_else(|| format!("there is no case '{name}': take one, thousand, million or tebibyte"))
    }
}

/// Measures a case for about `time` and reports it under its name. Returns the targets that it misses.
///
/// # Errors
/// A proof is refused.
pub fn bench(case: Case, time: Duration, report: &mut Report) -> Result<Vec<String>> {
    let name = case.name();
    let slot = Slot::new(&case.lengths(), BATCH, CHALLENGES)?;
    let proofs = (0..CHALLENGES).map(|challenge| slot.prove(challenge)).collect::<Result<Vec<_>>>()?;
    let encoded: Vec<Vec<u8>> = proofs.iter().map(Encode::encode).collect();
    let messages: Vec<Vec<usize>> = proofs.iter().map(messages_of).collect();

    let mut rounds = Rounds::new();
    let mut turn = (0..CHALLENGES).cycle();
    rounds.add("verify", || {
        let challenge = turn.next().context("a cycle does not end")?;
        slot.verify(challenge, &encoded[usize::from(challenge)])
    });
    let mut turn = messages.iter().cycle();
    rounds.add("hashing", || {
        hash_messages(turn.next().context("a cycle does not end")?);
        Ok(())
    });
    let medians = rounds.measure(time)?;
    let list = List::new(&slot);
    let mut rounds = Rounds::new();
    rounds.add("list", || list.verify(slot.sample(0).offset));
    let list_seconds = rounds.measure(time / 10)?.seconds("list")?;

    let mut sizes: Vec<usize> = encoded.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    let largest = sizes.last().copied().unwrap_or_default();
    let hashes = messages.iter().map(Vec::len).max().unwrap_or_default();
    let (verify, hashing) = (medians.seconds("verify")? * 1e3, medians.seconds("hashing")? * 1e3);
    let chain_bytes = slot.chain_bytes();
    let per_object = f64::from(u32::try_from(chain_bytes)?) / f64::from(u32::try_from(slot.objects())?);

    let mut count = |key: &str, value: usize| -> Result<()> {
        report.count(format!("{name}.{key}"), u64::try_from(value)?);
        Ok(())
    };
    count("objects", slot.objects())?;
    count("gib_held", usize::try_from(slot.bytes() >> 30)?)?;
    count("proof_bytes", sizes[sizes.len() / 2])?;
    count("proof_bytes_max", largest)?;
    count("hash_calls_max", hashes)?;
    count("list_proof_bytes", list.proof_bytes())?;
    count("chain_bytes", chain_bytes)?;
    count("rounds", medians.rounds)?;
    let mut figure = |key: &str, value| report.figure(format!("{name}.{key}"), value);
    figure("verify_ms", verify);
    figure("hashing_ms", hashing);
    figure("ratio", verify / hashing);
    figure("list_verify_ms", list_seconds * 1e3);
    figure("chain_bytes_per_object", per_object);

    let allowed = slot.most_siblings();
    let targets = [
        (largest <= MAX_BYTES, format!("a proof has {largest} bytes, and may have {MAX_BYTES}")),
        (verify <= MAX_MS, format!("verification takes {verify:.3} ms, and may take {MAX_MS}")),
        (
            proofs.iter().all(|proof| baseline::siblings_of(proof) <= allowed),
            format!("a path is longer than the logarithms of what it leads through, together {allowed}"),
        ),
        (verify <= MAX_RATIO * hashing, format!("verification takes more than {MAX_RATIO} times its hashing")),
        (
            case != Case::Million || per_object <= MAX_CHAIN_BYTES,
            format!("the chain keeps {per_object} bytes an object, and may keep {MAX_CHAIN_BYTES}"),
        ),
    ];
    Ok(targets.into_iter().filter(|(met, _)| !met).map(|(_, miss)| format!("{name}: {miss}")).collect())
}

/// Checks that a proof is refused if any of its bits is changed, so that the benchmark measures a real verification.
///
/// # Errors
/// A changed proof is accepted.
pub fn refuses_forgeries() -> Result<()> {
    let slot = Slot::new(&slot::mixed(20), 7, 1)?;
    let proof = slot.prove(0)?.encode();
    slot.verify(0, &proof)?;
    // Bits of every part; testing all of them would be repetitive.
    for at in (0..proof.len()).step_by(7) {
        let mut forged = proof.clone();
        forged[at] ^= 1;
        ensure!(slot.verify(0, &forged).is_err(), "a proof with another byte {at} is accepted");
    }
    Ok(())
}
