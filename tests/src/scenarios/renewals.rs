//! A site that is updated for years: content that is paid for long enough is not uploaded again, from whichever machine it
//! is published; content that would expire is; and new content of a site with automatic renewal is not forgotten.

use crate::{Stage, cli::Cli, folder};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;

const LABEL: &str = "renewals";
/// Bytes of the file that never changes.
const LASTING: u64 = 300_000;
/// Bytes that an update of the other file stays below.
const SMALL: u64 = 20_000;

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let dir = stage.folder(LABEL)?;
    folder::write_random(&dir.join("lasting.bin"), LASTING, 77)?;
    let site = Site(dir.to_str().context("a Unicode path")?.to_owned());
    let here = &stage.cli;

    // Two epochs are too few for the next version to reuse the content, unless it is renewed.
    site.change(1)?;
    let first = site.publish(here, &["--epochs", "2"]).await?;
    ensure!(uploaded(&first)? > LASTING && first["batches_left_out"] == 0, "the first version: {first}");
    here.json(&["renew", LABEL, "--auto", "1", "--epochs", "10"]).await?;

    site.change(2)?;
    let run = here.run(&site.command(&[])).await?;
    ensure!(run.code == 0 && run.stderr.contains("renew renewals --auto AMOUNT"), "what is new expires: {run:?}");
    let kept = site.publish(here, &["--auto", "2"]).await?;
    ensure!(kept["unchanged"] == true, "nothing is new: {kept}");
    ensure!(kept["auto"]["opened"] == 1 && kept["auto"]["topped_up"] == 1, "one batch is new: {kept}");
    let again = site.publish(here, &[]).await?;
    ensure!(again["batches_left_out"] == 0, "all of it renews itself: {again}");
    stage.facts.say("renewed-with-the-rest", &kept["auto"]["opened"]);

    // Another machine knows only what it learns from the chain and the workers.
    site.change(3)?;
    let update = site.publish(&elsewhere(stage, "elsewhere")?, &[]).await?;
    stage.facts.say("uploaded-where-the-rest-renews-itself", uploaded(&update)?);
    ensure!((1..SMALL).contains(&uploaded(&update)?), "the lasting file renews itself: {update}");

    here.json(&["renew", LABEL, "--cancel"]).await?;
    site.change(4)?;
    let update = site.publish(&elsewhere(stage, "elsewhere-again")?, &[]).await?;
    stage.facts.say("uploaded-where-the-rest-would-expire", uploaded(&update)?);
    ensure!(uploaded(&update)? > LASTING, "the lasting file would expire: {update}");
    Ok(())
}

/// The command line on another machine.
fn elsewhere(stage: &Stage, name: &str) -> Result<Cli> {
    Ok(stage.cli.with_state(&stage.folder(name)?))
}

fn uploaded(published: &Value) -> Result<u64> {
    published["uploaded_bytes"].as_u64().context("publish reports uploaded_bytes")
}

/// The folder, as an argument.
struct Site(String);

impl Site {
    /// Rewrites the file that changes.
    fn change(&self, version: u32) -> Result<()> {
        folder::write(Path::new(&self.0), "index.html", format!("version {version}").as_bytes())
    }

    fn command<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["publish", &self.0, LABEL], more].concat()
    }

    async fn publish(&self, cli: &Cli, more: &[&str]) -> Result<Value> {
        cli.json(&self.command(more)).await
    }
}
