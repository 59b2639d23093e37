//! Size and verification of audit proofs for slots of one shard to a million, against hashing alone and against a list.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    audits::{self, Case},
    report::Report,
    rounds::seconds,
};
use std::time::Duration;

/// Measures storage proofs on one core and prints `key: value` lines. `ratio` is the time of a verification divided by that of
/// its hash calls alone; `list` is the same with a list instead of trees. Fails if a proof is larger than 16 KiB, if its
/// verification takes more than 3 ms or twice its hashing, or if either grows faster than logarithmically.
#[derive(Parser)]
#[command(name = "audits")]
struct Args {
    /// Seconds to measure, for all cases together
    #[arg(long, default_value_t = 12.0, value_parser = seconds)]
    seconds: f64,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Measure only this case: one, thousand, million or tebibyte; may be repeated
    #[arg(long = "case")]
    cases: Vec<Case>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    audits::refuses_forgeries()?;
    let cases = if args.cases.is_empty() { Case::ALL.to_vec() } else { args.cases };
    let time = Duration::from_secs_f64(args.seconds) / u32::try_from(cases.len())?;
    let mut report = Report::new();
    report.text("unit", "milliseconds of one core, native; bytes as encoded; four samples");
    let mut missed = Vec::new();
    for case in cases {
        missed.extend(audits::bench(case, time, &mut report)?);
    }
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
