//! meganet-worker: the process. Everything it does is in the library.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use meganet_worker::{config::Options, daemon};
use std::{io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Lends disk to Meganet: holds encrypted shards, serves them, and mends what is lost.
///
/// The operator's account pays the bond and is paid for storage; the worker's own identity is a key that is created in
/// the base path at the first start. Keep a copy of identity.key.
#[derive(Parser)]
#[command(name = "meganet-worker", version)]
struct Args {
    /// A TOML file with any of the settings below, under the same names.
    #[arg(long, env = "MEGANET_WORKER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do instead of running the worker. Options stand before it.
#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Begins to leave the network in order, with the options that the worker runs with. Keep it running: the chain hands
    /// its slots over to other workers, which copy from it; then it gets its bond and what was held back, and stops.
    Leave,
}

/// How long the runtime waits for disk work that is still going on at the end.
const GOODBYE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,libp2p_kad=error"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // For people: what is wrong and what to do, without a backtrace.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let mut options = args.options;
    // Not a flag: arguments can be seen by everybody on the machine.
    options.operator_password = std::env::var("MEGANET_OPERATOR_PASSWORD").ok();
    if let Some(path) = &args.config {
        options = options.or(Options::from_file(path)?);
    }
    let config = options.complete()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let result = runtime.block_on(async {
        let stop = CancellationToken::new();
        end_on_signal(&stop)?;
        match args.command {
            Some(Command::Leave) => {
                let worker = daemon::leave(&config).await?;
                println!("worker {worker} is leaving: keep it running until it stops by itself");
            }
            None => daemon::run(config, stop).await?,
        }
        anyhow::Ok(())
    });
    runtime.shutdown_timeout(GOODBYE);
    result
}

fn end_on_signal(stop: &CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
