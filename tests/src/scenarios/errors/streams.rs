//! A stream that is stored, and a file whose fetching is interrupted.

use crate::{Stage, folder};
use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

/// Bytes of a file that takes some time to be fetched.
const LARGE: u64 = 32 << 20;
const PATIENCE: Duration = Duration::from_secs(120);

/// Stores a stream, interrupts `get` while it writes the file, and fetches it.
pub async fn play(stage: &Stage, dir: &Path) -> Result<()> {
    let large = dir.join("large.bin");
    folder::write_random(&large, LARGE, 7)?;
    let link = stored(stage, &large).await?;
    let mut uploads = fs::read_dir(stage.user_dir()?.join("data/meganet/uploads"))?;
    let is_copy = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with("input-");
    ensure!(!uploads.any(|entry| entry.is_ok_and(is_copy)), "the copy of the stream is left");
    let to = dir.join("interrupted");
    fs::create_dir(&to)?;
    interrupted(stage, &link, &to).await?;
    stage.cli.json(&["get", &link, "-o", to.to_str().context("a Unicode path")?]).await?;
    ensure!(fs::read(to.join("stream.bin"))? == fs::read(&large)?, "the link opens something else than the stream");
    Ok(())
}

/// Stores a file as a stream, and returns its link.
async fn stored(stage: &Stage, file: &Path) -> Result<String> {
    let mut command = stage.cli.command(&["--json", "put", "-", "--name", "stream.bin"]);
    command.stdin(fs::File::open(file)?).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.spawn()?.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "standard input was not stored: {said}");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(value["link"].as_str().context("put prints a link")?.to_owned())
}

/// Ctrl-C while a file is being written ends `get` with its exit code and leaves nothing of the file.
async fn interrupted(stage: &Stage, link: &str, dir: &Path) -> Result<()> {
    let out = dir.join("out.bin");
    let mut command = stage.cli.command(&["get", link, "-o", out.to_str().context("a Unicode path")?]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let pid = Pid::from_raw(i32::try_from(child.id().context("a running process has an id")?)?);
    let deadline = Instant::now() + PATIENCE;
    while fs::read_dir(dir)?.next().is_none() {
        ensure!(Instant::now() < deadline, "get has begun no file");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    kill(pid, Signal::SIGINT)?;
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.context("get has not ended")??;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.code() == Some(130), "an interrupted get ended with {}: {said}", ended.status);
    ensure!(fs::read_dir(dir)?.next().is_none(), "an interrupted get left something");
    stage.facts.say("get-interrupted", said.lines().last().unwrap_or_default());
    Ok(())
}
