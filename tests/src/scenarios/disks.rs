//! Disks that fail, on real processes: what was acknowledged is served or rebuilt, and nothing good is removed.
//!
//! 1. Three of six workers lose their index at once: they adopt their files, and serve them with the other three gone.
//! 2. A worker's disk is not mounted: it does not start, and makes nothing in the mount point.
//! 3. A worker's disk is full: it says so and serves, publishing goes on, and it catches up once there is room.
//! 4. A bit flips in every file of a worker, index and shards: with the documented recovery it is whole again.

use crate::{
    Stage,
    disk::{Disk, flip, shard_files},
    folder,
    wait::until,
};
use anyhow::{Context, Result, bail, ensure};
use meganet_devnet::Kind;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

const LABEL: &str = "disks";
/// Timeout for repairs. They take seconds, and minutes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// Size of the small disk: room for what the worker holds, and several times its reserve. Only what is used takes up space.
const DISK: u64 = 2 << 30;

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.folder(LABEL)?;
    folder::write(&site, "index.html", b"<!doctype html><title>Disks</title>")?;
    for file in 0..4 {
        folder::write_random(&site.join(format!("{file}.bin")), 1_500_000, file)?;
    }
    stage.publish(&site, LABEL).await?;
    let workers = stage.devnet.state.of_kind(Kind::Worker);
    stage.wait_whole(&workers, PATIENCE).await?;
    index_lost(stage, &workers, &site).await?;
    small_disk(stage, &workers, &site).await?;
    bit_flips(stage, &workers, &site).await
}

/// Every other worker: one of each country.
fn half(workers: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let (even, odd): (Vec<_>, Vec<_>) = workers.iter().enumerate().partition(|(place, _)| place % 2 == 0);
    let indices = |half: Vec<(usize, &usize)>| half.into_iter().map(|(_, index)| *index).collect();
    (indices(even), indices(odd))
}

fn data(stage: &Stage, index: usize) -> PathBuf {
    stage.devnet.state.processes[index].data.clone()
}

async fn index_lost(stage: &mut Stage, workers: &[usize], site: &Path) -> Result<()> {
    let (victims, others) = half(workers);
    stage.devnet.state.kill(&victims)?;
    let mut files = Vec::new();
    for index in &victims {
        let data = data(stage, *index);
        fs::rename(data.join("index"), data.join("index.away"))?;
        files.push(shard_files(&data)?.len());
    }
    ensure!(files.iter().all(|count| *count > 0), "the workers have no shard files: {files:?}");
    stage.devnet.state.start(&victims).await?;
    let healed = stage.wait_whole(&victims, PATIENCE).await?;
    stage.facts.seconds("whole-after-the-loss-of-three-indices-seconds", healed);
    let (mut adopted, mut rebuilt) = (0, 0);
    for (index, before) in victims.iter().zip(files) {
        let health = stage.health(*index).await?;
        let after = shard_files(&data(stage, *index))?.len();
        ensure!(after >= before, "of {before} shard files {after} are left: {health}");
        adopted += health["adopted"].as_u64().context("health says how many files were adopted")?;
        rebuilt += health["rebuilt"].as_u64().context("health says how many shards were rebuilt")?;
        fs::remove_dir_all(data(stage, *index).join("index.away"))?;
    }
    ensure!(adopted > 0, "no file was adopted");
    stage.facts.say("files-adopted", adopted);
    stage.facts.say("small-shards-rebuilt", rebuilt);
    served_without(stage, &others, site).await
}

/// Checks that the site opens while some workers are down, from empty caches.
async fn served_without(stage: &mut Stage, down: &[usize], site: &Path) -> Result<()> {
    stage.devnet.state.kill(down)?;
    stage.restart_gateway().await?;
    stage.browser()?.same_folder(LABEL, site).await?;
    stage.devnet.state.start(down).await
}

