//! The local network on which scenarios run.

use crate::{Facts, cli::Cli, http::Browser};
use anyhow::{Context, Result, bail, ensure};
use meganet_devnet::{Devnet, Kind, Shape, worker_health};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Names that scenarios publish under, and that the browser can resolve.
pub const LABELS: [&str; 8] =
    ["disks", "main-job", "mirror", "update", "errors", "hostile", "truncated-manifest", "path-traversal"];
/// The most resident memory that a process may use, in bytes.
pub const MEMORY_BOUND: u64 = 300 << 20;

/// Name of the folder in which `meganet` keeps its data.
const USER: &str = "user";

/// The network of most scenarios: three validators, two workers in each of three countries, and a gateway.
pub fn shape() -> Shape {
    Shape { gateway_port: Some(0), ..Shape::small() }
}

/// A running network, the command line, and a folder for the files of scenarios. Dropping it stops the network.
pub struct Stage {
    /// The network.
    pub devnet: Devnet,
    /// The command line, signing as //Alice.
    pub cli: Cli,
    /// Prints results.
    pub facts: Facts,
    dir: tempfile::TempDir,
}

impl Stage {
    /// Starts a network.
    pub async fn set(facts: Facts, shape: &Shape) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("meganet-scenario-").tempdir()?;
        let started = Instant::now();
        let devnet = Devnet::open(&dir.path().join("devnet"), shape)?;
        let cli = Cli::new(&devnet.state.client_config(), &dir.path().join(USER), "//Alice")?;
        // From here on, dropping the stage stops what was started.
        let mut stage = Stage { devnet, cli, facts, dir };
        stage.devnet.up(&mut |step| eprintln!("[devnet] {step}")).await?;
        stage.facts.seconds("network-up-seconds", started.elapsed());
        Ok(stage)
    }

    /// The folder in which `meganet` keeps its data.
    pub fn user_dir(&self) -> Result<PathBuf> {
        self.folder(USER)
    }

    /// A new folder for a scenario.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// A browser for the gateway.
    pub fn browser(&self) -> Result<Browser> {
        self.browser_for(&LABELS)
    }

    /// A browser that knows these names.
    pub fn browser_for(&self, names: &[&str]) -> Result<Browser> {
        let index = *self.devnet.state.of_kind(Kind::Gateway).first().context("there is a gateway")?;
        Browser::new(self.devnet.state.processes[index].http_port, names)
    }

    /// Publishes a folder; returns the result of `meganet publish --json`.
    pub async fn publish(&self, dir: &Path, label: &str) -> Result<Value> {
        self.cli.json(&["publish", dir.to_str().context("a Unicode path")?, label]).await
    }

    /// Restarts the gateway, which empties its caches.
    pub async fn restart_gateway(&mut self) -> Result<()> {
        let gateways = self.devnet.state.of_kind(Kind::Gateway);
        self.devnet.state.stop(&gateways)?;
        self.devnet.state.start(&gateways).await
    }

    /// The indices of the workers in these countries.
    pub fn workers_in(&self, countries: &[&str]) -> Vec<usize> {
        self.devnet.state.workers_in(countries)
    }

    /// The health report of a worker.
    pub async fn health(&self, index: usize) -> Result<Value> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        worker_health(&http, self.devnet.state.processes[index].http_port).await
    }

    /// Waits until the health reports of these workers say that they store all shards of their slots; returns the time taken.
    pub async fn wait_whole(&self, indices: &[usize], timeout: Duration) -> Result<Duration> {
        let started = Instant::now();
        loop {
            let mut waiting = Vec::new();
            for index in indices {
                let name = &self.devnet.state.processes[*index].name;
                match self.health(*index).await {
                    Ok(health) if health["synced"] == true && health["missing"] == 0 => {}
                    Ok(health) => waiting.push(format!("{name}: {health}")),
                    Err(error) => waiting.push(format!("{name}: {error}")),
                }
            }
            if waiting.is_empty() {
                return Ok(started.elapsed());
            }
            if started.elapsed() > timeout {
                bail!("after {} s these workers still lack shards:\n{}", timeout.as_secs(), waiting.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Prints the peak memory of each kind of process, and checks it against [`MEMORY_BOUND`].
    pub fn check_memory(&self) -> Result<()> {
        for (kind, key) in [(Kind::Validator, "validator"), (Kind::Worker, "worker"), (Kind::Gateway, "gateway")] {
            let state = &self.devnet.state;
            let peaks = state.of_kind(kind).into_iter().filter_map(|index| state.processes[index].running?.memory());
            let peak = peaks.map(|(_, peak)| peak).max().with_context(|| format!("no {key} runs"))?;
            self.facts.mebibytes(&format!("{key}-peak-mib"), peak);
            ensure!(peak < MEMORY_BOUND, "a {key} held {peak} bytes, more than {MEMORY_BOUND}");
        }
        Ok(())
    }

    /// Copies the logs to a folder that outlives the network, for examining a failure.
    pub fn keep_logs(&self) -> Result<PathBuf> {
        let into = std::env::temp_dir().join(format!("meganet-logs-{}", std::process::id()));
        std::fs::create_dir_all(&into)?;
        for process in &self.devnet.state.processes {
            if process.log.exists() {
                std::fs::copy(&process.log, into.join(format!("{}.log", process.name)))?;
            }
        }
        Ok(into)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = self.devnet.state.stop_all() {
            eprintln!("could not stop the network: {error:#}");
        }
    }
}
