//! Seal + encode + hash, and verify + decode + open, for every profile, against the sum of their parts in the same run.

use anyhow::Result;
use clap::Parser;
use meganet_benches::{codec, report::Report, rounds::seconds};
use meganet_primitives::placement::ProfileId;
use std::time::Duration;

/// Measures the encoding and decoding of objects on one core and prints `key: value` lines. `mb_s` is 10^6 bytes of plaintext
/// per second of processor time. `ratio` is the time of a pipeline divided by the time of its parts: 1 means that nothing is lost
/// between them.
#[derive(Parser)]
#[command(name = "codec")]
struct Args {
    /// Seconds to measure, for all profiles together
    #[arg(long, default_value_t = 20.0, value_parser = seconds)]
    seconds: f64,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// Measure only this profile; may be repeated
    #[arg(long = "profile")]
    profiles: Vec<ProfileId>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let profiles = if args.profiles.is_empty() { ProfileId::ALL.to_vec() } else { args.profiles };
    let time = Duration::from_secs_f64(args.seconds) / u32::try_from(profiles.len())?;
    let mut report = Report::new();
    report.text("unit", "10^6 bytes of plaintext in a second of one core");
    report.text("vector_instructions", rustfs_erasure_codec::galois_8::active_backend_name());
    for profile in profiles {
        codec::bench(profile, time, &mut report)?;
    }
    report.print(args.json);
    Ok(())
}
