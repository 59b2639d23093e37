//! The ecosystem's own clients, polkadot-api and @polkadot/api, unchanged from npm: they connect to a validator, read a name,
//! and transfer; what they transferred is there for our own command, too.

use crate::{Stage, folder};
use anyhow::{Context, Result, bail, ensure};
use meganet_devnet::{Kind, rpc};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

const LABEL: &str = "clients";
/// A package for each client and its checks, which have a deadline of their own of 90 seconds.
const CLIENTS: [&str; 2] = ["papi", "pjs"];
/// Downloading their packages may take minutes on a slow line.
const INSTALL: Duration = Duration::from_secs(900);
const CHECK: Duration = Duration::from_secs(180);

/// Plays it.
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
        ensure!(fact(client)? == "ok", "{script} is not content: {facts:?}");
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

/// States which Node.js runs the clients, or says how to get one that can.
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

/// Installs the packages of the lock file, exactly. Without a network if that is done already, or npm has them in its cache.
async fn install(clients: &Path) -> Result<()> {
    let lock = std::fs::read(clients.join("package-lock.json"))?;
    // npm removes the folder before it begins, so this is there only when it has finished.
    let installed = clients.join("node_modules/.installed-package-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("[clients] npm ci (half a minute)");
    // No script of a package needs to run for these clients, so none may.
    let args = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    run(clients, "npm", &args, INSTALL).await.context("the clients' packages could not be installed")?;
    Ok(std::fs::write(installed, lock)?)
}

/// Runs a program that must succeed; what it printed.
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

/// The `key: value` lines of what was printed.
fn facts(printed: &str) -> BTreeMap<String, String> {
    let pairs = printed.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect()
}
