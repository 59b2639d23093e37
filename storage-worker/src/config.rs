//! The worker's configuration: from flags, environment and a TOML file, in this order.

mod limits;
mod lists;
mod units;

pub use units::{Size, Span};

use crate::{service::Supervision, settings::WorkerSettings};
use meganet_chain_client::{Signer, is_development_secret};
use meganet_net::Multiaddr;
use meganet_primitives::country::Country;
use meganet_wallet::{SecretFileError, read_password_file, read_secret_file};
use serde::Deserialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The default port for other peers, UDP (QUIC) and TCP.
pub const PORT: u16 = 4001;
/// The default port of health and metrics, on this machine only. The next one after that of a node's metrics.
pub const HTTP_PORT: u16 = 9616;

/// The default node, on this machine.
const NODE: &str = "ws://127.0.0.1:9944";

/// The flags that name the operator's account.
const OPERATOR: &str = "--operator-suri-file or --operator-keystore";

/// The options of a worker, by flag, environment or file. In the file they have the names of the flags.
#[derive(Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WorkerOptions {
    /// Folder for identity, index and shards
    #[arg(long, global = true, env = "MEGANET_BASE_PATH", value_name = "DIR")]
    pub base_path: Option<PathBuf>,
    /// WebSocket URL of a node; may be repeated: the first one that answers is used, and another one when it is silent for two
    /// minutes [default: ws://127.0.0.1:9944]
    #[serde(deserialize_with = "lists::one_or_many")]
    #[arg(long, global = true, env = "MEGANET_RPC", value_name = "URL", value_delimiter = ',')]
    pub rpc: Vec<String>,
    /// Follow the chain with a light client that believes no node, from the checkpoint in this file (`meganet light spec`
    /// writes it), and do not use --rpc. Shards that expired are then removed without further need of space
    #[arg(long, global = true, env = "MEGANET_LIGHT_SPEC", value_name = "FILE")]
    pub light_spec: Option<PathBuf>,
    /// The node of --rpc is yours: believe it as a light client is believed. A wrong answer of it can then cost shards that
    /// others paid for
    #[arg(long, global = true, env = "MEGANET_TRUST_NODE", conflicts_with = "light_spec")]
    pub trust_node: bool,
    /// Time for which shards are kept and served after the chain was first seen not to need them any more [default: 3d]
    #[arg(long, global = true, env = "MEGANET_KEEP", value_name = "TIME")]
    pub keep: Option<Span>,
    /// The operator's secret: 12 or 24 words, a 0x seed, or //Name for a development account. Other users of the machine
    /// can see arguments, so use --operator-suri-file or the environment except in tests
    #[arg(
        long,
        global = true,
        env = "MEGANET_OPERATOR_SURI",
        value_name = "SECRET",
        hide_env_values = true,
        conflicts_with_all = ["operator_suri_file", "operator_keystore"]
    )]
    pub operator_suri: Option<String>,
    /// File with the operator's secret, in the form of --operator-suri, which only the worker's user may access (mode 600)
    #[arg(
        long,
        global = true,
        env = "MEGANET_OPERATOR_SURI_FILE",
        value_name = "FILE",
        conflicts_with = "operator_keystore"
    )]
    pub operator_suri_file: Option<PathBuf>,
    /// The operator's keystore (polkadot-js JSON), with --operator-password-file
    #[arg(long, global = true, env = "MEGANET_OPERATOR_KEYSTORE", value_name = "FILE")]
    pub operator_keystore: Option<PathBuf>,
    /// File with the password of --operator-keystore, which only the worker's user may access (mode 600). The password can
    /// also be in the variable MEGANET_OPERATOR_PASSWORD
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
    #[serde(deserialize_with = "lists::not_empty")]
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
    /// Address on which to serve /health and /metrics [default: 127.0.0.1:9616]
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
    /// Shards that are rebuilt at once, 1 to 64 [default: 4]
    #[arg(long, global = true, env = "MEGANET_REBUILDS", value_name = "N")]
    pub rebuilds: Option<usize>,
    /// Failures of a background job in a row after which the worker exits, at least 1 [default: 10]
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
    /// Values with which a worker would not do its work, each with what to write instead.
    #[error("{}", .0.join(". "))]
    Values(Vec<String>),
    /// The country is unknown.
    #[error("{0:?} is not a country: give the two letters of ISO 3166-1, such as DE")]
    Country(String),
    /// A file with a secret cannot be read, or others can access it.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// The operator's key cannot be opened.
    #[error("the operator's key: {0}")]
    Operator(String),
}

