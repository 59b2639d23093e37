//! The cost of an audit for a worker that stores a gigabyte to a terabyte.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    prover::{Case, bench, probe},
    report::Report,
    rounds::seconds,
};
use std::{path::PathBuf, time::Duration};

/// Fills the stores of workers with up to a terabyte of sparse shards, or with a million small ones, and measures in new
/// processes the cost of a proof, from the challenge to its bytes. Prints `key: value` lines. `ratio` is the time of a proof
/// divided by that over 1 GiB in the same run; `shard_reads` and `shard_bytes` are what the disk would have to read. Fails if a
/// proof takes more than 5 s or 128 MiB. Needs 5 GB in the folder for temporary files.
#[derive(Parser)]
#[command(name = "prover")]
struct Args {
    /// Seconds to measure each case
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Measure only this case (gib32, tebibyte, million or singles), and the baseline gibibyte; may be repeated
    #[arg(long = "case")]
    cases: Vec<Case>,
    /// Divide the size of each store by this, for a quick look
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    scale: u64,
    /// Measure the store in this folder, in this process; used by the benchmark itself
    #[arg(long, hide = true)]
    probe: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let time = Duration::from_secs_f64(args.seconds);
    if let Some(folder) = args.probe {
        println!("{}", probe(&folder, time)?);
        return Ok(());
    }
    let cases = if args.cases.is_empty() { Case::ALL.to_vec() } else { args.cases };
    let mut report = Report::new();
    report
        .text("unit", "milliseconds by the clock, medians; bytes and reads of one proof of four samples, at most; MiB");
    let missed = bench(&cases, args.scale, time, &mut report)?;
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
