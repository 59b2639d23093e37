//! Objects that a running chain registers in a second.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    report::Report,
    throughput::{self, MAX_BATCHES, OBJECTS, TARGET},
};

/// Starts a node with one validator, gives it batches of a thousand objects as fast as it takes them, and prints `key: value`
/// lines; fails below a thousand objects a second. `ratio` compares it with plain transfers that come in the same way.
#[derive(Parser)]
#[command(name = "throughput")]
struct Args {
    /// Batches of a thousand objects, 1 to 1000.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_BATCHES)))]
    batches: u32,
    /// Print one JSON object instead of lines.
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
    ensure!(met, "fewer than {TARGET} objects a second, in batches of {OBJECTS}");
    Ok(())
}
