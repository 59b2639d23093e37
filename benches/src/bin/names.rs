//! Names: size and verification of proofs, cost of a registration, and resolutions per second of a running node.

use anyhow::{Result, ensure};
use clap::Parser;
use meganet_benches::{
    names::{node, state},
    report::Report,
    rounds::seconds,
};
use std::time::Duration;

/// Measures proofs of resolution among a thousand names and a million (four validators), the cost of reading and writing a
/// name in both, and how many answers a real node gives per second to a client on the same machine. Prints `key: value`
/// lines; fails if a proof is larger than 4 KiB, if verifying it takes more than 5 ms, if a cost grows faster than the
/// depth of the trie, or if the node resolves fewer than 10,000 names per second or takes more than 10 ms for one of a
/// hundred.
#[derive(Parser)]
#[command(name = "names")]
struct Args {
    /// Seconds to measure, for all cases together
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    seconds: f64,
    /// Number of names in the larger state
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_001..=4_000_000))]
    names: u32,
    /// Number of names in the genesis block of the node's chain; 0 starts no node
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    node_names: u32,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// Names in the smaller state.
const FEW: u32 = 1_000;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let part = Duration::from_secs_f64(args.seconds / 6.0);
    let mut report = Report::new();
    report.text("unit", "bytes as encoded; milliseconds and microseconds of one core for proofs, of the clock for a node's answers; medians");
    let mut missed = Vec::new();
    for names in [FEW, args.names] {
        eprintln!("[names] proofs over {names} names");
        missed.extend(state::bench(names, part, &mut report)?);
    }
    missed.extend(state::growth(FEW, args.names, part, &mut report)?);
    if args.node_names > 0 {
        missed.extend(node::bench(args.node_names, part * 3, &mut report).await?);
    }
    report.text("rival.urkel", "800 bytes at 50,000,000 names, in a trie of names alone, without the votes");
    report.text("rival.bulletin_chain", "3,200 answers in a second");
    report.text("targets", if missed.is_empty() { "met" } else { "missed" });
    report.print(args.json);
    ensure!(missed.is_empty(), "missed targets: {}", missed.join("; "));
    Ok(())
}