/// A place where a secret does not stay secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// The command line.
    Arguments,
    /// The configuration file.
    File,
}

/// Where a worker learns about the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainSource {
    /// From the first of these nodes that answers.
    Nodes(Vec<String>),
    /// From a light client that starts with this spec.
    Light(PathBuf),
}

/// A complete configuration.
pub struct WorkerConfig {
    /// Folder for identity, index and shards.
    pub base_path: PathBuf,
    /// The chain.
    pub source: ChainSource,
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
        let text = read_text(path)?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            // Not the whole error, which quotes the line: that may be the one with the secret.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            WorkerConfigError::Malformed {
                path: path.to_path_buf(),
                reason: format!("line {line}: {}", error.message()),
            }
        })
    }

    /// Completes these options with those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |ours: Vec<Multiaddr>, theirs| if ours.is_empty() { theirs } else { ours };
        // The operator is one choice: a secret here must not be combined with a keystore there.
        let operator = if self.names_operator() { Self::default() } else { other.clone() };
        Self {
            base_path: self.base_path.or(other.base_path),
            rpc: if self.rpc.is_empty() { other.rpc } else { self.rpc },
            light_spec: self.light_spec.or(other.light_spec),
            trust_node: self.trust_node || other.trust_node,
            keep: self.keep.or(other.keep),
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

    /// A warning if --operator-suri is in these options, other than a development account, for the place that they are from.
    pub fn exposed_secret(&self, place: SecretPlace) -> Option<&'static str> {
        let is_exposed = self.operator_suri.as_deref().is_some_and(|suri| !is_development_secret(suri));
        is_exposed.then_some(match place {
            SecretPlace::Arguments => {
                "other users of this machine can read --operator-suri in the list of processes. Put the secret into a file of mode 600, and name that with --operator-suri-file"
            }
            SecretPlace::File => {
                "the configuration holds the secret operator-suri, and such files are copied, backed up and shown to others. Put the secret into a file of mode 600, and name that as operator-suri-file"
            }
        })
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
        settings.keep = self.keep.map_or(settings.keep, |span| span.0);
        settings.trust_node = self.trust_node;
        settings.scrub_rate = self.scrub_rate.map_or(settings.scrub_rate, |size| size.0);
        settings.scrub_interval = self.scrub_interval.map_or(settings.scrub_interval, |span| span.0);
        settings.rebuild_rate = self.rebuild_rate.map_or(settings.rebuild_rate, |size| size.0);
        settings.rebuilds = self.rebuilds.unwrap_or(settings.rebuilds);
        let give_up_at = self.job_failures.unwrap_or(settings.supervision.give_up_at);
        settings.supervision = Supervision { give_up_at, ..settings.supervision };
        let lists = [("--listen", &*self.listen), ("--external", &*self.external), ("--bootnode", &*self.bootnodes)];
        let unusable = [limits::unusable(&settings), limits::empty_addresses(lists)].concat();
        if !unusable.is_empty() {
            return Err(WorkerConfigError::Values(unusable));
        }
        Ok(WorkerConfig {
            base_path,
            source: match self.light_spec {
                Some(spec) => ChainSource::Light(spec),
                None if self.rpc.is_empty() => ChainSource::Nodes(vec![NODE.to_owned()]),
                None => ChainSource::Nodes(self.rpc),
            },
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
                let suri = read_secret_file(path)?;
                Signer::from_suri(&suri).map_err(|error| refused(error.to_string()))
            }
            (None, None, Some(path)) => {
                // Encrypted, so others may read it: wallets export it like any other file.
                let json = read_text(path)?;
                let password = match (&self.operator_password_file, &self.operator_password) {
                    (Some(path), _) => read_password_file(path)?,
                    (None, Some(password)) => Zeroizing::new(password.clone()),
                    (None, None) => return Err(WorkerConfigError::Missing(vec!["--operator-password-file"])),
                };
                let account = meganet_wallet::open_keystore(&json, &password);
                account.map(|account| account.signer().clone()).map_err(|error| refused(error.to_string()))
            }
            (None, None, None) => Err(WorkerConfigError::Missing(vec![OPERATOR])),
            _ => Err(refused("give only one of operator-suri, operator-suri-file and operator-keystore".to_owned())),
        }
    }
}

