//! The main job: publish a site under a name, open it, lose two countries, open it again, repair.
//!
//! 1. Three validators finalize; six workers in three countries fill a placement group.
//! 2. A site is published and every file comes back through the gateway.
//! 3. Every worker of two countries is killed (SIGKILL), the gateway starts with empty caches: every file comes back.
//! 4. While one worker is down the site changes, and another worker's disk is lost. All start again: both rebuild what
//!    they lack, without the owner. Then only the healed and one more are left alive: every file comes back.
//! 5. A bit flips in a shard on a worker's disk: it is found, the shard rebuilt, and the site opens all the while.
//! 6. A `kill -9` of every process at once loses nothing.

use crate::{Stage, folder};
use anyhow::{Context, Result, ensure};
use meganet_devnet::{Kind, program};
use std::{path::Path, process::Command, time::Duration};

const LABEL: &str = "main-job";
/// Timeout for finality and for repairs. Either takes seconds, and minutes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    let example = folder::of_checkout("examples/site")?;
    for path in folder::list(&example)?.keys() {
        folder::write(&site, path, &std::fs::read(example.join(path))?)?;
    }
    folder::write_random(&site.join("media/three-stripes.bin"), 400_000, 1)?;

    finality(stage).await?;
    publish(stage, &site).await?;
    two_countries_vanish(stage, &site).await?;
    heal(stage, &site).await?;
    bit_flip(stage, &site).await?;
    power_cut(stage, &site).await
}

