//! Objects per second that a running chain registers.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    report::Report,
    throughput::{self, MAX_BATCHES, OBJECTS, TARGET},
};

/// Starts a node with one validator, submits batches of a thousand objects as fast as it accepts them, and prints `key: value`
/// lines. `ratio` compares the result with plain transfers that are submitted in the same way. Fails below a thousand objects per
/// second.
#[derive(Parser)]
#[command(name = "throughput")]
struct Args {
    /// Number of batches of a thousand objects
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BATCHES)))]
    batches: u32,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut report = Report::new();
    report.text("unit", "seconds of the chain: finalized blocks times three");
    let met = throughput::run(args.batches, &mut report).await?;
    report.text("targets", if met { "met" } else { "missed" });
    report.print(args.json);
    ensure!(met, "missed target: fewer than {TARGET} objects per second, in batches of {OBJECTS}");
    Ok(())
}
