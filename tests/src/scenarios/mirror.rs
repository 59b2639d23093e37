//! A foreign folder with thousands of files, unusual names, empty files and one of 300 MB is read back identical, and no process
//! needs more than 300 MiB of memory for it.

use crate::{Stage, folder, stage::MEMORY_BOUND};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const LABEL: &str = "mirror";
const FILES: usize = 3000;
const LARGE: u64 = 300_000_000;

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    let copied = folder::foreign_sources(&site.join("crates"), FILES)?;
    ensure!(copied >= FILES, "only {copied} files to publish were found");
    for (path, bytes) in folder::odd_names() {
        folder::write(&site.join("odd"), path, bytes)?;
    }
    folder::write_random(&site.join("large.bin"), LARGE, 7)?;
    let files = folder::list(&site)?;
    stage.facts.say("files", files.len());
    stage.facts.say("bytes", files.values().sum::<u64>());
    stage.facts.say("empty-files", files.values().filter(|bytes| **bytes == 0).count());

    publish(stage, &site).await?;
    let started = Instant::now();
    let (files, bytes) = stage.browser()?.same_folder(LABEL, &site).await?;
    stage.facts.say("files-identical", files);
    stage.facts.seconds("mirror-seconds", started.elapsed());
    stage.facts.mebibytes("mirrored-mib", bytes);
    stage.check_memory()
}

/// Publishes and watches the memory of the publishing process.
async fn publish(stage: &Stage, site: &Path) -> Result<()> {
    let started = Instant::now();
    let site = site.to_str().context("a Unicode path")?;
    let mut child = stage.cli.command(&["--json", "publish", site, LABEL, "--hidden", "--allow-secrets"]).spawn()?;
    let pid = child.id().context("it has just been started")?;
    let mut peak = 0;
    let status = loop {
        match tokio::time::timeout(Duration::from_millis(200), child.wait()).await {
            Ok(status) => break status?,
            Err(_) => peak = peak.max(peak_memory(pid).unwrap_or(0)),
        }
    };
    ensure!(status.success(), "publishing failed: {status}");
    stage.facts.seconds("publish-seconds", started.elapsed());
    stage.facts.mebibytes("publisher-peak-mib", peak);
    ensure!(peak > 0 && peak < MEMORY_BOUND, "the publisher held {peak} bytes");
    Ok(())
}

fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}
