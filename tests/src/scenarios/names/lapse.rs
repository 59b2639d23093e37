//! A name that is not renewed expires, lapses, and gets a new owner.

use super::FLEETING;
use crate::{Stage, cli::Cli, http::Browser};
use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::{Duration, Instant};

/// More than a year, a grace period and a premium period of the chain `local-names`, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs this part of the scenario.
pub(super) async fn play(stage: &Stage, browser: &Browser, bob: &Cli) -> Result<()> {
    let (alice, started) = (&stage.cli, Instant::now());
    until(alice, "grace").await?;
    stage.facts.seconds("waited-for-grace-seconds", started.elapsed());
    // It still works, also for readers.
    ensure!(browser.get(FLEETING, "").await? == b"left alone", "a name in its grace does not open");

    until(alice, "premium").await?;
    let gone = gone(browser).await?;
    ensure!(gone == StatusCode::GONE, "a lapsed name is answered with {gone}");
    let price = bob.json(&["name", "price", FLEETING]).await?;
    let premium: u128 = price["premium"].as_str().context("a price has a premium")?.parse()?;
    ensure!(premium > 0, "a name that has just lapsed costs a premium: {price}");
    stage.facts.say("premium-planck", premium);
    // Without consent no premium is paid.
    bob.refused(&["name", "register", FLEETING], &["premium"]).await?;
    let registered = bob.json(&["name", "register", FLEETING, "--years", "10", "--max-price", "2000"]).await?;
    ensure!(registered["registered"] == true, "it was not registered: {registered}");

    let info = bob.json(&["name", "info", FLEETING]).await?;
    ensure!(info["owner"] == registered["owner"] && info["version"] == 0, "something is left of it: {info}");
    ensure!(info["content"] == Value::Null && info["status"] == "active", "something is left of it: {info}");
    let response = browser.request(Method::GET, FLEETING, "").send().await?;
    let (status, body) = (response.status(), response.text().await?);
    ensure!(
        status == StatusCode::NOT_FOUND && !body.contains("left alone"),
        "the new owner's name shows {status}: {body}"
    );
    alice.refused(&["rollback", FLEETING], &["belongs to"]).await?;
    stage.facts.say("lapsed-name", "went to a new owner with nothing of the old one");
    Ok(())
}

/// Waits until the name has this status.
async fn until(cli: &Cli, wanted: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let info = cli.json(&["name", "info", FLEETING]).await?;
        if info["status"] == wanted {
            return Ok(());
        }
        ensure!(info["status"] != "lapsed" && Instant::now() < deadline, "it was never seen in {wanted}: {info}");
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
}

/// The status of the gateway once it has noticed: it caches names for some seconds.
async fn gone(browser: &Browser) -> Result<StatusCode> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let status = browser.request(Method::GET, FLEETING, "").send().await?.status();
        if status != StatusCode::OK || Instant::now() >= deadline {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
