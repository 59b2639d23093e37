//! Finds the network to use: flags first, then the configuration file, then the running devnet.

use crate::args::Global;
use anyhow::Result;
use meganet_devnet::{ClientConfig, State};
use std::path::PathBuf;

/// Combines the configuration file that applies with the flags, which take precedence.
///
/// # Errors
/// The configuration file cannot be read or is not valid.
pub fn find(global: &Global) -> Result<ClientConfig> {
    let mut config = match file(global)? {
        Some(path) => ClientConfig::read(&path)?,
        None => ClientConfig::default(),
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

/// The first of: the file given by flag, the user's own, that of the running devnet in the default folder.
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
