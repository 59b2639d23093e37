//! The configuration file of `meganet`, which every devnet writes for its own network.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The content of the configuration file, in TOML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// WebSocket URL of a node.
    pub rpc: Option<String>,
    /// Genesis hash of the chain, in hex: nodes of another chain are refused.
    #[serde(default)]
    pub genesis: Option<String>,
    /// Chain spec for light clients; a relative path starts at this file's folder.
    #[serde(default)]
    pub light_spec: Option<PathBuf>,
    /// Checkpoint against which the answers of nodes about names are verified; a relative path starts at this file's folder.
    /// Verified answers move it forward, which rewrites the file.
    #[serde(default)]
    pub checkpoint: Option<PathBuf>,
    /// Addresses of workers through which the others are found.
    #[serde(default)]
    pub bootnodes: Vec<String>,
    /// Domain and port of a gateway of this network (`mega.localhost:8080`), for the URLs that commands print.
    #[serde(default)]
    pub gateway: Option<String>,
}

impl ClientConfig {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// The file cannot be read, or is not valid; the message has the line.
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

    /// The genesis hash that nodes must have; `None` to accept any.
    ///
    /// # Errors
    /// The text is not a hash.
    pub fn genesis(&self) -> Result<Option<[u8; 32]>> {
        let Some(text) = &self.genesis else { return Ok(None) };
        let mut hash = [0; 32];
        hex::decode_to_slice(text.trim_start_matches("0x"), &mut hash)
            .with_context(|| format!("'{text}' is not a genesis hash: write 0x and 64 hex digits"))?;
        Ok(Some(hash))
    }

    /// The node's URL.
    ///
    /// # Errors
    /// None is configured; the message says how to.
    pub fn rpc(&self) -> Result<&str> {
        match &self.rpc {
            Some(rpc) => Ok(rpc),
            None => {
                bail!(
                    "no node to connect to. Pass --rpc ws://HOST:PORT, or start a local network with `meganet devnet up`"
                )
            }
        }
    }

    /// The checkpoint file.
    ///
    /// # Errors
    /// None is configured; the message says how to.
    pub fn checkpoint(&self) -> Result<&Path> {
        match &self.checkpoint {
            Some(checkpoint) => Ok(checkpoint),
            None => bail!(
                "verifying a proof needs a checkpoint. Create one with `meganet checkpoint -o FILE`, which trusts a node once; then pass --checkpoint FILE, or set checkpoint in the configuration file"
            ),
        }
    }

    /// The chain spec for light clients.
    ///
    /// # Errors
    /// None is configured; the message says how to.
    pub fn light_spec(&self) -> Result<&Path> {
        match &self.light_spec {
            Some(spec) => Ok(spec),
            None => bail!(
                "--light needs a chain spec. Create one with `meganet light spec -o FILE`, which trusts a node once; then pass --light-spec FILE, or set light_spec in the configuration file"
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
        let config = ClientConfig {
            rpc: Some("ws://127.0.0.1:1".into()),
            bootnodes: vec!["/ip4/127.0.0.1/udp/1/quic-v1".into()],
            ..ClientConfig::default()
        };
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(ClientConfig::read(&path).unwrap(), config);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.toml");
        std::fs::write(&path, "rcp = 'ws://127.0.0.1:1'\n").unwrap();
        let error = format!("{:#}", ClientConfig::read(&path).unwrap_err());
        assert!(error.contains("rcp"), "{error}");
    }
}
