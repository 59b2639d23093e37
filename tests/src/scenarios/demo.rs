//! The demo as people run it: it prints a URL that opens, and leaves no process behind when interrupted at any time.

use crate::{Stage, folder, http::Browser};
use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout},
};

const LABEL: &str = "hello";
/// Timeout of each step: a second network starts while the first is running, on two cores.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs the scenario.
pub async fn play(stage: &mut Stage) -> Result<()> {
    interrupted_early(stage).await?;
    opened_and_ended(stage).await
}

/// Closes the terminal while the network starts.
async fn interrupted_early(stage: &Stage) -> Result<()> {
    let mut demo = Demo::start(stage, "demo-early").await?;
    demo.hear("starting 6 workers").await?;
    ensure!(!demo.processes()?.is_empty(), "no process of the demo runs, though its validators should");
    // A closed terminal also closes the pipe.
    demo.said = None;
    let status = demo.end_by(Signal::SIGHUP).await?;
    ensure!(status.code() == Some(1), "a demo that did not come up is a failure, not {status}");
    stage.facts.say("left-behind-by-a-closed-terminal", 0);
    Ok(())
}

/// Presses Ctrl-C when everything is running.
async fn opened_and_ended(stage: &Stage) -> Result<()> {
    let started = Instant::now();
    let mut demo = Demo::start(stage, "demo").await?;
    let shown = demo.shown().await?;
    stage.facts.seconds("demo-seconds-to-url", started.elapsed());
    let url = shown["url"].as_str().context("the demo names its URL")?;
    let port = url.trim_end_matches('/').rsplit(':').next().context("the URL has a port")?.parse()?;
    let browser = Browser::new(port, &[LABEL])?;
    ensure!(browser.url(LABEL, "") == url, "the URL is {url}, not {}", browser.url(LABEL, ""));
    let (files, _) = browser.same_folder(LABEL, &folder::of_checkout("examples/site")?).await?;
    stage.facts.say("demo-files", files);
    let processes = demo.processes()?;
    stage.facts.say("demo-processes", processes.len());
    ensure!(processes.len() == 3 + 6 + 1, "three validators, six workers and a gateway run, not {processes:?}");
    let status = demo.end_by(Signal::SIGINT).await?;
    ensure!(status.success(), "a demo that is ended by Ctrl-C has done its work, but exited with {status}");
    stage.facts.say("left-behind-by-ctrl-c", 0);
    Ok(())
}

/// A running demo. Dropping it kills its processes, so that a failed scenario leaves none behind either.
struct Demo {
    child: Child,
    pid: Pid,
    /// The demo's temporary folder is in this one, so the command line of each of its processes contains this path.
    folder: PathBuf,
    printed: Lines<BufReader<ChildStdout>>,
    said: Option<Lines<BufReader<ChildStderr>>>,
}

impl Demo {
    async fn start(stage: &Stage, name: &str) -> Result<Self> {
        let folder = stage.folder(name)?.canonicalize()?;
        let site = folder::of_checkout("examples/site")?;
        let site = site.to_str().context("a Unicode path")?;
        let mut child = stage
            .cli
            .command(&["--json", "devnet", "demo", "--site", site, "--name", LABEL, "--gateway-port", "0"])
            .env("TMPDIR", &folder)
            // As a shell does: a Ctrl-C at the terminal reaches this whole group.
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pid = Pid::from_raw(i32::try_from(child.id().context("it has just been started")?)?);
        let printed = BufReader::new(child.stdout.take().context("stdout is a pipe")?).lines();
        let said = BufReader::new(child.stderr.take().context("stderr is a pipe")?).lines();
        Ok(Demo { child, pid, folder, printed, said: Some(said) })
    }

    /// Waits for a line on stderr that contains `text`.
    async fn hear(&mut self, text: &str) -> Result<()> {
        let said = self.said.as_mut().context("stderr is read")?;
        let mut heard = String::new();
        let wait = async {
            while let Some(line) = said.next_line().await? {
                heard.push_str(&line);
                heard.push('\n');
                if line.contains(text) {
                    return Ok(());
                }
            }
            bail!("it ended without saying '{text}'")
        };
        tokio::time::timeout(PATIENCE, wait).await.context("it takes too long").and_then(|heard| heard).context(heard)
    }

    /// Waits for the JSON document that it prints when the site is published.
    async fn shown(&mut self) -> Result<Value> {
        let mut text = String::new();
        let read = async {
            while let Some(line) = self.printed.next_line().await? {
                text.push_str(&line);
                // The document is indented, so only its last line is this.
                if line == "}" {
                    return Ok(serde_json::from_str(&text)?);
                }
            }
            bail!("the demo ended without a result: {text}")
        };
        tokio::time::timeout(PATIENCE, read).await.context("the demo shows no URL")?
    }

    /// The processes of its network.
    fn processes(&self) -> Result<Vec<Pid>> {
        processes_in(&self.folder)
    }

    /// Sends a signal as a terminal does, waits until the demo has exited, and checks that it left nothing behind.
    async fn end_by(mut self, signal: Signal) -> Result<ExitStatus> {
        killpg(self.pid, signal)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.with_context(|| format!("the demo still runs after {signal}"))??;
        let left = self.processes()?;
        ensure!(left.is_empty(), "after {signal} these processes of the demo still run: {left:?}");
        let files: Vec<_> = std::fs::read_dir(&self.folder)?.collect();
        ensure!(files.is_empty(), "after {signal} the demo left files behind: {files:?}");
        Ok(status)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // First the demo itself, so that it starts no more processes.
        let _ = self.child.start_kill();
        for pid in self.processes().unwrap_or_default() {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// The processes with a path in `folder` in their command line.
fn processes_in(folder: &Path) -> Result<Vec<Pid>> {
    let folder = format!("{}/", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has just exited has no command line any more.
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&folder) {
            found.push(Pid::from_raw(pid));
        }
    }
    Ok(found)
}
