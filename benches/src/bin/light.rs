//! Start of a light client, with and without a database, until its first verified answer.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    light::{Start, bench, probe},
    report::Report,
};
use std::path::PathBuf;

/// Starts a local network of real validators, lets its chain grow, and measures in new processes how long it takes from the
/// start of the program until a name has been looked up: by a light client from the checkpoint of its chain spec (cold), from
/// its database (warm), and by asking a trusted node (rpc), in turn. Prints `key: value` lines; fails if the median cold start
/// takes more than 3 s.
#[derive(Parser)]
#[command(name = "light")]
struct Args {
    /// Number of starts of each kind
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Number of validators: 1 or 3
    #[arg(long, default_value_t = 3)]
    validators: usize,
    /// Blocks to finalize after the checkpoint, before measuring
    #[arg(long, default_value_t = 12)]
    blocks: u32,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Measure one start in this process; used by the benchmark itself
    #[arg(long, hide = true, value_enum)]
    probe: Option<Start>,
    /// Folder of the probe's network, with `client.toml` and `light.json`
    #[arg(long, hide = true)]
    network: Option<PathBuf>,
    /// Folder of the probe's database
    #[arg(long, hide = true)]
    state: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if let (Some(start), Some(network), Some(state)) = (args.probe, &args.network, &args.state) {
        println!("{}", probe(start, network, state).await?);
        return Ok(());
    }
    let mut report = Report::new();
    report.text("unit", "milliseconds from the start of a process to the first answer; MiB of memory at most; medians");
    let missed = bench(args.rounds, args.validators, args.blocks, &mut report).await?;
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
