//! Runs scenarios: see `scripts/scenario`.

use anyhow::{Result, bail};
use clap::Parser;
use futures::{StreamExt, stream};
use meganet_devnet::{Interrupts, Shape};
use meganet_tests::{
    Facts, Stage,
    scenarios::{self, Scenario},
};
use std::{process::ExitCode, time::Instant};

/// So many networks run at a time. What scenarios wait for most is blocks, so two of them share two cores well.
const AT_ONCE: usize = 2;

/// Plays an end-to-end scenario with real processes and prints what it did and measured as `key: value` lines.
///
/// Exits with 1 where a promise failed.
#[derive(Parser)]
struct Args {
    /// Which; without a name they are listed
    name: Vec<String>,
    /// All of them; those that need the same network share one
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
    let wanted: Vec<&'static Scenario> =
        scenarios::ALL.iter().filter(|one| args.all || args.name.iter().any(|name| name == one.name)).collect();
    if let Some(unknown) = args.name.iter().find(|name| !wanted.iter().any(|one| one.name == name.as_str())) {
        let names: Vec<_> = scenarios::ALL.iter().map(|one| one.name).collect();
        bail!("no scenario is named '{unknown}'; there are: {}", names.join(", "));
    }
    let lanes = lanes(&wanted);
    let several = lanes.len() > 1;
    let failed: usize = stream::iter(lanes)
        .map(|lane| lane.play(several))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .iter()
        .sum();
    println!("{} passed, {failed} failed", wanted.len() - failed);
    Ok(failed)
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
    /// Brings the network up and plays its scenarios; how many failed. Where there are several lanes, each fact says whose
    /// it is.
    async fn play(self, several: bool) -> usize {
        let facts = |scenario: &Scenario| Facts { of: several.then_some(scenario.name) };
        let Some(first) = self.scenarios.first() else { return 0 };
        let mut stage = match Stage::set(facts(first), &self.shape).await {
            Ok(stage) => stage,
            Err(error) => {
                eprintln!("error: the network of {} did not come up: {error:#}", first.name);
                return self.scenarios.len();
            }
        };
        let mut failed = 0;
        for scenario in self.scenarios {
            stage.facts = facts(scenario);
            println!("scenario: {}", scenario.name);
            let started = Instant::now();
            match (scenario.play)(&mut stage).await {
                Ok(()) => stage.facts.say("result", "ok"),
                Err(error) => {
                    failed += 1;
                    stage.facts.say("result", format!("FAILED: {error:#}"));
                    match stage.keep_logs() {
                        Ok(logs) => eprintln!("logs: {}", logs.display()),
                        Err(error) => eprintln!("the logs could not be kept: {error:#}"),
                    }
                }
            }
            stage.facts.seconds("seconds", started.elapsed());
        }
        failed
    }
}
