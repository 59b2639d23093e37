//! `meganet light …`, and starting the light client for `--light`.

use super::Session;
use crate::args::LightCommand;
use anyhow::{Context, Result};
use meganet_chain_client::{
    ChainClient, ChainOptions, SubxtChain, Trust,
    light::{Database, LightOptions, LightSpec},
};
use meganet_devnet::{ClientConfig, write_atomically};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs a `light` command.
pub async fn run(session: &Session, command: LightCommand) -> Result<()> {
    match command {
        LightCommand::Spec { output, node } => spec(session, output.as_deref(), &node).await,
    }
}

/// Asks a node for the chain spec with a checkpoint, and writes it.
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
            "wrote {path}: genesis 0x{}, boot nodes {}\nIts checkpoint is trusted from {}, and not verified. To use it: meganet --light --light-spec {path} …",
            hex::encode(spec.genesis()),
            spec.boot_nodes().join(", "),
            chain.url()
        )
    })
}

/// Starts a light client and waits until it has synchronized.
pub(super) async fn chain(config: &ClientConfig) -> Result<SubxtChain> {
    let spec = LightSpec::read(config.light_spec()?)?;
    let database = Database::open(&state_dir()?, &spec.genesis());
    if let Some(note) = database.note() {
        eprintln!("note: {note}");
    }
    let light = LightOptions { database: Some(database), ..LightOptions::default() };
    let options = ChainOptions { genesis: config.genesis()?, ..ChainOptions::default() };
    Ok(SubxtChain::over_light(spec, light, options).await?)
}

/// Describes what vouches for an answer: a light client, or which node.
pub fn relies_on(chain: &dyn ChainClient, config: &ClientConfig) -> String {
    match (chain.trust(), &config.rpc) {
        (Trust::Rpc, Some(rpc)) => format!("{} {rpc}", Trust::Rpc),
        (trust, _) => trust.to_string(),
    }
}

/// The folder for what this program can recompute.
fn state_dir() -> Result<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "meganet").context("this user has no home folder; set HOME")?;
    // Only some systems separate state from data.
    Ok(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf())
}
