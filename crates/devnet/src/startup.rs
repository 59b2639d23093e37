//! Starts the processes of a devnet in order, and waits until each does its work.

use crate::{
    files::{log_tail, write_atomically},
    probe::ready,
    process::{Kind, child_of_devnet},
    state::State,
};
use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Timeout until a process does its work. Nodes compile their runtime when they start: three of them take ten
/// seconds on two idle cores, and minutes on busy ones.
const READY: Duration = Duration::from_secs(300);
/// Flags that select the development keys of chain `local`, one for each validator.
const VALIDATORS: [&str; 3] = ["--alice", "--bob", "--charlie"];

/// The secret URI of the operator account of a devnet's worker. It is derived from the development phrase and different for
/// every worker, since an operator may hold only one slot of a group.
pub fn operator_suri(worker: &str) -> String {
    format!("//Operator//{worker}")
}

/// Finds another program of this project in the folder of the running one, where all are built. Tests run from its subfolder
/// `deps`.
///
/// # Errors
/// The program was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("could not find out where this program is")?;
    let found = own.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("there is no {name} in the folder of {}; build it with scripts/build", own.display()))
}

/// Makes a worker's base path at the first start.
fn init_worker(base: &Path) -> Result<()> {
    if base.join("worker.json").exists() {
        return Ok(());
    }
    let output = child_of_devnet(&program("meganet-worker")?).arg("init").arg("--base-path").arg(base).output()?;
    if !output.status.success() {
        bail!("`meganet-worker init` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

impl State {
    /// Starts processes together and waits until each does its work. Running ones are left alone.
    ///
    /// # Errors
    /// A program is missing, or a process exits or is not ready in time; the message has the end of its log.
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

    /// The program of a process and its arguments.
    ///
    /// # Errors
    /// A validator's folder or key, or a worker's base path, cannot be written.
    pub fn command(&self, index: usize) -> Result<(&'static str, Vec<String>)> {
        let process = &self.processes[index];
        let (program, mut args) = match process.kind {
            Kind::Validator => ("meganet-node", self.validator_args(index)?),
            Kind::Worker => {
                // Later its disk may not be mounted.
                if process.peer_id.is_none() {
                    init_worker(&process.data)?;
                }
                ("meganet-worker", self.worker_args(index)?)
            }
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
        // A test that needs unsafe methods sets this itself.
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
        // Workers use different validators, so that one of these can stop without cutting all workers off from the chain.
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

    /// Waits until a process does its work, and stores its peer id.
    async fn wait_ready(&mut self, index: usize) -> Result<()> {
        let deadline = Instant::now() + READY;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        loop {
            let process = &self.processes[index];
            if let Some(ready) = ready(&http, process).await {
                self.processes[index].peer_id = ready.peer_id;
                return self.save();
            }
            if !process.is_alive() {
                bail!(
                    "{} exited. The last lines of its log {}:\n{}",
                    process.name,
                    process.log.display(),
                    log_tail(&process.log)
                );
            }
            if Instant::now() >= deadline {
                bail!(
                    "{} is not ready after {} s. The last lines of its log {}:\n{}",
                    process.name,
                    READY.as_secs(),
                    process.log.display(),
                    log_tail(&process.log)
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn strings(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_string()).collect()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
