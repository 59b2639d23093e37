//! Where the network is: flags first, then the configuration file, then the running devnet.

use crate::{args::Global, devnet::State};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The configuration file, in TOML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// WebSocket URL of a node.
    pub rpc: Option<String>,
    /// Genesis hash of the chain, hex: a node of another chain is refused.
    #[serde(default)]
    pub genesis: Option<String>,
    /// Spec of the chain for light clients; a path that is not absolute begins at this file's folder.
    #[serde(default)]
    pub light_spec: Option<PathBuf>,
    /// Checkpoint from which nodes have to prove what they say of names; a path that is not absolute begins at this file's
    /// folder. It is written again whenever an answer makes it newer.
    #[serde(default)]
    pub checkpoint: Option<PathBuf>,
    /// Addresses of workers to begin at.
    #[serde(default)]
    pub bootnodes: Vec<String>,
    /// Base URL of a gateway of this network, for what is printed.
    #[serde(default)]
    pub gateway: Option<String>,
}

impl Config {
    /// Reads a file; a mistake in it is named with its line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read the configuration {}", path.display()))?;
        let mut config: Self =
            toml::from_str(&text).with_context(|| format!("{} is not a valid configuration", path.display()))?;
        for file in [&mut config.light_spec, &mut config.checkpoint] {
            if let (Some(file), Some(folder)) = (file, path.parent()) {
                *file = folder.join(&*file);
            }
        }
        Ok(config)
    }

    /// What the flags, the configuration file and the devnet say together.
    pub fn find(global: &Global) -> Result<Self> {
        let mut config = match Self::file(global)? {
            Some(path) => Self::read(&path)?,
            None => Self::default(),
        };
        if let Some(rpc) = &global.rpc {
            config.rpc = Some(rpc.clone());
        }
        if let Some(spec) = &global.light_spec {
            config.light_spec = Some(spec.clone());
        }
        if let Some(checkpoint) = &global.checkpoint {
            config.checkpoint = Some(checkpoint.clone());
        }
        if !global.bootnode.is_empty() {
            config.bootnodes.clone_from(&global.bootnode);
        }
        Ok(config)
    }

    /// The file that applies: the one that was named, the user's own, the running devnet's.
    fn file(global: &Global) -> Result<Option<PathBuf>> {
        if let Some(path) = &global.config {
            return Ok(Some(path.clone()));
        }
        let own = directories::ProjectDirs::from("", "", "meganet").map(|dirs| dirs.config_dir().join("config.toml"));
        if let Some(path) = own.filter(|path| path.is_file()) {
            return Ok(Some(path));
        }
        let devnet = match State::default_dir() {
            Ok(dir) => State::load(&dir)?.filter(State::any_alive),
            Err(_) => None,
        };
        Ok(devnet.map(|state| state.client_config()).filter(|path| path.is_file()))
    }

    /// The genesis hash that the node must have.
    pub fn genesis(&self) -> Result<Option<[u8; 32]>> {
        let Some(text) = &self.genesis else { return Ok(None) };
        let mut hash = [0; 32];
        hex::decode_to_slice(text.trim_start_matches("0x"), &mut hash)
            .with_context(|| format!("'{text}' is no genesis hash: write 0x and 64 hex digits"))?;
        Ok(Some(hash))
    }

    /// The node's URL, or what to do where none is known.
    pub fn rpc(&self) -> Result<&str> {
        match &self.rpc {
            Some(rpc) => Ok(rpc),
            None => {
                bail!("no node is known. Pass --rpc ws://HOST:PORT, or start a local network with `meganet devnet up`")
            }
        }
    }

    /// The checkpoint, or what to do where none is known.
    pub fn checkpoint(&self) -> Result<&Path> {
        match &self.checkpoint {
            Some(checkpoint) => Ok(checkpoint),
            None => bail!(
                "proofs are checked from a checkpoint on. Make one with `meganet checkpoint -o FILE`, which believes a node once, and pass --checkpoint FILE or name it in the configuration as checkpoint"
            ),
        }
    }

    /// The spec for light clients, or what to do where none is known.
    pub fn light_spec(&self) -> Result<&Path> {
        match &self.light_spec {
            Some(spec) => Ok(spec),
            None => bail!(
                "--light needs a spec of the chain. Make one with `meganet light spec -o FILE`, which asks a node once, and pass --light-spec FILE or name it in the configuration as light_spec"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_configuration_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.toml");
        let config = Config {
            rpc: Some("ws://127.0.0.1:1".into()),
            bootnodes: vec!["/ip4/127.0.0.1/udp/1/quic-v1".into()],
            ..Config::default()
        };
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(Config::read(&path).unwrap(), config);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.toml");
        std::fs::write(&path, "rcp = 'ws://127.0.0.1:1'\n").unwrap();
        let error = format!("{:#}", Config::read(&path).unwrap_err());
        assert!(error.contains("rcp"), "{error}");
    }
}
