//! `meganet light …`, and the chain seen through a light client.

use super::Session;
use crate::args::LightCommand;
use anyhow::{Context, Result};
use meganet_chain_client::{
    ChainClient, Options, SubxtChain, Trust,
    light::{Database, LightOptions, LightSpec},
};
use meganet_devnet::{ClientConfig, write_atomically};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Does a `light` command.
pub async fn run(session: &Session, command: LightCommand) -> Result<()> {
    match command {
        LightCommand::Spec { output, node } => spec(session, output.as_deref(), &node).await,
    }
}

/// Asks a node once, and writes what light clients begin with.
async fn spec(session: &Session, output: Option<&Path>, nodes: &[String]) -> Result<()> {
    let config = session.config()?;
    let chain = SubxtChain::connect(config.rpc()?, config.genesis()?).await?;
    let spec = chain.light_spec(nodes).await?;
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        return session.output.result(&json!({ "spec": spec.json() }), |_| spec.json().to_owned());
    };
    write_atomically(path, spec.json().as_bytes())?;
    let value = json!({
        "output": path,
        "genesis": format!("0x{}", hex::encode(spec.genesis())),
        "nodes": spec.boot_nodes(),
        "asked": chain.url(),
    });
    session.output.result(&value, |_| {
        let path = path.display();
        format!(
            "wrote {path}: genesis 0x{}, nodes {}\nIts checkpoint is what {} says. To use it: meganet --light --light-spec {path} …",
            hex::encode(spec.genesis()),
            spec.boot_nodes().join(", "),
            chain.url()
        )
    })
}

/// Starts a light client and waits until it has caught up.
pub(super) async fn chain(config: &ClientConfig) -> Result<SubxtChain> {
    let spec = LightSpec::read(config.light_spec()?)?;
    let database = Database::open(&state_dir()?, &spec.genesis());
    if let Some(note) = database.note() {
        eprintln!("note: {note}");
    }
    let light = LightOptions { database: Some(database), ..LightOptions::default() };
    let options = Options { genesis: config.genesis()?, ..Options::default() };
    Ok(SubxtChain::over_light(spec, light, options).await?)
}

/// On what a command's answer relies, for people.
pub fn relies_on(chain: &dyn ChainClient, config: &ClientConfig) -> String {
    match (chain.trust(), &config.rpc) {
        (Trust::Rpc, Some(rpc)) => format!("{} {rpc}", Trust::Rpc),
        (trust, _) => trust.to_string(),
    }
}

/// Where this program keeps what it could find out again.
fn state_dir() -> Result<PathBuf> {
    let dirs =
        directories::ProjectDirs::from("", "", "meganet").context("this account has no home folder; set HOME")?;
    // Only some systems tell state from data.
    Ok(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf())
}
