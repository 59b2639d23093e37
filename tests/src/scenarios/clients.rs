//! Unmodified polkadot-api and @polkadot/api from npm connect to a validator, read a name and transfer; our own command sees the
//! transfer.

use crate::{Stage, folder};
use anyhow::{Context, Result, bail, ensure};
use meganet_devnet::{Kind, rpc};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

const LABEL: &str = "clients";
/// A script for each client, which has a deadline of 90 seconds itself.
const CLIENTS: [&str; 2] = ["papi", "pjs"];
/// Downloading their packages may take minutes on a slow line.
const INSTALL: Duration = Duration::from_secs(900);
const CHECK: Duration = Duration::from_secs(180);

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let clients = folder::of_checkout("tests/clients")?;
    node_version(stage).await?;
    install(&clients).await?;

    let site = stage.folder(LABEL)?;
    folder::write(&site, "index.html", b"read by everybody's clients")?;
    stage.publish(&site, LABEL).await?;
    let owner = stage.cli.json(&["name", "info", LABEL]).await?["owner"].clone();
    let validator = *stage.devnet.state.of_kind(Kind::Validator).first().context("a validator")?;
    let port = stage.devnet.state.processes[validator].http_port;
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let chain = rpc(&http, port, "system_chain", json!([])).await?;

    for client in CLIENTS {
        let script = format!("{client}.mjs");
        let node = [&script, &stage.devnet.state.rpc_url(validator), LABEL];
        let facts = facts(&run(&clients, "node", &node, CHECK).await?);
        let fact = |key: &str| facts.get(key).with_context(|| format!("{script} does not print its {key}: {facts:?}"));
        ensure!(fact(client)? == "ok", "{script} failed: {facts:?}");
        ensure!(chain == fact("chain")?.as_str(), "{script} reads another chain's name: {facts:?}, not {chain}");
        ensure!(owner == fact("name_owner")?.as_str(), "{script} reads another owner: {facts:?}, not {owner}");
        let block: u64 = fact("block")?.parse().context("a block's number")?;
        let balance = stage.cli.json(&["wallet", "balance", fact("receiver")?]).await?;
        ensure!(balance["free"] == fact("received")?.as_str(), "{script} sent {facts:?}, but there is {balance}");
        stage.facts.say(&format!("{client}-transfer-in-block"), block);
        stage.facts.say(&format!("{client}-received-planck"), &balance["free"]);
    }
    Ok(())
}

/// Prints the version of Node.js; fails with advice if it is missing or too old.
async fn node_version(stage: &Stage) -> Result<()> {
    const OLDEST: u32 = 20;
    let advice =
        format!("the clients need Node.js {OLDEST} or newer and npm: run scripts/setup, then scripts/scenario");
    let version = run(Path::new("."), "node", &["--version"], CHECK).await.with_context(|| advice.clone())?;
    let major = version.trim().strip_prefix('v').and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST => stage.facts.say("node-version", version.trim()),
        _ => bail!("{advice}; this is Node.js {}", version.trim()),
    }
    Ok(())
}

/// Installs exactly the packages of the lock file. Needs no network if that is done already, or npm has them in its cache.
async fn install(clients: &Path) -> Result<()> {
    let lock = std::fs::read(clients.join("package-lock.json"))?;
    // npm starts by removing the folder, so this file exists only if a previous installation was completed.
    let installed = clients.join("node_modules/.installed-package-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("[clients] npm ci (half a minute)");
    // These clients need no installation scripts, so none are allowed to run.
    let args = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    run(clients, "npm", &args, INSTALL).await.context("the clients' packages could not be installed")?;
    Ok(std::fs::write(installed, lock)?)
}

/// Runs a program that must succeed; returns its standard output.
async fn run(dir: &Path, program: &str, args: &[&str], patience: Duration) -> Result<String> {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(patience, command.output());
    let output = output.await.with_context(|| format!("{program} {} does not end", args.join(" ")))?;
    let output = output.with_context(|| format!("{program} could not be run"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {} ended with {}: {printed}{}", args.join(" "), output.status, said.trim());
    }
    Ok(printed.into_owned())
}

/// Parses `key: value` lines.
fn facts(printed: &str) -> BTreeMap<String, String> {
    let pairs = printed.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect()
}
