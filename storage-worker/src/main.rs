//! meganet-worker: the process. Everything it does is in the library.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use meganet_terminal::{print_error, print_line};
use meganet_worker::{
    config::WorkerOptions,
    daemon,
    listing::{self, ListError},
};
use std::{io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Lends disk to Meganet: holds encrypted shards, serves them, and rebuilds lost ones.
///
/// The operator's account pays the bond and receives the pay. The worker's own identity is a key that is created in the
/// base path at the first start: keep a copy of identity.key.
///
/// Without a command the worker runs until SIGTERM or SIGINT. It exits with 1 if it cannot start, or if one of its
/// background jobs cannot run.
#[derive(Parser)]
#[command(name = "meganet-worker", version)]
struct Args {
    /// A TOML file with any of the other options, under the same names; docs/worker.md has an example
    #[arg(long, global = true, env = "MEGANET_WORKER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: WorkerOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A command that is executed instead of running the worker. Options may precede or follow it.
#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Leave the network in order. Takes the options that the worker runs with. Keep the worker running: the chain hands
    /// its slots over to other workers, which copy from it; then it receives its bond and the pay held back, and stops.
    Leave,
    /// List the background jobs of the running worker: state, restarts, progress and last error. Asks the worker at
    /// --http; exits with 3 if none answers there.
    Jobs {
        /// Print JSON, as under `jobs` in /health.
        #[arg(long)]
        json: bool,
    },
}

/// Time for disk work that is still running at the end.
const GOODBYE: Duration = Duration::from_secs(5);
/// The exit code of `jobs` if no worker answers.
const NO_WORKER: u8 = 3;

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,libp2p_kad=error"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // For people: what is wrong and what to do, without a backtrace.
            print_error(&error);
            let no_worker = matches!(error.downcast_ref(), Some(ListError::NoWorker { .. }));
            if no_worker { ExitCode::from(NO_WORKER) } else { ExitCode::FAILURE }
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let mut options = args.options;
    // Not a flag: other users of the machine can see arguments.
    options.operator_password = std::env::var("MEGANET_OPERATOR_PASSWORD").ok();
    if let Some(path) = &args.config {
        options = options.or(WorkerOptions::from_file(path)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let result = runtime.block_on(execute(options, args.command));
    runtime.shutdown_timeout(GOODBYE);
    result
}

async fn execute(options: WorkerOptions, command: Option<Command>) -> anyhow::Result<()> {
    match command {
        None => {
            let stop = CancellationToken::new();
            end_on_signal(&stop)?;
            daemon::run(options.complete()?, stop).await?;
        }
        Some(Command::Leave) => {
            let worker = daemon::leave(&options.complete()?).await?;
            print_line(&format!("worker {worker} is leaving: keep it running until it stops"))?;
        }
        Some(Command::Jobs { json }) => {
            let jobs = listing::jobs(options.http_address()).await?;
            let text = if json { serde_json::to_string(&jobs)? } else { listing::table(&jobs) };
            print_line(text.trim_end())?;
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;
    use meganet_terminal::error_text;
    use std::path::Path;

    #[test]
    fn options_may_precede_or_follow_a_command() {
        Args::command().debug_assert();
        for line in ["meganet-worker --http 127.0.0.1:1 jobs --json", "meganet-worker jobs --json --http 127.0.0.1:1"] {
            let args = Args::try_parse_from(line.split(' ')).ok().unwrap();
            assert_eq!(args.options.http_address().port(), 1, "{line}");
        }
    }

    #[test]
    fn a_cause_is_printed_once() {
        let refused = WorkerOptions::from_file(Path::new("/no/such/file")).err().unwrap();
        let text = error_text(&anyhow::Error::from(refused));
        assert_eq!(text.matches("No such file").count(), 1, "{text}");
    }
}
