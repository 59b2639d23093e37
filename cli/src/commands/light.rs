//! `meganet light …`.

use super::Session;
use crate::args::LightCommand;
use anyhow::{Context, Result};
use meganet_chain_client::SubxtChain;
use meganet_wallet::files;
use serde_json::json;
use std::path::Path;

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
    files::replace(path, spec.json().as_bytes()).with_context(|| format!("could not write {}", path.display()))?;
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
