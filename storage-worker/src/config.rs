//! The worker's configuration: from flags, environment and a TOML file, in this order.

mod units;

pub use units::{Size, Span};

use crate::{service::Supervision, settings::WorkerSettings};
use meganet_chain_client::Signer;
use meganet_net::Multiaddr;
use meganet_primitives::country::Country;
use serde::Deserialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The default port for other peers, UDP (QUIC) and TCP.
pub const PORT: u16 = 4001;
/// The default port of health and metrics, on this machine only.
pub const HTTP_PORT: u16 = 9615;

/// The flags that name the operator's account.
const OPERATOR: &str = "--operator-suri-file or --operator-keystore";

/// The options of a worker, by flag, environment or file. In the file they have the names of the flags.
#[derive(Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WorkerOptions {
    /// Folder for identity, index and shards
    #[arg(long, global = true, env = "MEGANET_BASE_PATH", value_name = "DIR")]
    pub base_path: Option<PathBuf>,
    /// WebSocket URL of a node [default: ws://127.0.0.1:9944]
    #[arg(long, global = true, env = "MEGANET_RPC", value_name = "URL")]
    pub rpc: Option<String>,
    /// The operator's secret: 12 or 24 words, a 0x seed, or //Name for a development account. Other users of the machine
    /// can see arguments, so use the environment or a file except in tests
    #[arg(long, global = true, env = "MEGANET_OPERATOR_SURI", value_name = "SECRET", hide_env_values = true)]
    pub operator_suri: Option<String>,
    /// File with the operator's secret, in the form of --operator-suri
    #[arg(long, global = true, env = "MEGANET_OPERATOR_SURI_FILE", value_name = "FILE")]
    pub operator_suri_file: Option<PathBuf>,
    /// The operator's keystore (polkadot-js JSON), with --operator-password-file
    #[arg(long, global = true, env = "MEGANET_OPERATOR_KEYSTORE", value_name = "FILE")]
    pub operator_keystore: Option<PathBuf>,
    /// File with the password of --operator-keystore; it can also be in the variable MEGANET_OPERATOR_PASSWORD
    #[arg(long, global = true, env = "MEGANET_OPERATOR_PASSWORD_FILE", value_name = "FILE")]
    pub operator_password_file: Option<PathBuf>,
    /// The password of the operator's keystore, from the environment.
    #[arg(skip)]
    #[serde(skip)]
    pub operator_password: Option<String>,
    /// Country that the machine is in, as two letters (ISO 3166-1)
    #[arg(long, global = true, env = "MEGANET_COUNTRY", value_name = "CC")]
    pub country: Option<String>,
    /// Disk space to lend, such as 100GiB
    #[arg(long, global = true, env = "MEGANET_CAPACITY", value_name = "BYTES")]
    pub capacity: Option<Size>,
    /// Address to listen on; may be repeated [default: UDP (QUIC) and TCP port 4001, IPv4 and IPv6]
    #[arg(long, global = true, env = "MEGANET_LISTEN", value_name = "ADDR", value_delimiter = ',')]
    pub listen: Vec<Multiaddr>,
    /// Address under which others reach this worker, if it differs from those of --listen, as with port forwarding; may be
    /// repeated
    #[arg(long, global = true, env = "MEGANET_EXTERNAL", value_name = "ADDR", value_delimiter = ',')]
    pub external: Vec<Multiaddr>,
    /// Address of a worker through which to join the network; may be repeated
    #[serde(alias = "bootnode")]
    #[arg(
        long = "bootnode",
        global = true,
        alias = "bootnodes",
        env = "MEGANET_BOOTNODES",
        value_name = "ADDR",
        value_delimiter = ','
    )]
    pub bootnodes: Vec<Multiaddr>,
    /// Address on which to serve /health and /metrics [default: 127.0.0.1:9615]
    #[arg(long, global = true, env = "MEGANET_HTTP", value_name = "IP:PORT")]
    pub http: Option<SocketAddr>,
    /// Part of the lent space for shards that are not registered yet [default: a tenth, at least 1 GiB]
    #[arg(long, global = true, env = "MEGANET_STAGING", value_name = "BYTES")]
    pub staging: Option<Size>,
    /// Time for which an uploaded shard is kept without a receipt [default: 24h]
    #[arg(long, global = true, env = "MEGANET_STAGED_FOR", value_name = "TIME")]
    pub staged_for: Option<Span>,
    /// Bytes per second at which stored shards are read again, to find damage [default: 16MiB]
    #[arg(long, global = true, env = "MEGANET_SCRUB_RATE", value_name = "BYTES")]
    pub scrub_rate: Option<Size>,
    /// Time from the start of one such reading of all shards to the start of the next [default: 24h]
    #[arg(long, global = true, env = "MEGANET_SCRUB_INTERVAL", value_name = "TIME")]
    pub scrub_interval: Option<Span>,
    /// Bytes per second of all rebuilt shards together [default: 32MiB]
    #[arg(long, global = true, env = "MEGANET_REBUILD_RATE", value_name = "BYTES")]
    pub rebuild_rate: Option<Size>,
    /// Shards that are rebuilt at once [default: 4]
    #[arg(long, global = true, env = "MEGANET_REBUILDS", value_name = "N")]
    pub rebuilds: Option<usize>,
    /// Failures of a background job in a row after which the worker exits [default: 10]
    #[arg(long, global = true, env = "MEGANET_JOB_FAILURES", value_name = "N")]
    pub job_failures: Option<u32>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkerConfigError {
    /// The file cannot be read.
    #[error("cannot read {path:?}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file does not parse, or has an unknown key.
    #[error("{path:?} is not a worker's configuration: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        reason: String,
    },
    /// Options without a default are missing: these flags.
    #[error(
        "required options are missing: {}. Pass them, or set them in the file named by --config. docs/worker.md has an example of that file",
        .0.join(", ")
    )]
    Missing(Vec<&'static str>),
    /// The country is unknown.
    #[error("{0:?} is not a country: give the two letters of ISO 3166-1, such as DE")]
    Country(String),
    /// The operator's key cannot be opened.
    #[error("the operator's key: {0}")]
    Operator(String),
}

