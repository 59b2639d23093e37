//! Finds the network to use: flags first, then the configuration file, then the running devnet.

use crate::args::Global;
use anyhow::Result;
use meganet_devnet::{ClientConfig, State};
use meganet_terminal::{error_text, print_note};
use std::path::{Path, PathBuf};

/// Combines the configuration file that applies with the flags, which take precedence.
///
/// # Errors
/// The configuration file cannot be read or is not valid.
pub fn find(global: &Global) -> Result<ClientConfig> {
    let mut config = match file(global)? {
        Some(path) => ClientConfig::read(&path)?,
        None => ClientConfig::default(),
    };
    let counts = |id: &str, is_open: bool| flag_counts(global, id, is_open);
    if global.rpc.is_some() && counts("rpc", config.rpc.is_none()) {
        config.rpc.clone_from(&global.rpc);
    }
    if global.light_spec.is_some() && counts("light_spec", config.light_spec.is_none()) {
        config.light_spec.clone_from(&global.light_spec);
    }
    if global.checkpoint.is_some() && counts("checkpoint", config.checkpoint.is_none()) {
        config.checkpoint.clone_from(&global.checkpoint);
    }
    if !global.bootnode.is_empty() && counts("bootnode", config.bootnodes.is_empty()) {
        config.bootnodes.clone_from(&global.bootnode);
    }
    Ok(config)
}

/// Whether the value of a flag counts, which may come from its variable, rather than that of the configuration, which may be open.
///
/// Typed flags win over variables: those fill only what a typed configuration leaves open, and nothing of a typed devnet, which
/// is a network of its own.
fn flag_counts(global: &Global, id: &str, is_open: bool) -> bool {
    if global.is_typed(id) {
        return true;
    }
    match (global.is_typed("config"), global.is_typed("devnet")) {
        (true, _) => is_open,
        (false, true) => false,
        (false, false) => true,
    }
}

/// The first of: the file given by flag, that of the devnet given by flag, the user's own, that of the running devnet in the
/// default folder. A typed flag comes before one that a variable gives.
fn file(global: &Global) -> Result<Option<PathBuf>> {
    let is_only_devnet_typed = global.is_typed("devnet") && !global.is_typed("config");
    if let Some(path) = global.config.as_ref().filter(|_| !is_only_devnet_typed) {
        return Ok(Some(path.clone()));
    }
    if let Some(dir) = &global.devnet {
        let is_node_named = global.rpc.is_some() && (global.is_typed("rpc") || !global.is_typed("devnet"));
        return named_devnet(dir, is_node_named);
    }
    let own = directories::ProjectDirs::from("", "", "meganet").map(|dirs| dirs.config_dir().join("config.toml"));
    if let Some(path) = own.filter(|path| path.is_file()) {
        return Ok(Some(path));
    }
    Ok(State::default_dir().ok().and_then(|dir| default_devnet(&dir)))
}

/// The configuration of the devnet that was asked for. Another network must not take its place silently: a folder without a
/// devnet is an error, unless a node is named too.
fn named_devnet(dir: &Path, is_node_named: bool) -> Result<Option<PathBuf>> {
    let state = match State::require(dir) {
        Err(_) if is_node_named => return Ok(None),
        state => state?,
    };
    if !state.any_alive() && !is_node_named {
        print_note(&format!("the devnet in {} is down; `{}` starts it", dir.display(), State::up_command(dir)));
    }
    Ok(Some(state.client_config()).filter(|path| path.is_file()))
}

/// The configuration of the devnet in the default folder, if it is running. A damaged one is passed over: it was not asked for.
fn default_devnet(dir: &Path) -> Option<PathBuf> {
    match State::load(dir) {
        Ok(state) => state.filter(State::any_alive).map(|state| state.client_config()).filter(|path| path.is_file()),
        Err(error) => {
            print_note(&format!("the devnet in {} is passed over: {}", dir.display(), error_text(&error)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args::Cli;
    use clap::Parser;
    use meganet_devnet::Shape;
    use std::fs;

    fn config(arguments: &[&str]) -> Result<ClientConfig> {
        find(&Cli::try_parse_from([&["meganet"], arguments, &["status"]].concat()).unwrap().global)
    }

    #[test]
    fn every_command_uses_the_devnet_that_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let none = config(&["--devnet", path]).unwrap_err().to_string();
        assert!(none.contains("there is no devnet in") && none.contains(path), "{none}");
        let node = ["--devnet", path, "--rpc", "ws://127.0.0.1:2"];
        assert_eq!(config(&node).unwrap().rpc.as_deref(), Some("ws://127.0.0.1:2"));

        let state = State::create(dir.path(), &Shape { gateway_port: None, ..Shape::small() }).unwrap();
        fs::write(state.client_config(), "rpc = 'ws://127.0.0.1:1'").unwrap();
        assert_eq!(config(&["--devnet", path]).unwrap().rpc.as_deref(), Some("ws://127.0.0.1:1"));
        assert_eq!(config(&node).unwrap().rpc.as_deref(), Some("ws://127.0.0.1:2"));
        let other = dir.path().join("other.toml");
        fs::write(&other, "rpc = 'ws://127.0.0.1:3'").unwrap();
        let file = ["--devnet", path, "--config", other.to_str().unwrap()];
        assert_eq!(config(&file).unwrap().rpc.as_deref(), Some("ws://127.0.0.1:3"));
    }

    #[test]
    fn a_damaged_devnet_is_an_error_only_where_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for damaged in [&b"{\"processes\": ["[..], b"", b"\xff\xfe"] {
            fs::write(dir.path().join("devnet.json"), damaged).unwrap();
            assert_eq!(default_devnet(dir.path()), None);
            let error = config(&["--devnet", dir.path().to_str().unwrap()]).unwrap_err();
            assert!(format!("{error:#}").contains("devnet.json"), "{error:#}");
        }
        fs::remove_file(dir.path().join("devnet.json")).unwrap();
        fs::create_dir(dir.path().join("devnet.json")).unwrap();
        assert_eq!(default_devnet(dir.path()), None);
    }
}
