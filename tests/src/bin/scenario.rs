//! Runs scenarios: see `scripts/scenario`.

use anyhow::{bail, Result};
use clap::Parser;
use meganet_cli::devnet::Shape;
use meganet_cli::interrupts::Interrupts;
use meganet_tests::{scenarios, Facts, Stage};
use std::process::ExitCode;

/// Plays an end-to-end scenario with real processes and prints what it did and measured as `key: value` lines.
///
/// Exits with 1 where a promise failed.
#[derive(Parser)]
struct Args {
    /// Which; without a name they are listed
    name: Vec<String>,
    /// All of them, on one network
    #[arg(long, conflicts_with = "name")]
    all: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if args.name.is_empty() && !args.all {
        for scenario in scenarios::ALL {
            println!("{:12} {}", scenario.name, scenario.promise);
        }
        return ExitCode::SUCCESS;
    }
    match play_unless_interrupted(&args).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C, `kill` and a terminal that is closed end the network, too.
async fn play_unless_interrupted(args: &Args) -> Result<usize> {
    let mut interrupts = Interrupts::listen()?;
    tokio::select! {
        played = play(args) => played,
        () = interrupts.next() => bail!("interrupted"),
    }
}

/// Plays what was asked for; how many failed.
async fn play(args: &Args) -> Result<usize> {
    let wanted: Vec<&scenarios::Scenario> =
        scenarios::ALL.iter().filter(|one| args.all || args.name.iter().any(|name| name == one.name)).collect();
    if let Some(unknown) = args.name.iter().find(|name| !wanted.iter().any(|one| one.name == name.as_str())) {
        let names: Vec<_> = scenarios::ALL.iter().map(|one| one.name).collect();
        bail!("no scenario is named '{unknown}'; there are: {}", names.join(", "));
    }
    let mut stage: Option<(Shape, Stage)> = None;
    let mut failed = 0;
    for scenario in &wanted {
        println!("scenario: {}", scenario.name);
        let shape = (scenario.shape)();
        if stage.as_ref().is_some_and(|(other, _)| *other != shape) {
            // The machine is too small for two networks at a time.
            drop(stage.take());
        }
        let (_, stage) = match &mut stage {
            Some(stage) => stage,
            none => none.insert((shape.clone(), Stage::set(Facts, &shape).await?)),
        };
        let started = std::time::Instant::now();
        match (scenario.play)(stage).await {
            Ok(()) => stage.facts.say("result", "ok"),
            Err(error) => {
                failed += 1;
                stage.facts.say("result", format!("FAILED: {error:#}"));
                eprintln!("logs: {}", stage.keep_logs()?.display());
            }
        }
        stage.facts.seconds("seconds", started.elapsed());
    }
    println!("{} passed, {failed} failed", wanted.len() - failed);
    Ok(failed)
}