/// A complete configuration.
pub struct WorkerConfig {
    /// Folder for identity, index and shards.
    pub base_path: PathBuf,
    /// The node's URL.
    pub rpc: String,
    /// The operator's key.
    pub operator: Signer,
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Addresses under which others reach the worker.
    pub external: Vec<Multiaddr>,
    /// Workers to join the network through.
    pub bootnodes: Vec<Multiaddr>,
    /// The address of health and metrics.
    pub http: SocketAddr,
    /// Limits and paces.
    pub settings: WorkerSettings,
}

impl WorkerOptions {
    /// Reads a file.
    ///
    /// # Errors
    /// [`WorkerConfigError::Read`], or [`WorkerConfigError::Malformed`] if it does not parse or has an unknown key.
    pub fn from_file(path: &Path) -> Result<Self, WorkerConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| WorkerConfigError::Read { path: path.to_path_buf(), source })?;
        toml::from_str(&text)
            .map_err(|error| WorkerConfigError::Malformed { path: path.to_path_buf(), reason: error.to_string() })
    }

    /// Completes these options with those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |ours: Vec<Multiaddr>, theirs| if ours.is_empty() { theirs } else { ours };
        // The operator is one choice: a secret here must not be combined with a keystore there.
        let operator = if self.names_operator() { Self::default() } else { other.clone() };
        Self {
            base_path: self.base_path.or(other.base_path),
            rpc: self.rpc.or(other.rpc),
            operator_suri: self.operator_suri.or(operator.operator_suri),
            operator_suri_file: self.operator_suri_file.or(operator.operator_suri_file),
            operator_keystore: self.operator_keystore.or(operator.operator_keystore),
            operator_password_file: self.operator_password_file.or(other.operator_password_file),
            operator_password: self.operator_password.or(other.operator_password),
            country: self.country.or(other.country),
            capacity: self.capacity.or(other.capacity),
            listen: list(self.listen, other.listen),
            external: list(self.external, other.external),
            bootnodes: list(self.bootnodes, other.bootnodes),
            http: self.http.or(other.http),
            staging: self.staging.or(other.staging),
            staged_for: self.staged_for.or(other.staged_for),
            scrub_rate: self.scrub_rate.or(other.scrub_rate),
            scrub_interval: self.scrub_interval.or(other.scrub_interval),
            rebuild_rate: self.rebuild_rate.or(other.rebuild_rate),
            rebuilds: self.rebuilds.or(other.rebuilds),
            job_failures: self.job_failures.or(other.job_failures),
        }
    }

    fn names_operator(&self) -> bool {
        self.operator_suri.is_some() || self.operator_suri_file.is_some() || self.operator_keystore.is_some()
    }

    /// The flags without a default that are not set.
    fn missing(&self) -> Vec<&'static str> {
        let required = [
            (self.base_path.is_some(), "--base-path"),
            (self.names_operator(), OPERATOR),
            (self.country.is_some(), "--country"),
            (self.capacity.is_some(), "--capacity"),
        ];
        required.into_iter().filter(|(is_set, _)| !is_set).map(|(_, flag)| flag).collect()
    }

    /// The address of health and metrics.
    pub fn http_address(&self) -> SocketAddr {
        self.http.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, HTTP_PORT)))
    }

    /// Fills in defaults, and opens the operator's key.
    ///
    /// # Errors
    /// [`WorkerConfigError`].
    pub fn complete(self) -> Result<WorkerConfig, WorkerConfigError> {
        // All that is missing is reported at once.
        let (Some(base_path), Some(country), Some(capacity), true) =
            (self.base_path.clone(), self.country.clone(), self.capacity, self.names_operator())
        else {
            return Err(WorkerConfigError::Missing(self.missing()));
        };
        let (operator, http) = (self.operator()?, self.http_address());
        let country: Country =
            country.trim().to_ascii_uppercase().parse().map_err(|_| WorkerConfigError::Country(country.clone()))?;
        let mut settings = WorkerSettings::new(country, capacity.0);
        settings.staging = self.staging.map_or(settings.staging, |size| size.0);
        settings.staged_for = self.staged_for.map_or(settings.staged_for, |span| span.0);
        settings.scrub_rate = self.scrub_rate.map_or(settings.scrub_rate, |size| size.0);
        settings.scrub_interval = self.scrub_interval.map_or(settings.scrub_interval, |span| span.0);
        settings.rebuild_rate = self.rebuild_rate.map_or(settings.rebuild_rate, |size| size.0);
        settings.rebuilds = self.rebuilds.unwrap_or(settings.rebuilds);
        let give_up_at = self.job_failures.unwrap_or(settings.supervision.give_up_at);
        settings.supervision = Supervision { give_up_at, ..settings.supervision };
        Ok(WorkerConfig {
            base_path,
            rpc: self.rpc.unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned()),
            operator,
            listen: if self.listen.is_empty() { default_listen() } else { self.listen },
            external: self.external,
            bootnodes: self.bootnodes,
            http,
            settings,
        })
    }

    fn operator(&self) -> Result<Signer, WorkerConfigError> {
        let refused = |error: String| WorkerConfigError::Operator(error);
        match (&self.operator_suri, &self.operator_suri_file, &self.operator_keystore) {
            (Some(suri), None, None) => Signer::from_suri(suri).map_err(|error| refused(error.to_string())),
            (None, Some(path), None) => {
                let suri = read_secret(path)?;
                Signer::from_suri(&suri).map_err(|error| refused(error.to_string()))
            }
            (None, None, Some(path)) => {
                let json = read_secret(path)?;
                let password = match (&self.operator_password_file, &self.operator_password) {
                    (Some(path), _) => read_secret(path)?,
                    (None, Some(password)) => Zeroizing::new(password.clone()),
                    (None, None) => return Err(WorkerConfigError::Missing(vec!["--operator-password-file"])),
                };
                let password = password.trim_end_matches(['\r', '\n']);
                let account = meganet_wallet::open_keystore(&json, password);
                account.map(|account| account.signer().clone()).map_err(|error| refused(error.to_string()))
            }
            (None, None, None) => Err(WorkerConfigError::Missing(vec![OPERATOR])),
            _ => Err(refused("give only one of operator-suri, operator-suri-file and operator-keystore".to_owned())),
        }
    }
}

fn read_secret(path: &Path) -> Result<Zeroizing<String>, WorkerConfigError> {
    std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| WorkerConfigError::Read { path: path.to_path_buf(), source })
}

fn default_listen() -> Vec<Multiaddr> {
    ["/ip4/0.0.0.0/udp", "/ip6/::/udp", "/ip4/0.0.0.0/tcp", "/ip6/::/tcp"]
        .iter()
        .filter_map(|base| {
            let quic = if base.ends_with("udp") { "/quic-v1" } else { "" };
            format!("{base}/{PORT}{quic}").parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everything_that_is_missing_is_reported_at_once() {
        let refusal = |options: WorkerOptions| options.complete().err().unwrap().to_string();
        let none = refusal(WorkerOptions::default());
        for text in
            ["--base-path, ", "--operator-suri-file or ", "--country, ", "--capacity. ", "--config", "docs/worker.md"]
        {
            assert!(none.contains(text), "{none}");
        }
        let some = refusal(WorkerOptions {
            base_path: Some("base".into()),
            operator_suri: Some("//Alice".to_owned()),
            ..WorkerOptions::default()
        });
        assert!(some.starts_with("required options are missing: --country, --capacity. "), "{some}");
    }
}