fn read_text(path: &Path) -> Result<String, WorkerConfigError> {
    std::fs::read_to_string(path).map_err(|source| WorkerConfigError::Read { path: path.to_path_buf(), source })
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
    use std::os::unix::fs::PermissionsExt;

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

    const WORDS: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

    fn operator(change: impl FnOnce(&mut WorkerOptions)) -> Result<WorkerConfig, WorkerConfigError> {
        let mut options = WorkerOptions {
            base_path: Some("base".into()),
            country: Some("DE".to_owned()),
            capacity: Some("1GiB".parse().unwrap()),
            ..WorkerOptions::default()
        };
        change(&mut options);
        options.complete()
    }

    fn secret(dir: &Path, mode: u32, text: &str) -> PathBuf {
        let path = dir.join(format!("secret-{mode:o}"));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_pasted_secret_is_read_from_a_private_file_only() {
        let dir = tempfile::tempdir().unwrap();
        let plain = Signer::from_suri(WORDS).unwrap().account();
        let pasted = format!("\u{feff}{}\r\n", WORDS.to_uppercase().replace("lake ", "lake\r\n"));
        let private = secret(dir.path(), 0o600, &pasted);
        let config = operator(|options| options.operator_suri_file = Some(private.clone())).ok().unwrap();
        assert_eq!(config.operator.account(), plain);
        for mode in [0o644, 0o640, 0o604] {
            let path = secret(dir.path(), mode, &pasted);
            let error = operator(|options| options.operator_suri_file = Some(path.clone())).err().unwrap().to_string();
            assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
            assert!(!error.to_lowercase().contains("curtain"), "{error}");
            let error = operator(|options| {
                options.operator_keystore = Some(private.clone());
                options.operator_password_file = Some(path.clone());
            });
            assert!(matches!(error.err().unwrap(), WorkerConfigError::Secret(SecretFileError::Open { .. })));
        }
    }

    #[test]
    fn an_error_of_the_file_names_the_line_and_not_the_secret_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("worker.toml");
        for (text, line) in [
            (format!("country = 'DE'\noperator-suri = \"{WORDS}\n"), 2),
            (format!("operator-suri = {WORDS}"), 1),
            (format!("\n\noperator-suri = ['{WORDS}']"), 3),
            (format!("operator-suri = '{WORDS}'\nextra = 1"), 2),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = WorkerOptions::from_file(&path).err().unwrap().to_string();
            assert!(error.contains(&format!("line {line}: ")), "{text}: {error}");
            assert!(!error.contains("drive") && !error.contains("curtain"), "{error}");
        }
    }

    #[test]
    fn a_secret_in_a_public_place_is_warned_about_unless_everybody_knows_it() {
        for (suri, warned) in [
            (None, false),
            (Some("//Alice"), false),
            (Some("0xabababababababababababababababababababababababababababababababab"), true),
        ] {
            let options = WorkerOptions { operator_suri: suri.map(str::to_owned), ..WorkerOptions::default() };
            for place in [SecretPlace::Arguments, SecretPlace::File] {
                let warning = options.exposed_secret(place);
                assert_eq!(warning.is_some(), warned, "{suri:?}");
                assert!(warning.is_none_or(|text| text.contains("operator-suri-file") && !text.contains("0xab")));
            }
        }
    }
}
