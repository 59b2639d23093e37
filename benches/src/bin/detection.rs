//! How soon lost bytes are noticed, played out against the formula.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{detection, report::Report};

/// Plays months of hourly audits of workers that lost 0.1, 1, 10 or 100 % of their bytes, and prints how many were caught
/// within a day, a week and a month as `key: value` lines, with the formula 1 - (1 - f)^samples, the deviation from it, and the
/// chance of such a deviation. Fails where that is below one of four standard errors, where 1 % is noticed within a month
/// with less than 95 %, or where the loss of everything is not noticed at once.
#[derive(Parser)]
#[command(name = "detection")]
struct Args {
    /// How many months to play for each loss.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    trials: u32,
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
    report.text("unit", "probability; standard errors of as many trials");
    report.count("trials", args.trials.into());
    let missed = detection::bench(args.trials, args.seed, &mut report)?;
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "targets are missed: {}", missed.join("; "));
    Ok(())
}
