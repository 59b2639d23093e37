//! What a devnet's folder holds: `devnet.json` with its processes, `client.toml` and `light.json` for the command line,
//! `logs/`, and one data folder a process.

use super::process::{Kind, Process};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
};

/// What a devnet is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// 1 (chain `dev`) or 3 (chain `local`, with finality by majority).
    pub validators: usize,
    /// The chain, where it is another one with as many validators: one with faster rhythms.
    pub chain: Option<String>,
    /// Workers by country: ISO code and how many.
    pub workers: Vec<(String, usize)>,
    /// Bytes that each worker lends.
    pub capacity: u64,
    /// The gateway's port; `None` for no gateway.
    pub gateway_port: Option<u16>,
}

impl Shape {
    /// Three validators, two workers in each of three countries (the smallest that profile `compact` fills), a gateway.
    pub fn small() -> Self {
        let workers = ["DE", "FR", "JP"].map(|country| (country.to_string(), 2)).to_vec();
        Shape { validators: 3, chain: None, workers, capacity: 8 << 30, gateway_port: Some(8080) }
    }

    /// Parses `DE:2,FR:2,JP:2`.
    pub fn parse_workers(text: &str) -> Result<Vec<(String, usize)>> {
        text.split(',')
            .map(|part| {
                let (country, count) = part.split_once(':').unwrap_or((part, "1"));
                let country: meganet_primitives::country::Country =
                    country.trim().to_uppercase().parse().map_err(|_| {
                        anyhow::anyhow!("'{country}' is no ISO 3166-1 country code; write for example DE:2,FR:2,JP:2")
                    })?;
                let count = count.trim().parse().with_context(|| format!("'{count}' is no number of workers"))?;
                Ok((country.to_string(), count))
            })
            .collect()
    }
}

/// `devnet.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// The folder; not stored, so that it can be moved while it is down.
    #[serde(skip)]
    pub dir: PathBuf,
    /// The chain that the validators know by this name.
    #[serde(default = "local")]
    pub chain: String,
    /// Bytes that each worker lends.
    pub capacity: u64,
    /// In the order in which they start.
    pub processes: Vec<Process>,
}

const FILE: &str = "devnet.json";
/// The spec for light clients, beside the configuration that names it.
pub(super) const LIGHT_SPEC: &str = "light.json";
/// From where the command line checks proofs.
pub(super) const CHECKPOINT: &str = "checkpoint.json";

/// The chain of devnets that were laid out before they said which.
fn local() -> String {
    "local".into()
}

impl State {
    /// Where a devnet is kept unless another folder is named.
    pub fn default_dir() -> Result<PathBuf> {
        let dirs =
            directories::ProjectDirs::from("", "", "meganet").context("this account has no home folder; pass --dir")?;
        Ok(dirs.data_local_dir().join("devnet"))
    }

    /// Lays out a new devnet in `dir`, with free ports.
    pub fn create(dir: &Path, shape: &Shape) -> Result<Self> {
        if shape.validators != 1 && shape.validators != 3 {
            bail!("a devnet has 1 validator or 3 (the genesis of chain 'local' names three), not {}", shape.validators);
        }
        fs::create_dir_all(dir.join("logs")).with_context(|| format!("could not create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let mut ports = Ports::default();
        let mut processes = Vec::new();
        let mut add = |name: String, kind, country, http_port, p2p_port| {
            let data = dir.join(&name);
            let log = dir.join("logs").join(format!("{name}.log"));
            processes.push(Process {
                name,
                kind,
                country,
                http_port,
                p2p_port,
                peer_id: None,
                extra: Vec::new(),
                env: BTreeMap::new(),
                data,
                log,
                running: None,
            });
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
        state.save()?;
        Ok(state)
    }

    /// Reads the devnet in `dir`; `None` where there is none.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
        };
        let mut state: State = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; remove the folder to begin anew", path.display()))?;
        state.dir = dir.canonicalize()?;
        Ok(Some(state))
    }

    /// Reads the devnet in `dir`, or says how to make one.
    pub fn require(dir: &Path) -> Result<Self> {
        Self::load(dir)?
            .with_context(|| format!("there is no devnet in {}; start one with `meganet devnet up`", dir.display()))
    }

    /// Writes `devnet.json`: the old one or the new one is there at any moment.
    pub fn save(&self) -> Result<()> {
        write_atomically(&self.dir.join(FILE), serde_json::to_string_pretty(self)?.as_bytes())
    }

    /// The process of that name, or an error that lists the names.
    pub fn position(&self, name: &str) -> Result<usize> {
        self.processes.iter().position(|process| process.name == name).with_context(|| {
            let names: Vec<_> = self.processes.iter().map(|process| process.name.as_str()).collect();
            format!("no process is named '{name}'; there are: {}", names.join(", "))
        })
    }

    /// Indices of the processes of a kind.
    pub fn of_kind(&self, kind: Kind) -> Vec<usize> {
        (0..self.processes.len()).filter(|index| self.processes[*index].kind == kind).collect()
    }

    /// Whether any process runs.
    pub fn any_alive(&self) -> bool {
        self.processes.iter().any(Process::is_alive)
    }

    /// WebSocket URL of a validator.
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

    /// Where `meganet` finds this network.
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

    /// With what light clients follow this network's chain.
    pub fn light_spec(&self) -> PathBuf {
        self.dir.join(LIGHT_SPEC)
    }

    /// From where proofs of this network's names are checked.
    pub fn checkpoint(&self) -> PathBuf {
        self.dir.join(CHECKPOINT)
    }

    /// Base URL of a site, where the devnet has a gateway.
    pub fn site_url(&self, label: &str) -> Option<String> {
        let gateway = self.of_kind(Kind::Gateway).first().map(|index| self.processes[*index].http_port)?;
        Some(format!("http://{label}.mega.localhost:{gateway}/"))
    }
}

/// Writes a file so that whoever reads it, whenever this program ends, finds the old one or the new one. It is not forced
/// to the disk: where a build has just written gigabytes that takes minutes, which a devnet's files are not worth.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> Result<()> {
        let parent = path.parent().context("a file has a folder")?;
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

/// Hands out free ports of 127.0.0.1. It holds each until all are given, so none is given twice.
#[derive(Default)]
struct Ports {
    held: Vec<TcpListener>,
}

impl Ports {
    fn free(&mut self) -> Result<u16> {
        self.preferred(0)
    }

    /// `port` if it is free, another where it is not.
    fn preferred(&mut self, port: u16) -> Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", port)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
        let port = listener.local_addr()?.port();
        self.held.push(listener);
        Ok(port)
    }
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
    fn workers_are_given_by_country() {
        assert_eq!(Shape::parse_workers("de:2, FR").unwrap(), vec![("DE".into(), 2), ("FR".into(), 1)]);
        for bad in ["XX:1", "DE:x", "", "DE:-1"] {
            assert!(Shape::parse_workers(bad).is_err(), "{bad}");
        }
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