async fn small_disk(stage: &mut Stage, workers: &[usize], site: &Path) -> Result<()> {
    let probe = stage.folder("probe")?;
    if let Err(error) = Disk::under(&probe, DISK).and_then(|disk| disk.unmount()) {
        stage.facts.say("small-disk", format!("left out, since this machine does not let us mount a disk: {error}"));
        return Ok(());
    }
    let victim = *workers.get(1).context("a second worker")?;
    stage.devnet.state.stop(&[victim])?;
    let disk = Disk::under(&data(stage, victim), DISK)?;

    disk.unmount()?;
    let Err(refused) = stage.devnet.state.start(&[victim]).await else { bail!("it started without its disk") };
    let refused = format!("{refused:#}");
    ensure!(refused.contains("is not the base path of a worker") && refused.contains("mount"), "{refused}");
    ensure!(fs::read_dir(disk.folder())?.count() == 0, "it made something in the mount point");
    stage.facts.say("without-its-disk", "does not start, and makes nothing");

    disk.mount()?;
    stage.devnet.state.start(&[victim]).await?;
    stage.wait_whole(&[victim], PATIENCE).await?;
    let filler = disk.fill(4 << 20)?;
    room(stage, victim, "full").await?;
    let health = stage.health(victim).await?;
    ensure!(health["trouble"].as_str().is_some_and(|trouble| trouble.contains("Free some space")), "{health}");
    ensure!(!disk.folder().join("ballast").exists(), "the ballast was not given up");

    folder::write_random(&site.join("while-full.bin"), 1_000_000, 99)?;
    stage.publish(site, LABEL).await?;
    stage.restart_gateway().await?;
    stage.browser()?.same_folder(LABEL, site).await?;
    let health = stage.health(victim).await?;
    ensure!(health["state"] != "failing", "{health}");
    stage.facts.say("with-a-full-disk", "says so and serves; publishing goes on");

    fs::remove_file(filler)?;
    room(stage, victim, "ample").await?;
    stage.wait_whole(&[victim], PATIENCE).await?;
    // Back to where it was.
    stage.devnet.state.stop(&[victim])?;
    disk.put_back()?;
    stage.devnet.state.start(&[victim]).await?;
    stage.wait_whole(workers, PATIENCE).await.map(drop)
}

/// Waits until a worker's health page shows this room on its disk.
async fn room(stage: &Stage, index: usize, room: &str) -> Result<()> {
    let what = format!("the room on the disk is {room}");
    until(&what, PATIENCE, || async move { Ok((stage.health(index).await?["disk_room"] == room).then_some(())) }).await
}

async fn bit_flips(stage: &mut Stage, workers: &[usize], site: &Path) -> Result<()> {
    let victim = *workers.get(3).context("a fourth worker")?;
    let data = data(stage, victim);
    stage.devnet.state.stop(&[victim])?;
    let index = walkdir::WalkDir::new(data.join("index")).into_iter().filter_map(Result::ok);
    let index: Vec<_> = index.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect();
    let shards = shard_files(&data)?;
    let flipped = index.iter().chain(&shards).map(|path| flip(path)).collect::<Result<Vec<_>>>()?;
    stage.facts.say("files-with-a-flipped-bit", flipped.iter().filter(|flipped| **flipped).count());
    // It may not start at all, or start with some rows unreadable; either way the operator does what docs/worker.md says.
    if let Err(error) = stage.devnet.state.start(&[victim]).await {
        ensure!(format!("{error:#}").contains("move the folder `index` away"), "it does not say what to do: {error:#}");
        stage.facts.say("with-a-damaged-index", "says what to do");
    }
    stage.devnet.state.kill(&[victim])?;
    fs::rename(data.join("index"), data.join("index.away"))?;
    stage.devnet.state.start(&[victim]).await?;
    let healed = stage.wait_whole(&[victim], PATIENCE).await?;
    stage.facts.seconds("whole-after-a-flip-in-every-file-seconds", healed);
    let orphans = fs::read_dir(data.join("shards/orphans"))?.count();
    ensure!(orphans > 0, "the damaged files were removed, not put aside");
    stage.facts.say("damaged-files-put-aside", orphans);
    // Two of six are enough; one of them is the victim.
    let others: Vec<usize> = workers.iter().copied().filter(|index| *index != victim).skip(1).collect();
    served_without(stage, &others, site).await
}
