//! meganet-worker: the process. Everything it does is in the library.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use meganet_terminal::{Arguments, parse_arguments, print_error, print_line, print_note, shown_json, shown_lines};
use meganet_worker::{
    config::{SecretPlace, WorkerOptions},
    daemon, identity,
    listing::{self, ListError},
    store::InitOptions,
};
use std::{io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Lends disk to Meganet: holds encrypted shards, serves them, and rebuilds lost ones.
///
/// The operator's account pays the bond and receives the pay. The worker's own identity is a key in the base path,
/// which `meganet-worker init` makes once: keep a copy of identity.key.
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
    /// With a command: print its result as JSON; that of `jobs` is as under `jobs` in /health
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A command that is executed instead of running the worker. Options may precede or follow it.
#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Make a base path for a worker, once: its identity, and the folder of its shards. Without this a worker does not start,
    /// so that a disk that is not mounted is not taken for a new worker. Identity and shards that are there already, such as
    /// from a backup, are kept. Shards without their identity are refused.
    Init {
        /// The shards are lost for good: begin with an empty folder. The worker rebuilds them from the other workers.
        #[arg(long)]
        shards_lost: bool,
        /// This worker is wanted in addition to others of the same operator.
        #[arg(long)]
        another: bool,
    },
    /// Leave the network in order. Takes the options that the worker runs with. Keep the worker running: the chain hands
    /// its slots over to other workers, which copy from it; then it receives its bond and the pay held back, and stops.
    Leave,
    /// List the background jobs of the running worker: state, restarts, progress and last error. Asks the worker at
    /// --http; exits with 3 if none answers there.
    Jobs,
}

/// Time for disk work that is still running at the end.
const GOODBYE: Duration = Duration::from_secs(5);
/// The log filter without `RUST_LOG`. These libraries warn about what strangers send, once for each time.
const FILTER: &str = "info,libp2p_kad=error,quinn_proto=error,quinn_udp=error";
/// The exit code of `jobs` if no worker answers.
const NO_WORKER: u8 = 3;

fn main() -> ExitCode {
    let Arguments { parsed: args, typed } = parse_arguments::<Args>();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FILTER));
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    // Reporting that stderr is closed or full, on stderr, would panic.
    log.log_internal_errors(false).init();
    match run(args, typed.contains("operator_suri")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // For people: what is wrong and what to do, without a backtrace.
            print_error(&error);
            let no_worker = matches!(error.downcast_ref(), Some(ListError::NoWorker { .. }));
            if no_worker { ExitCode::from(NO_WORKER) } else { ExitCode::FAILURE }
        }
    }
}

fn run(args: Args, is_secret_typed: bool) -> anyhow::Result<()> {
    let mut options = args.options;
    let typed = is_secret_typed.then(|| options.exposed_secret(SecretPlace::Arguments)).flatten();
    typed.into_iter().for_each(print_note);
    // Not a flag: other users of the machine can see arguments.
    options.operator_password = std::env::var("MEGANET_OPERATOR_PASSWORD").ok().filter(|password| !password.is_empty());
    if let Some(path) = &args.config {
        let file = WorkerOptions::from_file(path)?;
        file.exposed_secret(SecretPlace::File).into_iter().for_each(print_note);
        options = options.or(file);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let result = runtime.block_on(execute(options, args.command, args.json));
    runtime.shutdown_timeout(GOODBYE);
    result
}

async fn execute(options: WorkerOptions, command: Option<Command>, json: bool) -> anyhow::Result<()> {
    match command {
        None => {
            anyhow::ensure!(!json, "--json goes with a command: init, leave or jobs. A running worker has /health");
            let stop = CancellationToken::new();
            end_on_signal(&stop)?;
            daemon::run(options.complete()?, stop).await?;
        }
        Some(Command::Init { shards_lost, another }) => {
            let base = options.base_path.context("which folder? Pass --base-path")?;
            let peer_id = daemon::init(&base, InitOptions { shards_lost, another })?;
            let key = base.join(identity::FILE);
            let (base, key) = (base.display().to_string(), key.display().to_string());
            let made = serde_json::json!({ "base_path": base, "identity": key, "peer_id": peer_id });
            print_result(json, &made, || {
                format!(
                    "{base} is ready for the worker {peer_id}\nKeep a copy of {key}: without it this worker and its bond are lost"
                )
            })?;
        }
        Some(Command::Leave) => {
            let worker = daemon::leave(&options.complete()?).await?;
            let leaving = serde_json::json!({ "worker_id": worker });
            print_result(json, &leaving, || format!("worker {worker} is leaving: keep it running until it stops"))?;
        }
        Some(Command::Jobs) => {
            let jobs = listing::jobs(options.http_address()).await?;
            print_result(json, &jobs, || listing::table(&jobs))?;
        }
    }
    Ok(())
}

/// Prints a result as JSON or as text. Both can quote nodes, peers and names of folders.
fn print_result(json: bool, result: &impl serde::Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let shown =
        if json { shown_json(&serde_json::to_string(result)?).into_owned() } else { shown_lines(&text()).into_owned() };
    print_line(shown.trim_end())?;
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
    fn json_may_precede_or_follow_every_command() {
        for command in ["init", "leave", "jobs"] {
            for line in [
                format!("meganet-worker {command}"),
                format!("meganet-worker --json {command}"),
                format!("meganet-worker {command} --json"),
                format!("meganet-worker --http 127.0.0.1:1 --json {command} --base-path base"),
            ] {
                let args = Args::try_parse_from(line.split(' ')).ok().unwrap();
                assert!(args.command.is_some());
                assert_eq!(args.json, line.contains("json"), "{line}");
            }
        }
    }

    #[test]
    fn a_cause_is_printed_once() {
        let refused = WorkerOptions::from_file(Path::new("/no/such/file")).err().unwrap();
        let text = error_text(&anyhow::Error::from(refused));
        assert_eq!(text.matches("No such file").count(), 1, "{text}");
    }
}