async fn finality(stage: &Stage) -> Result<()> {
    let chain = stage.devnet.chain().await?;
    let before = chain.finalized().await?.number;
    let deadline = std::time::Instant::now() + PATIENCE;
    while chain.finalized().await?.number < before + 3 {
        ensure!(std::time::Instant::now() < deadline, "finality does not advance beyond block {before}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let workers = chain.all_workers(meganet_chain_client::At::Finalized).await?;
    let countries: std::collections::BTreeSet<_> = workers.iter().map(|worker| worker.country).collect();
    stage.facts.say("validators", stage.devnet.state.of_kind(Kind::Validator).len());
    stage.facts.say("finalized-block", chain.finalized().await?.number);
    stage.facts.say("workers", workers.len());
    stage.facts.say("countries", countries.len());
    ensure!(workers.len() >= 6 && countries.len() >= 3, "six workers in three countries must be registered");
    Ok(())
}

async fn publish(stage: &Stage, site: &Path) -> Result<()> {
    let started = std::time::Instant::now();
    let report = stage.publish(site, LABEL).await?;
    stage.facts.seconds("publish-seconds", started.elapsed());
    stage.facts.say("uploaded-bytes", &report["uploaded_bytes"]);

    let browser = stage.browser()?;
    stage.facts.milliseconds("first-byte-ms", browser.first_byte(LABEL, "index.html").await?);
    stage.facts.milliseconds("first-byte-cached-ms", browser.first_byte(LABEL, "index.html").await?);
    let (files, bytes) = browser.same_folder(LABEL, site).await?;
    stage.facts.say("files", files);
    stage.facts.say("bytes", bytes);
    ensure!(browser.get(LABEL, "").await? == std::fs::read(site.join("index.html"))?, "/ serves index.html");
    Ok(())
}

async fn two_countries_vanish(stage: &mut Stage, site: &Path) -> Result<()> {
    // A member that was slower than the quorum may still be rebuilding its shards.
    stage.wait_whole(&stage.devnet.state.of_kind(Kind::Worker), PATIENCE).await?;
    let gone = stage.workers_in(&["DE", "FR"]);
    stage.devnet.state.kill(&gone)?;
    stage.facts.say("killed-workers", gone.len());
    stage.restart_gateway().await?;
    let browser = stage.browser()?;
    stage.facts.milliseconds("first-byte-two-countries-gone-ms", browser.first_byte(LABEL, "index.html").await?);
    let (files, bytes) = browser.same_folder(LABEL, site).await?;
    stage.facts.say("files-two-countries-gone", files);
    stage.facts.say("bytes-two-countries-gone", bytes);
    stage.devnet.state.start(&gone).await
}

async fn heal(stage: &mut Stage, site: &Path) -> Result<()> {
    let workers = stage.devnet.state.of_kind(Kind::Worker);
    stage.wait_whole(&workers, PATIENCE).await?;
    let offline = *stage.workers_in(&["DE"]).first().context("a worker in DE")?;
    let diskless = *stage.workers_in(&["FR"]).first().context("a worker in FR")?;

    stage.devnet.state.kill(&[offline])?;
    folder::write(site, "news.html", b"<!doctype html><title>News</title><p>Written while a worker was away.")?;
    let report = stage.publish(site, LABEL).await?;
    stage.facts.say("published-while-a-worker-was-away", &report["version"]);

    stage.devnet.state.kill(&[diskless])?;
    lose_disk(&stage.devnet.state.processes[diskless].data)?;
    stage.devnet.state.start(&[offline, diskless]).await?;
    let healed = stage.wait_whole(&workers, PATIENCE).await?;
    stage.facts.seconds("heal-seconds", healed);
    for (key, index) in
        [("rebuilt-by-the-worker-that-was-away", offline), ("rebuilt-by-the-worker-that-lost-its-disk", diskless)]
    {
        let health = stage.health(index).await?;
        let rebuilt = health["rebuilt"].as_u64().context("health says how many shards were rebuilt")?;
        stage.facts.say(key, rebuilt);
        ensure!(rebuilt > 0, "{key} is 0: {health}");
    }

    // Two of six are enough: the two that were repaired.
    let others: Vec<usize> = workers.iter().copied().filter(|index| *index != offline && *index != diskless).collect();
    stage.devnet.state.kill(&others)?;
    stage.restart_gateway().await?;
    let (files, _) = stage.browser()?.same_folder(LABEL, site).await?;
    stage.facts.say("files-from-healed-workers-only", files);
    stage.devnet.state.start(&others).await
}

/// Removes what a worker stores, but not its identity, as if its disk had been replaced, and does what its operator then does.
pub(super) fn lose_disk(data: &Path) -> Result<()> {
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    let mut init = Command::new(program("meganet-worker")?);
    init.arg("--base-path").arg(data).args(["init", "--shards-lost"]);
    ensure!(init.status()?.success(), "`meganet-worker init --shards-lost` failed");
    Ok(())
}

async fn bit_flip(stage: &mut Stage, site: &Path) -> Result<()> {
    let victim = *stage.workers_in(&["JP"]).first().context("a worker in JP")?;
    stage.devnet.state.kill(&[victim])?;
    let shards = stage.devnet.state.processes[victim].data.join("shards");
    let largest = walkdir::WalkDir::new(&shards)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .max_by_key(|entry| entry.metadata().map_or(0, |metadata| metadata.len()))
        .context("the worker has a shard in a file of its own")?;
    let mut bytes = std::fs::read(largest.path())?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("the shard has bytes")? ^= 1;
    std::fs::write(largest.path(), bytes)?;
    stage.devnet.state.start(&[victim]).await?;
    stage.restart_gateway().await?;
    stage.browser()?.same_folder(LABEL, site).await?;
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let health = stage.health(victim).await?;
        if health["corrupt_found"].as_u64() > Some(0) && health["healed"].as_u64() > Some(0) && health["missing"] == 0 {
            stage.facts.say("bit-flips-found-and-healed", &health["healed"]);
            return Ok(());
        }
        ensure!(std::time::Instant::now() < deadline, "a bit that flipped on a disk is not healed: {health}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn power_cut(stage: &mut Stage, site: &Path) -> Result<()> {
    let workers = stage.devnet.state.of_kind(Kind::Worker);
    let validators = stage.devnet.state.of_kind(Kind::Validator);
    let all: Vec<usize> = (0..stage.devnet.state.processes.len()).collect();
    stage.devnet.state.kill(&all)?;
    stage.devnet.state.start(&validators).await?;
    stage.devnet.state.start(&workers).await?;
    stage.restart_gateway().await?;
    let (files, _) = stage.browser()?.same_folder(LABEL, site).await?;
    stage.facts.say("files-after-kill-9-of-everything", files);
    Ok(())
}
