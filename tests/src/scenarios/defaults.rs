//! Each program, started with nothing but its documented defaults, all on one machine: a network namespace of its own, in
//! which every default port is free.

use crate::{Stage, wait::until};
use anyhow::{Context, Result, ensure};
use meganet_devnet::program;
use serde_json::Value;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::process::{Child, Command};

/// Timeout for each program. A node compiles its runtime when it starts.
const PATIENCE: Duration = Duration::from_secs(240);
const NODE: &str = "ws://127.0.0.1:9944";

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let stage = &*stage;
    let home = stage.folder("defaults")?;
    let machine = match Machine::new(&home).await {
        Ok(machine) => machine,
        Err(error) => {
            stage.facts.say("defaults", format!("left out, since this machine lets us make no network: {error}"));
            return Ok(());
        }
    };
    let machine = &machine;

    let _node = machine.start("meganet-node", &["--dev"])?;
    until("the node answers", PATIENCE, || async move {
        let status = machine.run("meganet", &["--rpc", NODE, "status"]).await?;
        Ok(status.status.success().then_some(()))
    })
    .await?;
    stage.facts.say("meganet-node", "answers at its default port");

    let base = home.join("worker");
    let base = base.to_str().context("a Unicode path")?;
    let args = ["--base-path", base, "--operator-suri", "//Alice", "--country", "DE", "--capacity", "1GiB"];
    let init = machine.run("meganet-worker", &["init", "--base-path", base]).await?;
    ensure!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    let _worker = machine.start("meganet-worker", &args)?;
    let health = until("the worker is registered", PATIENCE, || async move {
        let health = machine.fetch("http://127.0.0.1:9616/health").await?;
        Ok(health.and_then(|text| serde_json::from_str::<Value>(&text).ok()).filter(|it| it["worker_id"].is_u64()))
    })
    .await?;
    let peer = health["peer_id"].as_str().context("a peer id")?;
    let log = std::fs::read_to_string(home.join("meganet-worker.log"))?;
    ensure!(!log.contains("cannot listen on an address"), "{log}");
    stage.facts.say("meganet-worker", "listens on UDP and TCP, IPv4 and IPv6, and is registered");

    // The same defaults again are an error that says which.
    let other = home.join("other");
    let other = other.to_str().context("a Unicode path")?;
    machine.run("meganet-worker", &["init", "--base-path", other]).await?;
    let args = ["--base-path", other, "--operator-suri", "//Bob", "--country", "DE", "--capacity", "1GiB"];
    let second = machine.run("meganet-worker", &args).await?;
    let said = String::from_utf8_lossy(&second.stderr);
    ensure!(second.status.code() == Some(1) && said.contains("in use"), "{said}");

    let bootnode = format!("/ip4/127.0.0.1/udp/4001/quic-v1/p2p/{peer}");
    let _gateway = machine.start("meganet", &["--rpc", NODE, "--bootnode", &bootnode, "gateway"])?;
    until("the gateway answers", PATIENCE, || async move { machine.fetch("http://127.0.0.1:8080/").await }).await?;
    stage.facts.say("meganet gateway", "answers at its default port");
    Ok(())
}

/// A network namespace. It ends with the process that holds it.
struct Machine<'a> {
    home: &'a Path,
    holder: Child,
}

impl<'a> Machine<'a> {
    async fn new(home: &'a Path) -> Result<Self> {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 3600"]);
        let mut holder = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().context("could not run unshare")?;
        let stdout = holder.stdout.take().context("a pipe")?;
        let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
        ensure!(lines.next_line().await?.as_deref() == Some("up"), "no network namespace could be made");
        Ok(Self { home, holder })
    }

    /// A command on this machine, with an environment in which nothing of ours is set.
    fn command(&self, program: &Path, args: &[&str]) -> Result<Command> {
        let holder = self.holder.id().context("the namespace is gone")?;
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &holder.to_string(), "--"]).arg(program).args(args);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.home);
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    /// Starts a program, which runs until the result is dropped.
    fn start(&self, name: &str, args: &[&str]) -> Result<Child> {
        let log = std::fs::File::create(self.home.join(name).with_extension("log"))?;
        let mut command = self.command(&program(name)?, args)?;
        Ok(command.stdout(log.try_clone()?).stderr(log).spawn()?)
    }

    async fn run(&self, name: &str, args: &[&str]) -> Result<std::process::Output> {
        Ok(self.command(&program(name)?, args)?.output().await?)
    }

    /// The body of an answer with status 200.
    async fn fetch(&self, url: &str) -> Result<Option<String>> {
        let script = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())";
        let output = self.command(Path::new("python3"), &["-c", script, url])?.output().await?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}
