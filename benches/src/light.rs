//! The time until the first verified answer of a light client, against asking a trusted node.

use crate::{memory, report::Report};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use futures::StreamExt;
use meganet_chain_client::{
    At, ChainOptions, SubxtChain,
    light::{Database, LightOptions, LightSpec},
    prelude::*,
};
use meganet_devnet::{ClientConfig, Devnet, Shape};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Most milliseconds of a median cold start.
const TARGET: f64 = 3_000.0;
/// The name that is looked up. It does not exist, which takes as long to prove.
const NAME: &str = "hello";

/// The kind of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Start {
    /// A light client with only a chain spec.
    Cold,
    /// A light client with the database of an earlier run.
    Warm,
    /// A connection to a trusted node.
    Rpc,
}

impl Start {
    const ALL: [Self; 3] = [Self::Rpc, Self::Cold, Self::Warm];

    fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Rpc => "rpc",
        }
    }
}

/// Measures one start and lookup in this process: times and memory, as JSON.
///
/// # Errors
/// There is no answer.
pub async fn probe(start: Start, network: &Path, state: &Path) -> Result<Value> {
    let begun = Instant::now();
    let config = ClientConfig::read(&network.join("client.toml"))?;
    let genesis = config.genesis()?;
    let chain = match start {
        Start::Rpc => SubxtChain::connect(config.rpc()?, genesis).await?,
        Start::Cold | Start::Warm => {
            let spec = LightSpec::read(config.light_spec()?)?;
            let database = Database::open(state, &spec.genesis());
            if database.is_warm() != (start == Start::Warm) {
                bail!("the database is not as a {} start needs it", start.name());
            }
            let light = LightOptions { database: Some(database), ..LightOptions::default() };
            SubxtChain::over_light(spec, light, ChainOptions { genesis, ..ChainOptions::default() }).await?
        }
    };
    let ready = begun.elapsed();
    let name = chain.name(NAME, At::Finalized).await?;
    let answered = begun.elapsed();
    // The cost of further lookups.
    let again = Instant::now();
    chain.params(At::Finalized).await?;
    let second = again.elapsed();
    Ok(json!({
        "ready": millis(ready),
        "answered": millis(answered),
        "second": millis(second),
        "memory": memory::peak()?,
        "answer": format!("{name:?}"),
    }))
}

/// Measures starts of each kind, in turn. Returns the missed targets.
///
/// # Errors
/// The network does not start, a measurement fails, or answers differ.
pub async fn bench(rounds: usize, validators: usize, blocks: u32, report: &mut Report) -> Result<Vec<String>> {
    let dir = tempfile::tempdir()?;
    let shape = Shape { validators, workers: Vec::new(), gateway_port: None, ..Shape::small() };
    let mut devnet = Devnet::open(dir.path(), &shape)?;
    let measured = async {
        devnet.up(&mut |step| eprintln!("[light] {step}")).await?;
        let chain = devnet.chain().await?;
        let first = chain.finalized().await?.number;
        eprintln!("[light] waiting for {blocks} blocks after the checkpoint");
        let mut finalized = chain.blocks(Some(first));
        while let Some(block) = finalized.next().await {
            if block.number >= first.saturating_add(blocks) {
                break;
            }
        }
        measure(rounds, dir.path(), report)
    }
    .await;
    // Stopped also if measuring failed, which is reported then.
    let ended = devnet.state.stop_all();
    let missed = measured?;
    ended?;
    Ok(missed)
}

fn measure(rounds: usize, network: &Path, report: &mut Report) -> Result<Vec<String>> {
    let warm = network.join("warm");
    // The database of the first start is used by the warm ones.
    run(Start::Cold, network, &warm)?;
    let mut all = Vec::new();
    for round in 0..rounds {
        for start in Start::ALL {
            let state = if start == Start::Warm { warm.clone() } else { network.join(format!("cold-{round}")) };
            let result = run(start, network, &state)?;
            eprintln!("[light] {} {}", start.name(), result["answered"]);
            all.push((start, result));
        }
    }
    let answers: Vec<_> = all.iter().map(|(_, result)| &result["answer"]).collect();
    if let Some(pair) = answers.windows(2).find(|pair| pair[0] != pair[1]) {
        bail!("answers differ: {} and {}", pair[0], pair[1]);
    }
    let mut missed = Vec::new();
    for start in Start::ALL {
        let of = |key: &str| median(all.iter().filter(|(kind, _)| *kind == start).map(|(_, result)| &result[key]));
        let answered = of("answered")?;
        report.figure(format!("{}_ready", start.name()), of("ready")?);
        report.figure(format!("{}_answered", start.name()), answered);
        report.figure(format!("{}_second_answer", start.name()), of("second")?);
        report.figure(format!("{}_memory", start.name()), of("memory")?);
        if start == Start::Cold && answered > TARGET {
            missed.push(format!("a cold start takes {answered:.0} ms, the target is {TARGET:.0}"));
        }
    }
    Ok(missed)
}

/// Measures one start in a new process.
fn run(start: Start, network: &Path, state: &Path) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--probe", start.name(), "--network"])
        .arg(network)
        .arg("--state")
        .arg(state)
        .output()?;
    if !output.status.success() {
        bail!("a {} start failed: {}", start.name(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn median<'a>(values: impl Iterator<Item = &'a Value>) -> Result<f64> {
    let mut values = values.map(|value| value.as_f64().context("a figure")).collect::<Result<Vec<f64>>>()?;
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("at least one round is needed")
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
