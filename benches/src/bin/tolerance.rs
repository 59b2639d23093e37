//! Effects of a tolerance for missed audits, simulated.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    report::Report,
    tolerance::{self, Choice},
};

/// Simulates years of hourly audits of workers that lost bytes and of honest ones that are sometimes offline, and prints as
/// `key: value` lines which are expelled. Fails if a tolerance keeps a worker that lost everything for longer than intended, or
/// one that lost a tenth for a month, or expels one that is offline for moments or for a quarter of an hour every night.
#[derive(Parser)]
#[command(name = "tolerance")]
struct Args {
    /// Tolerances to compare, as MISSES/PROOFS: MISSES expel a worker, and PROOFS in a row cancel one miss
    #[arg(default_values_t = [Choice::default()])]
    tolerances: Vec<Choice>,
    /// Years to simulate of each kind of worker
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    years: u32,
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
    report.text("unit", "parts of workers, of pay and of bytes; days");
    report.count("years", args.years.into());
    let missed = tolerance::bench(&args.tolerances, args.years, args.seed, &mut report)?;
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
