//! Time until audits detect lost bytes, simulated and compared with the formula.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{detection, report::Report};

/// Simulates months of hourly audits of workers that lost 0.1, 1, 10 or 100 % of their bytes, and prints as `key: value` lines
/// how many were detected within a day, a week and a month, with the formula 1 - (1 - f)^samples, the deviation from it, and the
/// probability of such a deviation. Fails if the deviation is larger than four standard errors, if a loss of 1 % is detected
/// within a month with a probability below 95 %, or if the loss of everything is not detected at once.
#[derive(Parser)]
#[command(name = "detection")]
struct Args {
    /// Months to simulate for each loss
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    trials: u32,
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
    report.text("unit", "probability; standard errors of as many trials");
    report.count("trials", args.trials.into());
    let missed = detection::bench(args.trials, args.seed, &mut report)?;
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
