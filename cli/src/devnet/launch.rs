//! Starting the processes of a devnet, in order, and waiting until each does its work.

use super::{
    process::{Kind, Process, log_tail},
    state::{State, write_atomically},
};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long a process may take until it is ready. Nodes compile their runtime when they start: ten seconds for three of them
/// on two idle cores, minutes on busy ones.
const READY: Duration = Duration::from_secs(300);
/// The well-known accounts of the preset `local`, one a validator.
const VALIDATORS: [&str; 3] = ["--alice", "--bob", "--charlie"];

/// The secret URI of the account that a devnet's worker acts for: derived from the well-known development phrase, and
/// different for every worker, since no operator may hold two slots of a group.
pub fn operator_suri(worker: &str) -> String {
    format!("//Operator//{worker}")
}

/// Finds a program beside the running one: all are built into one folder. Tests run from its subfolder `deps`.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("the system does not say where this program is")?;
    let found = own.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not beside {}; build it with scripts/build", own.display()))
}

impl State {
    /// Starts processes together and waits until each is ready. What runs already is left alone.
    pub async fn start(&mut self, indices: &[usize]) -> Result<()> {
        for index in indices {
            let (binary, args) = self.command(*index)?;
            self.processes[*index].spawn(&program(binary)?, &args)?;
            self.save()?;
        }
        for index in indices {
            self.wait_ready(*index).await?;
        }
        Ok(())
    }

    /// Program and arguments of a process.
    pub fn command(&self, index: usize) -> Result<(&'static str, Vec<String>)> {
        let process = &self.processes[index];
        let (program, mut args) = match process.kind {
            Kind::Validator => ("meganet-node", self.validator_args(index)?),
            Kind::Worker => ("meganet-worker", self.worker_args(index)?),
            Kind::Gateway => ("meganet", self.gateway_args(index)),
        };
        args.extend(process.extra.iter().cloned());
        Ok((program, args))
    }

    fn validator_args(&self, index: usize) -> Result<Vec<String>> {
        let process = &self.processes[index];
        std::fs::create_dir_all(&process.data)?;
        let key_file = process.data.join("node-key");
        if !key_file.exists() {
            let secret: [u8; 32] = std::array::from_fn(|_| rand::random());
            write_atomically(&key_file, hex::encode(secret).as_bytes())?;
        }
        let validators = self.of_kind(Kind::Validator);
        let mut args = strings(&["--chain", &self.chain, "--validator", VALIDATORS[index]]);
        args.extend(strings(&["--base-path", &path(&process.data), "--node-key-file", &path(&key_file)]));
        args.extend(strings(&["--rpc-port", &process.http_port.to_string(), "--rpc-cors", "all"]));
        // Who tests a node's own methods says so in `extra`.
        if !process.extra.iter().any(|arg| arg == "--rpc-methods") {
            args.extend(strings(&["--rpc-methods", "safe"]));
        }
        args.extend(strings(&["--listen-addr", &format!("/ip4/127.0.0.1/tcp/{}", process.p2p_port)]));
        args.extend(strings(&["--no-telemetry", "--no-prometheus", "--no-mdns", "--name", &process.name]));
        if validators.len() == 1 {
            args.push("--force-authoring".into());
        }
        for other in validators.into_iter().filter(|other| *other != index) {
            let other = &self.processes[other];
            if let Some(peer) = &other.peer_id {
                args.extend(strings(&["--bootnodes", &format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", other.p2p_port)]));
            }
        }
        Ok(args)
    }

    fn worker_args(&self, index: usize) -> Result<Vec<String>> {
        let process = &self.processes[index];
        let country = process.country.as_deref().context("a worker has a country")?;
        // Workers spread over the validators, so that one of these can go without all of those going blind.
        let validators = self.of_kind(Kind::Validator);
        let mut args = strings(&[
            "--base-path",
            &path(&process.data),
            "--rpc",
            &self.rpc_url(validators[index % validators.len()]),
        ]);
        args.extend(strings(&["--operator-suri", &operator_suri(&process.name), "--country", country]));
        args.extend(strings(&["--capacity", &self.capacity.to_string()]));
        args.extend(strings(&["--listen", &format!("/ip4/127.0.0.1/udp/{}/quic-v1", process.p2p_port)]));
        args.extend(strings(&["--listen", &format!("/ip4/127.0.0.1/tcp/{}", process.p2p_port)]));
        args.extend(strings(&["--http", &format!("127.0.0.1:{}", process.http_port)]));
        for address in self.worker_addresses(Some(&process.name)) {
            args.extend(strings(&["--bootnode", &address]));
        }
        Ok(args)
    }

    fn gateway_args(&self, index: usize) -> Vec<String> {
        let listen = format!("127.0.0.1:{}", self.processes[index].http_port);
        strings(&["--config", &path(&self.client_config()), "gateway", "--listen", &listen])
    }

    /// Waits until a process does its work: a node answers, a worker is registered, a gateway serves.
    async fn wait_ready(&mut self, index: usize) -> Result<()> {
        let deadline = Instant::now() + READY;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        loop {
            let process = &self.processes[index];
            if let Some(peer) = ready(&http, process).await {
                self.processes[index].peer_id = peer;
                return self.save();
            }
            if !process.is_alive() {
                bail!(
                    "{} ended. The last lines of {}:\n{}",
                    process.name,
                    process.log.display(),
                    log_tail(&process.log, 15)
                );
            }
            if Instant::now() >= deadline {
                let tail = log_tail(&process.log, 15);
                bail!(
                    "{} is not ready after {} s. The last lines of {}:\n{tail}",
                    process.name,
                    READY.as_secs(),
                    process.log.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// `Some` when the process is ready, with its peer id if it has one.
async fn ready(http: &reqwest::Client, process: &Process) -> Option<Option<String>> {
    match process.kind {
        Kind::Validator => rpc(http, process.http_port, "system_localPeerId", json!([]))
            .await
            .ok()?
            .as_str()
            .map(|peer| Some(peer.into())),
        Kind::Worker => {
            let health = worker_health(http, process.http_port).await.ok()?;
            health.get("worker_id")?.as_u64()?;
            Some(Some(health.get("peer_id")?.as_str()?.into()))
        }
        Kind::Gateway => {
            let url = format!("http://127.0.0.1:{}/__meganet__/health", process.http_port);
            http.get(url).send().await.ok()?.status().is_success().then_some(None)
        }
    }
}

/// Asks a node one JSON-RPC question over HTTP.
pub async fn rpc(http: &reqwest::Client, port: u16, method: &str, params: Value) -> Result<Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let mut answer: Value = http.post(format!("http://127.0.0.1:{port}")).json(&request).send().await?.json().await?;
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => bail!("{method} failed: {}", answer["error"]),
    }
}

/// What a worker says of itself at `/health`.
pub async fn worker_health(http: &reqwest::Client, port: u16) -> Result<Value> {
    Ok(http.get(format!("http://127.0.0.1:{port}/health")).send().await?.json().await?)
}

fn strings(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_string()).collect()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
