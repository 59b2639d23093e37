//! All members of a group that its files can do without are away, and others are stored: in another group.

use crate::{Stage, cli::Cli, disk::path, folder};
use anyhow::{Context, Result, ensure};
use meganet_chain_client::At;
use meganet_devnet::Kind;
use meganet_primitives::placement::ProfileId;
use std::path::Path;

/// Its groups have half of the workers.
const PROFILE: ProfileId = ProfileId::Compact;

/// Stores a file, and another while n − k members of the first one's group are killed; starts them again.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let dir = stage.folder("blackout")?;
    let storer = stage.cli.signing_as("//Charlie");
    stores(&storer, &dir.join("before.bin"), 5).await?;
    let chain = stage.devnet.chain().await?;
    let groups = chain.all_groups(At::Finalized).await?;
    let group = groups.iter().find(|group| group.profile == PROFILE).context("a group has the file")?;
    let mut members = Vec::new();
    for index in stage.devnet.state.of_kind(Kind::Worker) {
        let health = stage.health(index).await?;
        let in_group = |member: &serde_json::Value| member["group"] == group.id;
        if health["groups"].as_array().is_some_and(|groups| groups.iter().any(in_group)) {
            members.push(index);
        }
    }
    ensure!(members.len() == group.slots.len(), "group {} has {} members", group.id, members.len());
    let away = members.split_off(usize::from(PROFILE.profile().k));
    stage.devnet.state.kill(&away)?;
    stores(&storer, &dir.join("meanwhile.bin"), 6).await?;
    stage.devnet.state.start(&away).await?;
    stage.facts.say("stored-while-members-were-away", format!("{} of {}", away.len(), group.slots.len()));
    Ok(())
}

/// Stores a file and reads it back.
async fn stores(storer: &Cli, file: &Path, seed: u64) -> Result<()> {
    folder::write_random(file, 1_000_000, seed)?;
    let put = storer.json(&["put", path(file)?, "--profile", &PROFILE.to_string()]).await?;
    let link = put["link"].as_str().context("put prints a link")?;
    let read = file.with_extension("read");
    storer.json(&["get", link, "-o", path(&read)?]).await?;
    ensure!(std::fs::read(&read)? == std::fs::read(file)?, "{} came back with other bytes", file.display());
    Ok(())
}
