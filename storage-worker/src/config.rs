//! Where the worker is, who operates it, and how it behaves: from flags, environment and a TOML file, in this order.

mod units;

pub use units::{UnitError, parse_bytes, parse_duration};

use crate::settings::Settings;
use meganet_chain_client::Signer;
use meganet_net::Multiaddr;
use meganet_primitives::country::Country;
use serde::Deserialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The port that workers listen on unless told otherwise, UDP (QUIC) and TCP.
pub const PORT: u16 = 4001;
/// The port of health and metrics unless told otherwise, on this machine only.
pub const HTTP_PORT: u16 = 9615;

/// What a worker can be told, by flag, environment or file. In the file the names are those of the flags.
#[derive(Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Options {
    /// Folder for identity, index and shards.
    #[arg(long, env = "MEGANET_BASE_PATH", value_name = "DIR")]
    pub base_path: Option<PathBuf>,
    /// A node's WebSocket URL [default: ws://127.0.0.1:9944].
    #[arg(long, env = "MEGANET_RPC", value_name = "URL")]
    pub rpc: Option<String>,
    /// The operator's secret: 12 or 24 words, 0x seed, or //Name for a development account. Other users of the machine
    /// can see arguments: use the environment or a file outside of tests.
    #[arg(long, env = "MEGANET_OPERATOR_SURI", value_name = "SECRET", hide_env_values = true)]
    pub operator_suri: Option<String>,
    /// A file with the operator's secret, as above.
    #[arg(long, env = "MEGANET_OPERATOR_SURI_FILE", value_name = "FILE")]
    pub operator_suri_file: Option<PathBuf>,
    /// The operator's keystore (polkadot-js JSON), with --operator-password-file.
    #[arg(long, env = "MEGANET_OPERATOR_KEYSTORE", value_name = "FILE")]
    pub operator_keystore: Option<PathBuf>,
    /// A file with the keystore's password.
    #[arg(long, env = "MEGANET_OPERATOR_PASSWORD_FILE", value_name = "FILE")]
    pub operator_password_file: Option<PathBuf>,
    /// The keystore's password, where a file will not do.
    #[arg(skip)]
    #[serde(skip)]
    pub operator_password: Option<String>,
    /// The country the machine is in, as two letters (ISO 3166-1).
    #[arg(long, env = "MEGANET_COUNTRY", value_name = "CC")]
    pub country: Option<String>,
    /// Disk to lend, such as 100GiB.
    #[arg(long, env = "MEGANET_CAPACITY", value_name = "BYTES")]
    pub capacity: Option<Size>,
    /// Address to listen on, several times if need be [default: UDP (QUIC) and TCP port 4001, IPv4 and IPv6].
    #[arg(long, env = "MEGANET_LISTEN", value_name = "ADDR", value_delimiter = ',')]
    pub listen: Vec<Multiaddr>,
    /// Address under which others reach this worker, where it differs from those above (port forwarding).
    #[arg(long, env = "MEGANET_EXTERNAL", value_name = "ADDR", value_delimiter = ',')]
    pub external: Vec<Multiaddr>,
    /// Address of a worker to join the network through.
    #[arg(long = "bootnode", env = "MEGANET_BOOTNODES", value_name = "ADDR", value_delimiter = ',')]
    pub bootnodes: Vec<Multiaddr>,
    /// Where to serve /health and /metrics [default: 127.0.0.1:9615].
    #[arg(long, env = "MEGANET_HTTP", value_name = "IP:PORT")]
    pub http: Option<SocketAddr>,
    /// Disk, of what is lent, for shards that are not registered yet [default: a tenth, at least 1 GiB].
    #[arg(long, env = "MEGANET_STAGING", value_name = "BYTES")]
    pub staging: Option<Size>,
    /// How long an uploaded shard is kept for which no receipt was asked [default: 24h].
    #[arg(long, env = "MEGANET_STAGED_FOR", value_name = "TIME")]
    pub staged_for: Option<Span>,
    /// Bytes a second that are read again to find damage [default: 16MiB].
    #[arg(long, env = "MEGANET_SCRUB_RATE", value_name = "BYTES")]
    pub scrub_rate: Option<Size>,
    /// Time between the beginnings of two such passes [default: 24h].
    #[arg(long, env = "MEGANET_SCRUB_INTERVAL", value_name = "TIME")]
    pub scrub_interval: Option<Span>,
    /// Bytes a second that rebuilt shards grow by [default: 32MiB].
    #[arg(long, env = "MEGANET_REBUILD_RATE", value_name = "BYTES")]
    pub rebuild_rate: Option<Size>,
    /// Shards that are rebuilt at once [default: 4].
    #[arg(long, env = "MEGANET_REBUILDS", value_name = "N")]
    pub rebuilds: Option<usize>,
}

