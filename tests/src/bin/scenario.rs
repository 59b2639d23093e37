//! Runs end-to-end scenarios; called by `scripts/scenario`.

use anyhow::{Result, bail};
use clap::{CommandFactory, Parser, error::ErrorKind};
use futures::{StreamExt, stream};
use meganet_devnet::{Interrupts, Shape};
use meganet_tests::{
    Facts, Stage,
    scenarios::{self, Scenario},
};
use std::{process::ExitCode, time::Instant};

/// Networks that run at the same time. Scenarios mostly wait for blocks, so two of them share two cores well.
const AT_ONCE: usize = 2;

/// Runs end-to-end scenarios on local networks of real processes, and prints results and measurements as `key: value` lines.
///
/// Exit codes: 0 all passed; 1 a scenario failed, or the network did not start; 2 wrong command line.
#[derive(Parser)]
struct Args {
    /// Names of scenarios to run; without any, they are listed
    name: Vec<String>,
    /// Run all scenarios; those that need the same network share one
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
    if let Some(unknown) = args.name.iter().find(|name| scenarios::ALL.iter().all(|one| one.name != name.as_str())) {
        let names: Vec<_> = scenarios::ALL.iter().map(|one| one.name).collect();
        let text = format!("no scenario is named '{unknown}'; the names are: {}", names.join(", "));
        // Exits with 2.
        Args::command().error(ErrorKind::InvalidValue, text).exit();
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

/// Stops the networks on Ctrl-C, `kill` and a closed terminal too.
async fn play_unless_interrupted(args: &Args) -> Result<usize> {
    let mut interrupts = Interrupts::listen()?;
    tokio::select! {
        played = play(args) => played,
        () = interrupts.next() => bail!("interrupted"),
    }
}

/// Runs the requested scenarios, and prints those that failed; returns their number.
async fn play(args: &Args) -> Result<usize> {
    let wanted: Vec<&'static Scenario> =
        scenarios::ALL.iter().filter(|one| args.all || args.name.iter().any(|name| name == one.name)).collect();
    let lanes = lanes(&wanted);
    let several = lanes.len() > 1;
    let failures =
        stream::iter(lanes).map(|lane| lane.play(several)).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.concat();
    // Again at the end, where they are found even in a log that was cut.
    for Failure { scenario, error } in &failures {
        println!("{scenario} FAILED: {error}");
    }
    println!("{} passed, {} failed", wanted.len() - failures.len(), failures.len());
    Ok(failures.len())
}

/// A scenario that failed.
#[derive(Clone)]
struct Failure {
    scenario: &'static str,
    error: String,
}

/// Scenarios that share a network, in order.
struct Lane {
    shape: Shape,
    scenarios: Vec<&'static Scenario>,
}

fn lanes(wanted: &[&'static Scenario]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for scenario in wanted {
        let shape = (scenario.shape)();
        match lanes.iter_mut().find(|lane| lane.shape == shape) {
            Some(lane) => lane.scenarios.push(scenario),
            None => lanes.push(Lane { shape, scenarios: vec![scenario] }),
        }
    }
    lanes
}

impl Lane {
    /// Starts the network and runs its scenarios; returns those that failed. With several lanes, each result is prefixed by the
    /// scenario's name.
    async fn play(self, several: bool) -> Vec<Failure> {
        let facts = |scenario: &Scenario| Facts { of: several.then_some(scenario.name) };
        let mut failures = Vec::new();
        let Some(first) = self.scenarios.first() else { return failures };
        let mut stage = match Stage::set(facts(first), &self.shape).await {
            Ok(stage) => stage,
            Err(error) => {
                eprintln!("error: the network of scenario {} did not start: {error:#}", first.name);
                let error = format!("its network did not start: {error:#}");
                failures.extend(self.scenarios.iter().map(|one| Failure { scenario: one.name, error: error.clone() }));
                return failures;
            }
        };
        for scenario in self.scenarios {
            stage.facts = facts(scenario);
            println!("scenario: {}", scenario.name);
            let started = Instant::now();
            match (scenario.play)(&mut stage).await {
                Ok(()) => stage.facts.say("result", "ok"),
                Err(error) => {
                    let error = format!("{error:#}");
                    stage.facts.say("result", format!("FAILED: {error}"));
                    failures.push(Failure { scenario: scenario.name, error });
                    match stage.keep_logs() {
                        Ok(logs) => eprintln!("logs: {}", logs.display()),
                        Err(error) => eprintln!("could not copy the logs: {error:#}"),
                    }
                }
            }
            stage.facts.seconds("seconds", started.elapsed());
        }
        failures
    }
}
