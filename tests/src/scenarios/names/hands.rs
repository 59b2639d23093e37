//! Delegates, rollback and subnames.

use super::{BELOW, LASTING, shows, site, text};
use crate::{Stage, http::Browser};
use anyhow::{Context, Result, ensure};

/// Runs this part of the scenario.
pub(super) async fn play(stage: &Stage, browser: &Browser) -> Result<()> {
    let (alice, bob, charlie) = (&stage.cli, stage.cli.signing_as("//Bob"), stage.cli.signing_as("//Charlie"));
    let address = bob.json(&["name", "reverse"]).await?["account"].as_str().context("an address")?.to_owned();
    let first = site(stage, "first", "the first")?;
    let second = site(stage, "second", "the second")?;
    let third = site(stage, "third", "from below")?;
    alice.json(&["publish", text(&first)?, LASTING, "--years", "10"]).await?;

    // A delegate publishes, and cannot do what only owners may.
    bob.refused(&["publish", text(&second)?, LASTING], &["belongs to"]).await?;
    alice.json(&["name", "delegate", "add", LASTING, &address]).await?;
    let published = bob.json(&["publish", text(&second)?, LASTING]).await?;
    ensure!(published["version"] == 2, "the delegate's version is the second: {published}");
    shows(browser, LASTING, b"the second").await?;
    bob.json(&["name", "text", LASTING, "description", "by a delegate"]).await?;
    bob.refused(&["name", "transfer", LASTING, &address], &["owner"]).await?;
    bob.refused(&["name", "release", LASTING], &["owner"]).await?;
    bob.refused(&["name", "delegate", "remove", LASTING, &address], &["owner"]).await?;
    bob.refused(&["name", "reverse", "--set", LASTING], &["own"]).await?;
    stage.facts.say("delegate", "published, and could not act as the owner");

    // A rollback takes one transaction and moves no data.
    let back = alice.json(&["rollback", LASTING]).await?;
    ensure!(back["restored"] == 1 && back["version"] == 3, "it went elsewhere: {back}");
    shows(browser, LASTING, b"the first").await?;
    let history = alice.json(&["history", LASTING]).await?;
    let versions: Vec<u64> =
        history.as_array().context("a list")?.iter().filter_map(|one| one["version"].as_u64()).collect();
    ensure!(versions == [3, 2, 1], "the history is {history}");
    stage.facts.say("rollback", "one transaction");

    alice.json(&["name", "delegate", "remove", LASTING, &address]).await?;
    bob.refused(&["publish", text(&second)?, LASTING], &["belongs to"]).await?;

    // A subname is a site of its own, with an origin of its own, and can have its own delegate.
    let charlies = charlie.json(&["name", "reverse"]).await?["account"].as_str().context("an address")?.to_owned();
    alice.json(&["publish", text(&first)?, BELOW]).await?;
    alice.json(&["name", "sub", "delegate", BELOW, &charlies]).await?;
    charlie.json(&["publish", text(&third)?, BELOW]).await?;
    shows(browser, BELOW, b"from below").await?;
    shows(browser, LASTING, b"the first").await?;
    charlie.refused(&["publish", text(&third)?, LASTING], &["belongs to"]).await?;
    stage.facts.say("subname", "its own site, filled by its delegate alone");

    alice.json(&["name", "reverse", "--set", LASTING]).await?;
    let info = alice.json(&["name", "info", LASTING]).await?;
    ensure!(info["reverse"] == true, "the owner goes by its name: {info}");
    ensure!(info["records"][0]["value"] == "by a delegate", "the record is kept: {info}");
    Ok(())
}
