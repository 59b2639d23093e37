//! One process of a devnet: how it is started in the background, watched and ended.
//!
//! A pid alone says little, since the system gives it to somebody else later. So the start time that the kernel keeps is
//! remembered beside it, and a signal goes only to the very process that was started.

use anyhow::{Context, Result};
use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a process of a devnet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `meganet-node --validator`.
    Validator,
    /// `meganet-worker`.
    Worker,
    /// `meganet gateway`.
    Gateway,
}

/// A process that was started, or could be started again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Process {
    /// `validator-1`, `worker-de-1`, `gateway`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Where a worker says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its JSON-RPC or HTTP port on 127.0.0.1.
    pub http_port: u16,
    /// Its peer-to-peer port on 127.0.0.1; 0 for the gateway.
    pub p2p_port: u16,
    /// Its peer id, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
    /// Its data, inside the devnet's folder.
    pub data: PathBuf,
    /// Its log.
    pub log: PathBuf,
    /// Arguments besides those that its place in the network gives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
    /// Environment variables besides those of whoever starts it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The running instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
}

/// A running instance of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process id.
    pub pid: i32,
    /// Clock ticks from boot to its start, field 22 of `/proc/PID/stat`.
    pub started: u64,
}

impl Running {
    /// Whether exactly this instance still runs. One that was killed does until its last thread has ended: until then it
    /// keeps its files locked, and whoever is started in its place would find its database in use.
    pub fn is_alive(&self) -> bool {
        // A child of ours that ended stays a zombie until somebody asks.
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
        stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.has_ended())
    }

    /// Sends a signal, if the instance still runs.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno).with_context(|| format!("could not send {signal} to process {}", self.pid)),
        }
    }

    /// Waits until the instance has ended; `false` where it had not after `timeout`.
    pub fn wait_ended(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        true
    }

    /// Resident memory in bytes, and the most it ever was; `None` once it has ended.
    pub fn memory(&self) -> Option<(u64, u64)> {
        if !self.is_alive() {
            return None;
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let kib = |field: &str| -> Option<u64> {
            let line = status.lines().find(|line| line.starts_with(field))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        Some((kib("VmRSS:")? * 1024, kib("VmHWM:")? * 1024))
    }
}

/// What `/proc/PID/stat` says of a process.
struct Stat {
    /// State of its first thread, field 3.
    state: char,
    /// How many threads it has, field 20.
    threads: u64,
    /// Clock ticks from boot to its start, field 22.
    started: u64,
}

impl Stat {
    /// Whether only its exit code is left. The first thread of a process turns into a zombie before the others have ended.
    fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }
}

/// `None` where there is no such process. The command's name may hold spaces and brackets, so fields count from its end.
fn stat(pid: i32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let threads = fields.nth(16)?.parse().ok()?;
    let started = fields.nth(1)?.parse().ok()?;
    Some(Stat { state, threads, started })
}

impl Process {
    /// Whether it runs.
    pub fn is_alive(&self) -> bool {
        self.running.is_some_and(|running| running.is_alive())
    }

    /// Starts `program` in the background, its output appended to the log. It gets a process group of its own, so that
    /// a Ctrl-C in this terminal reaches only the command that runs there, which then ends the others in order.
    pub fn spawn(&mut self, program: &Path, args: &[String]) -> Result<()> {
        if self.is_alive() {
            return Ok(());
        }
        let log = open_log(&self.log)?;
        let child = Command::new(program)
            .args(args)
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start {}; build it with scripts/build", program.display()))?;
        let pid = i32::try_from(child.id()).context("the system gave a process id beyond 2^31")?;
        let Stat { started, .. } =
            stat(pid).with_context(|| format!("{} ended at once; see {}", self.name, self.log.display()))?;
        self.running = Some(Running { pid, started });
        Ok(())
    }
}

fn open_log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("could not open the log {}", path.display()))
}

/// The last lines of a log, for an error message.
pub fn log_tail(path: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sleeper(dir: &Path) -> Process {
        Process {
            name: "sleeper".into(),
            kind: Kind::Worker,
            country: None,
            http_port: 0,
            p2p_port: 0,
            peer_id: None,
            extra: Vec::new(),
            env: BTreeMap::new(),
            data: dir.to_path_buf(),
            log: dir.join("log"),
            running: None,
        }
    }

    #[test]
    fn a_started_process_can_be_watched_and_ended() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = sleeper(dir.path());
        process.spawn(Path::new("/bin/sleep"), &["60".into()]).unwrap();
        let running = process.running.unwrap();
        assert!(running.is_alive());
        assert!(running.memory().unwrap().0 > 0);
        running.signal(Signal::SIGKILL).unwrap();
        assert!(running.wait_ended(Duration::from_secs(5)));
        assert_eq!(running.memory(), None);
        running.signal(Signal::SIGKILL).unwrap();
    }

    /// A database stays locked while any thread of its process is left; the first may be gone long before.
    #[test]
    fn a_process_runs_until_its_last_thread_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let (source, program) = (dir.path().join("threads.c"), dir.path().join("threads"));
        let code = "#include <pthread.h>\n#include <unistd.h>\n\
            static void *rest(void *_) { sleep(3600); return _; }\n\
            int main(void) { pthread_t it; pthread_create(&it, 0, rest, 0); pthread_exit(0); }\n";
        std::fs::write(&source, code).unwrap();
        assert!(Command::new("cc").arg("-pthread").arg(&source).arg("-o").arg(&program).status().unwrap().success());
        let mut process = sleeper(dir.path());
        process.spawn(&program, &[]).unwrap();
        let running = process.running.unwrap();
        while stat(running.pid).unwrap().state != 'Z' {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(running.is_alive());
        running.signal(Signal::SIGKILL).unwrap();
        assert!(running.wait_ended(Duration::from_secs(60)));
    }

    #[test]
    fn a_pid_that_was_given_to_somebody_else_is_not_ours() {
        let own = i32::try_from(std::process::id()).unwrap();
        let Stat { started, .. } = stat(own).unwrap();
        assert!(Running { pid: own, started }.is_alive());
        let other = Running { pid: own, started: started + 1 };
        assert!(!other.is_alive());
        other.signal(Signal::SIGKILL).unwrap();
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = sleeper(dir.path()).spawn(Path::new("/nowhere/meganet-node"), &[]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/meganet-node"), "{error}");
    }
}
