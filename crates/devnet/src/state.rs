//! The state of a devnet, kept in its folder as `devnet.json`: which processes it has, and where they are.

use crate::{
    files::write_atomically,
    ports::Ports,
    process::{Kind, LOGS, Process},
    shape::Shape,
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The content of `devnet.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// The folder; not stored, so that a stopped devnet can be moved.
    #[serde(skip)]
    pub dir: PathBuf,
    /// Chain id that the validators start with.
    #[serde(default = "local")]
    pub chain: String,
    /// Storage that each worker offers, in bytes.
    pub capacity: u64,
    /// All processes, in the order in which they start.
    pub processes: Vec<Process>,
}

/// The environment variable with the folder of the user's devnet.
pub const DIR_VARIABLE: &str = "MEGANET_DEVNET";
const FILE: &str = "devnet.json";
pub(crate) const LIGHT_SPEC: &str = "light.json";
pub(crate) const CHECKPOINT: &str = "checkpoint.json";

/// The chain of devnets created before the state named it.
fn local() -> String {
    "local".into()
}

impl State {
    /// The folder of the user's devnet, where no other is given: that of [`DIR_VARIABLE`], or else one in the data folder.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn default_dir() -> Result<PathBuf> {
        if let Some(dir) = std::env::var_os(DIR_VARIABLE).filter(|dir| !dir.is_empty()) {
            return Ok(dir.into());
        }
        Self::dir_without_variable()
    }

    fn dir_without_variable() -> Result<PathBuf> {
        let dirs =
            directories::ProjectDirs::from("", "", "meganet").context("this user has no home folder; pass --dir")?;
        Ok(dirs.data_local_dir().join("devnet"))
    }

    /// Whether this folder is the default one.
    pub fn is_default_dir(dir: &Path) -> bool {
        Self::default_dir().is_ok_and(|default| is_same(&default, dir))
    }

    /// Whether `meganet` finds a devnet in this folder also where [`DIR_VARIABLE`] is not set.
    pub fn needs_no_variable(dir: &Path) -> bool {
        Self::dir_without_variable().is_ok_and(|default| is_same(&default, dir))
    }

    /// The command that starts the devnet in this folder, for messages.
    pub fn up_command(dir: &Path) -> String {
        if Self::is_default_dir(dir) {
            return "meganet devnet up".to_owned();
        }
        format!("meganet devnet --dir {} up", dir.display())
    }

    /// Creates a new devnet in `dir`, with free ports. Starts nothing.
    ///
    /// # Errors
    /// The shape is not possible, the folder cannot be written to, or it has something under a name that the devnet would use.
    pub fn create(dir: &Path, shape: &Shape) -> Result<Self> {
        if shape.validators != 1 && shape.validators != 3 {
            bail!(
                "a devnet has 1 validator or 3 (the genesis of chain 'local' has three authorities), not {}",
                shape.validators
            );
        }
        fs::create_dir_all(dir).with_context(|| format!("could not create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let mut ports = Ports::default();
        let mut processes = Vec::new();
        let mut add = |name: String, kind, country, http_port, p2p_port| {
            processes.push(Process::new(&dir, name, kind, country, http_port, p2p_port));
        };
        for number in 1..=shape.validators {
            add(format!("validator-{number}"), Kind::Validator, None, ports.free()?, ports.free()?);
        }
        for (country, count) in &shape.workers {
            for number in 1..=*count {
                let name = format!("worker-{}-{number}", country.to_lowercase());
                add(name, Kind::Worker, Some(country.clone()), ports.free()?, ports.free()?);
            }
        }
        if let Some(port) = shape.gateway_port {
            add("gateway".into(), Kind::Gateway, None, ports.preferred(port)?, 0);
        }
        let base = if shape.validators == 1 { "dev" } else { "local" };
        let chain = shape.chain.clone().unwrap_or_else(|| base.into());
        let state = State { dir, chain, capacity: shape.capacity, processes };
        state.check_free()?;
        let logs = state.dir.join(LOGS);
        fs::create_dir_all(&logs).with_context(|| format!("could not create {}", logs.display()))?;
        state.save()?;
        Ok(state)
    }

    /// Reads the devnet in `dir`; `None` if there is none.
    ///
    /// # Errors
    /// `devnet.json` cannot be read, or is damaged.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
        };
        let mut state: State = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; remove the folder to start over", path.display()))?;
        state.dir = dir.canonicalize()?;
        Ok(Some(state))
    }

    /// Reads the devnet in `dir`.
    ///
    /// # Errors
    /// As of [`Self::load`], or there is none; the message says how to make one.
    pub fn require(dir: &Path) -> Result<Self> {
        Self::load(dir)?.with_context(|| {
            format!("there is no devnet in {}; start one with `{}`", dir.display(), Self::up_command(dir))
        })
    }

    /// The file that the state is kept in.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// Writes `devnet.json`.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn save(&self) -> Result<()> {
        write_atomically(&self.file(), serde_json::to_string_pretty(self)?.as_bytes())
    }

    /// The index of the process with this name.
    ///
    /// # Errors
    /// There is none; the message lists the names.
    pub fn position(&self, name: &str) -> Result<usize> {
        self.processes.iter().position(|process| process.name == name).with_context(|| {
            let names: Vec<_> = self.processes.iter().map(|process| process.name.as_str()).collect();
            format!("no process is named '{name}'; the names are: {}", names.join(", "))
        })
    }

    /// The indices of the processes of a kind.
    pub fn of_kind(&self, kind: Kind) -> Vec<usize> {
        (0..self.processes.len()).filter(|index| self.processes[*index].kind == kind).collect()
    }

    /// The indices of the workers in these countries (ISO codes in upper case).
    pub fn workers_in(&self, countries: &[&str]) -> Vec<usize> {
        let inside = |index: &usize| {
            let country = self.processes[*index].country.as_deref();
            country.is_some_and(|country| countries.contains(&country))
        };
        (0..self.processes.len()).filter(inside).collect()
    }

    /// Whether any process is running.
    pub fn any_alive(&self) -> bool {
        self.processes.iter().any(Process::is_alive)
    }

    /// WebSocket URL of a validator, by its index.
    pub fn rpc_url(&self, validator: usize) -> String {
        format!("ws://127.0.0.1:{}", self.processes[validator].http_port)
    }

    /// Addresses of the workers whose peer ids are known, except one of them.
    pub fn worker_addresses(&self, except: Option<&str>) -> Vec<String> {
        self.processes
            .iter()
            .filter(|process| process.kind == Kind::Worker && Some(process.name.as_str()) != except)
            .filter_map(|process| {
                let peer = process.peer_id.as_ref()?;
                Some(format!("/ip4/127.0.0.1/udp/{}/quic-v1/p2p/{peer}", process.p2p_port))
            })
            .collect()
    }

    /// The configuration file with which `meganet` finds this network.
    pub fn client_config(&self) -> PathBuf {
        self.dir.join("client.toml")
    }

    /// Addresses of the nodes whose peer ids are known.
    pub fn node_addresses(&self) -> Vec<String> {
        self.of_kind(Kind::Validator)
            .into_iter()
            .filter_map(|index| {
                let Process { p2p_port, peer_id, .. } = &self.processes[index];
                Some(format!("/ip4/127.0.0.1/tcp/{p2p_port}/p2p/{}", peer_id.as_ref()?))
            })
            .collect()
    }

    /// The chain spec for light clients.
    pub fn light_spec(&self) -> PathBuf {
        self.dir.join(LIGHT_SPEC)
    }

    /// The checkpoint against which proofs about this network's names are verified.
    pub fn checkpoint(&self) -> PathBuf {
        self.dir.join(CHECKPOINT)
    }

    /// URL of a site by its name; `None` if the devnet has no gateway.
    pub fn site_url(&self, label: &str) -> Option<String> {
        let gateway = self.of_kind(Kind::Gateway).first().map(|index| self.processes[*index].http_port)?;
        Some(format!("http://{label}.mega.localhost:{gateway}/"))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_devnet_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert!(State::load(dir.path()).unwrap().is_none());
        let state = State::create(dir.path(), &Shape { gateway_port: Some(0), ..Shape::small() }).unwrap();
        let names: Vec<_> = state.processes.iter().map(|process| process.name.clone()).collect();
        assert_eq!(names.len(), 3 + 6 + 1);
        assert!(names.contains(&"worker-fr-2".to_string()));
        let again = State::require(dir.path()).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&state).unwrap());
        let mut ports: Vec<u16> =
            state.processes.iter().flat_map(|p| [p.http_port, p.p2p_port]).filter(|p| *p > 0).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 9 * 2 + 1);
    }

    #[test]
    fn the_command_that_starts_it_names_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(State::up_command(dir.path()), format!("meganet devnet --dir {} up", dir.path().display()));
        assert_eq!(State::up_command(&State::default_dir().unwrap()), "meganet devnet up");
        let error = State::require(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&State::up_command(dir.path())), "{error}");
    }

    #[test]
    fn two_validators_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = State::create(dir.path(), &Shape { validators: 2, ..Shape::small() }).unwrap_err();
        assert!(error.to_string().contains("1 validator or 3"), "{error}");
    }

    #[test]
    fn a_name_that_is_not_there_lists_those_that_are() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::create(dir.path(), &Shape { gateway_port: None, ..Shape::small() }).unwrap();
        let error = state.position("worker-xx-1").unwrap_err().to_string();
        assert!(error.contains("worker-de-1"), "{error}");
    }
}
