//! The cost of small shards in a worker's index.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{index, report::Report};

/// Stores small shards in a worker's index and, as a baseline, in RocksDB with the values in the tables of their keys; lets a
/// third expire and stores others; and prints as `key: value` lines the bytes written and kept for each byte stored, and the
/// reads of a value. Fails if the index writes more than 0.8 of the baseline. Needs twice the size in the folder for temporary
/// files.
#[derive(Parser)]
#[command(name = "index")]
struct Args {
    /// MiB of small shards; under 512 there is no target
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    mib: u64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut report = Report::new();
    report.text("unit", "bytes for each byte of the shards; calls for each value");
    let missed = index::bench(args.mib, args.seed, &mut report)?;
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
