//! Chaos runs; called by `scripts/chaos` and by the scenario `chaos`.

use anyhow::{Context, Result, bail};
use clap::Parser;
use meganet_devnet::Interrupts;
use meganet_tests::{Facts, Stage, chaos};
use std::{
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

/// Runs random faults on a local network of twelve workers, under constant publishing and reading, and checks that nothing is
/// lost: kills, pauses, full disks, flipped bits, wrong clocks, and partitions.
///
/// It runs in a network namespace of its own where the system allows that, since it cuts off traffic; elsewhere there are no
/// partitions. Exit codes: 0 nothing was lost; 1 something was, or the network did not start; 2 wrong command line.
#[derive(Parser)]
struct Args {
    /// Seed of the faults; the same one repeats them, though not their exact times. Random unless given
    #[arg(long)]
    seed: Option<u64>,
    /// Minutes of faults
    #[arg(long, default_value_t = 3)]
    minutes: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if std::env::var_os(chaos::OWN_NETWORK).is_none() {
        let error = enter_own_network();
        eprintln!("[chaos] no partitions, since this system lets us make no network: {error:#}");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(play_unless_interrupted(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts this program again in a network namespace; returns only if that fails.
fn enter_own_network() -> anyhow::Error {
    let entered = || -> Result<std::convert::Infallible> {
        let ready = "ip link set lo up && ip rule add pref 100 lookup local && ip rule del pref 0";
        for how in [["--net"].as_slice(), &["--user", "--map-root-user", "--net"]] {
            let probe = Command::new("unshare").args(how).args(["sh", "-c", ready]).output();
            if !probe.context("could not run unshare")?.status.success() {
                continue;
            }
            let script = format!("{ready} && exec \"$@\"");
            let program = std::env::current_exe()?;
            let error = Command::new("unshare")
                .args(how)
                .args(["sh", "-c", &script, "sh"])
                .arg(program)
                .args(std::env::args_os().skip(1))
                .env(chaos::OWN_NETWORK, "1")
                .exec();
            return Err(error.into());
        }
        bail!("unshare or ip fails")
    };
    match entered() {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

/// Stops the network on Ctrl-C, `kill` and a closed terminal too.
async fn play_unless_interrupted(args: &Args) -> Result<()> {
    let mut interrupts = Interrupts::listen()?;
    tokio::select! {
        played = play(args) => played,
        () = interrupts.next() => bail!("interrupted"),
    }
}

async fn play(args: &Args) -> Result<()> {
    let seed = args.seed.unwrap_or_else(rand::random);
    let facts = Facts::default();
    facts.say("chaos-seed", seed);
    let mut stage = Stage::set(facts, &chaos::shape()).await?;
    let started = Instant::now();
    let played = chaos::play(&mut stage, seed, Duration::from_secs(args.minutes.saturating_mul(60))).await;
    facts.seconds("chaos-seconds", started.elapsed());
    if played.is_err() {
        eprintln!("logs: {}", stage.keep_logs()?.display());
    }
    played.with_context(|| format!("seed {seed}"))
}
