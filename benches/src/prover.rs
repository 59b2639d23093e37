//! The cost of an audit for a worker, from the challenge to the encoded proof, however much it stores.
//!
//! # What is real here, and what is not
//!
//! - The store is the worker's own: RocksDB and shard files in a temporary folder. The calls are those of its prover:
//!   [`Store::read_samples`](meganet_worker::store::Store::read_samples),
//!   [`Question`](meganet_worker::service::prove::Question), the encoding. Each proof is then verified by the code of the
//!   chain. Asking a node for the challenge, signing and sending are left out.
//! - Every proof is measured in a new process, after the system has dropped the index's files from its cache: the
//!   index comes from disk, except for RocksDB's own cache. Times are wall-clock times.
//! - A terabyte is neither hashed nor written. Shards with their own files are zeros in sparse files, so they are not read from
//!   a disk; **`shard_reads` and `shard_bytes` are what a disk would have to read**, as counted by the system, the
//!   worst of five proofs. Their files and rows are written directly where an upload would have left them, since the store's
//!   interface writes and hashes every byte. The trees are those of real zeros: the proofs are valid.
//! - Shards of a few KiB, which are in the index, and all batches and leaves are stored through the store's interface.
//! - While a store is filled, nothing waits for the disk. While proofs are measured, the index still compacts what was
//!   written last, as in a worker that receives uploads.

mod filled_store;
mod probe;
mod read_count;

use crate::report::Report;
use anyhow::{Context, Result, bail};
use filled_store::{FilledStore, Shape};
use meganet_primitives::sum_tree::MAX_BATCH_OBJECTS;
use serde::{Deserialize, Serialize};
use std::{path::Path, process::Command, str::FromStr, time::Duration};

/// Most milliseconds of a proof: the window to answer takes minutes.
const MAX_MS: f64 = 5_000.0;
/// Most MiB that a proof adds to the memory of the worker.
const MAX_MEMORY: f64 = 128.0;

/// The content of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// 1 GiB in one shard: the baseline.
    Gibibyte,
    /// 32 GiB in one shard.
    Gib32,
    /// 1 TiB in 16 shards of 64 GiB.
    Tebibyte,
    /// 1 TiB in 2^20 shards of 1 MiB, in the largest batches.
    Million,
    /// 10^5 shards of 3 KiB, each in its own batch: the longest list of batches.
    Singles,
}

impl Case {
    /// All cases, the smallest first.
    pub const ALL: [Self; 5] = [Self::Gibibyte, Self::Gib32, Self::Tebibyte, Self::Million, Self::Singles];

    fn name(self) -> &'static str {
        match self {
            Self::Gibibyte => "gibibyte",
            Self::Gib32 => "gib32",
            Self::Tebibyte => "tebibyte",
            Self::Million => "million",
            Self::Singles => "singles",
        }
    }

    /// Shards have half the length of their objects, plus tags.
    fn shape(self) -> Shape {
        let (shards, plain_len, per_batch) = match self {
            Self::Gibibyte => (1, 2 << 30, 1),
            Self::Gib32 => (1, 64 << 30, 1),
            Self::Tebibyte => (16, 128 << 30, 1),
            Self::Million => (1 << 20, 2 << 20, MAX_BATCH_OBJECTS.into()),
            Self::Singles => (100_000, 4 << 10, 1),
        };
        Shape { shards, plain_len, per_batch }
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|case| case.name() == name);
        let names = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("there is no case '{name}': take one of {names}"))
    }
}

/// The cost of proofs over a store.
#[derive(Debug, Serialize, Deserialize)]
struct Costs {
    rounds: usize,
    /// Milliseconds of the first proof of a process.
    first_ms: f64,
    median_ms: f64,
    /// Bytes of the largest proof.
    proof_bytes: usize,
    index_reads: u64,
    index_bytes: u64,
    shard_reads: u64,
    shard_bytes: u64,
    /// Peak memory of the process, in MiB.
    memory: f64,
    /// Part of it that was added since before the first proof.
    memory_added: f64,
}

/// Measures cases, each for about `time`, with the size divided by `scale`. Returns the missed targets.
///
/// # Errors
/// The disk is full, a proof is refused, or the system does not count reads.
pub fn bench(cases: &[Case], scale: u64, time: Duration, report: &mut Report) -> Result<Vec<String>> {
    let mut missed = Vec::new();
    let mut baseline = None;
    for case in Case::ALL.into_iter().filter(|case| *case == Case::Gibibyte || cases.contains(case)) {
        let name = case.name();
        let folder = tempfile::tempdir()?;
        let shape = case.shape().scaled(scale);
        eprintln!("[prover] preparing {name}");
        let filled = FilledStore::prepare(folder.path(), &shape)?;
        let costs = run(folder.path(), time)?;
        let baseline = *baseline.get_or_insert(costs.median_ms);

        let mut count = |key: &str, value| report.count(format!("{name}.{key}"), value);
        count("shards", shape.shards);
        count("batches", filled.range.leaves);
        count("mib_held", filled.range.bytes() >> 20);
        count("rounds", u64::try_from(costs.rounds)?);
        count("proof_bytes", u64::try_from(costs.proof_bytes)?);
        count("shard_reads", costs.shard_reads);
        count("shard_bytes", costs.shard_bytes);
        count("index_reads", costs.index_reads);
        count("index_bytes", costs.index_bytes);
        let mut figure = |key: &str, value| report.figure(format!("{name}.{key}"), value);
        figure("proof_ms", costs.median_ms);
        figure("proof_ms_first", costs.first_ms);
        figure("ratio", costs.median_ms / baseline);
        figure("memory_added_mib", costs.memory_added);
        figure("memory_mib", costs.memory);

        let slowest = costs.median_ms.max(costs.first_ms);
        if slowest > MAX_MS {
            missed.push(format!("{name}: a proof takes {slowest:.0} ms, and may take {MAX_MS}"));
        }
        if costs.memory_added > MAX_MEMORY {
            missed.push(format!("{name}: a proof takes {:.0} MiB, and may take {MAX_MEMORY}", costs.memory_added));
        }
    }
    Ok(missed)
}

/// Measures a prepared store in this process; the result is JSON.
///
/// # Errors
/// As [`bench`].
pub fn probe(folder: &Path, time: Duration) -> Result<String> {
    Ok(serde_json::to_string(&probe::probe(folder, time)?)?)
}

/// Measures a store in a new process.
fn run(folder: &Path, time: Duration) -> Result<Costs> {
    let seconds = time.as_secs_f64().to_string();
    let output =
        Command::new(std::env::current_exe()?).args(["--seconds", &seconds, "--probe"]).arg(folder).output()?;
    if !output.status.success() {
        bail!("proofs failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("what the process says is no result")
}
