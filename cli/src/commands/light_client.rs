//! The light client of `--light`, and the basis of answers.

use anyhow::{Context, Result};
use meganet_chain_client::{
    ChainClient, ChainOptions, SubxtChain, Trust,
    light::{Database, LightOptions, LightSpec},
};
use meganet_devnet::ClientConfig;
use meganet_terminal::print_note;
use std::path::PathBuf;

/// Starts a light client and waits until it has synchronized.
pub(super) async fn connect(config: &ClientConfig) -> Result<SubxtChain> {
    let spec = LightSpec::read(config.light_spec()?)?;
    let database = Database::open(&state_dir()?, &spec.genesis());
    if let Some(note) = database.note() {
        print_note(note);
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