/// Bytes, written as a number with an optional unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A time, written as a number with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub std::time::Duration);

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path:?}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not as it should be.
    #[error("{path:?} is not a worker's configuration: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Something that has no default is missing.
    #[error("{what} is not set: give --{flag}, or {flag} in the file named by --config")]
    Missing {
        /// What.
        what: &'static str,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// Not a country.
    #[error("{0:?} is no country: give the two letters of ISO 3166-1, such as DE")]
    Country(String),
    /// The operator's key cannot be had.
    #[error("the operator's key: {0}")]
    Operator(String),
}

/// A configuration that is complete.
pub struct Config {
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
    /// Where to serve health and metrics.
    pub http: SocketAddr,
    /// Bounds and paces.
    pub settings: Settings,
}

impl Options {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError::Read`], or [`ConfigError::Malformed`] also where it has a key that nobody knows.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
        toml::from_str(&text)
            .map_err(|error| ConfigError::Malformed { path: path.to_path_buf(), reason: error.to_string() })
    }

    /// Takes from `other` what is not set here.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |ours: Vec<Multiaddr>, theirs| if ours.is_empty() { theirs } else { ours };
        // An operator is one choice: a secret here must not meet a keystore there.
        let ours =
            self.operator_suri.is_some() || self.operator_suri_file.is_some() || self.operator_keystore.is_some();
        let operator = if ours { Self::default() } else { other.clone() };
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
        }
    }

    /// Fills in defaults, and opens the operator's key.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn complete(self) -> Result<Config, ConfigError> {
        let missing = |what, flag| ConfigError::Missing { what, flag };
        let operator = self.operator()?;
        let base_path = self.base_path.ok_or(missing("the folder for shards", "base-path"))?;
        let country = self.country.ok_or(missing("the country", "country"))?;
        let country: Country =
            country.trim().to_ascii_uppercase().parse().map_err(|_| ConfigError::Country(country.clone()))?;
        let capacity = self.capacity.ok_or(missing("the disk to lend", "capacity"))?;
        let mut settings = Settings::new(country, capacity.0);
        settings.staging = self.staging.map_or(settings.staging, |size| size.0);
        settings.staged_for = self.staged_for.map_or(settings.staged_for, |span| span.0);
        settings.scrub_rate = self.scrub_rate.map_or(settings.scrub_rate, |size| size.0);
        settings.scrub_interval = self.scrub_interval.map_or(settings.scrub_interval, |span| span.0);
        settings.rebuild_rate = self.rebuild_rate.map_or(settings.rebuild_rate, |size| size.0);
        settings.rebuilds = self.rebuilds.unwrap_or(settings.rebuilds);
        Ok(Config {
            base_path,
            rpc: self.rpc.unwrap_or_else(|| "ws://127.0.0.1:9944".to_owned()),
            operator,
            listen: if self.listen.is_empty() { default_listen() } else { self.listen },
            external: self.external,
            bootnodes: self.bootnodes,
            http: self.http.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, HTTP_PORT))),
            settings,
        })
    }

    fn operator(&self) -> Result<Signer, ConfigError> {
        let refused = |error: String| ConfigError::Operator(error);
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
                    (None, None) => {
                        return Err(ConfigError::Missing {
                            what: "the keystore's password",
                            flag: "operator-password-file",
                        });
                    }
                };
                let password = password.trim_end_matches(['\r', '\n']);
                let account = meganet_wallet::open_keystore(&json, password);
                account.map(|account| account.signer().clone()).map_err(|error| refused(error.to_string()))
            }
            (None, None, None) => Err(ConfigError::Missing { what: "the operator's key", flag: "operator-suri-file" }),
            _ => Err(refused(
                "give one of operator-suri, operator-suri-file and operator-keystore, not several".to_owned(),
            )),
        }
    }
}

fn read_secret(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })
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
