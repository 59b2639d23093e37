//! Whom a tolerance for missed periods sends away, and when.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    report::Report,
    tolerance::{self, Choice},
};

/// Plays years of hourly audits of workers that lost bytes and of honest ones that are not always there, and prints who is
/// sent away as `key: value` lines. Fails where the tolerance keeps a worker that lost everything for longer than it says, or
/// one that lost a tenth for a month, or sends one away that is away for moments or a quarter of an hour a night.
#[derive(Parser)]
#[command(name = "tolerance")]
struct Args {
    /// Tolerances to compare, as MISSES/PROOFS: less than so many misses, one of them made good by so many proofs in a row.
    #[arg(default_values_t = [Choice::default()])]
    tolerances: Vec<Choice>,
    /// How many years to play of each kind of worker.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    years: u32,
    /// Which ones: another number plays others.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of lines.
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
    ensure!(missed.is_empty(), "targets are missed: {}", missed.join("; "));
    Ok(())
}
