//! One process of a devnet: started in the background, watched and signalled.
//!
//! The system reuses process ids, so a process is identified by its id and the start time that the kernel reports. A signal is
//! sent only if both match.

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

/// The folder of the logs.
pub(crate) const LOGS: &str = "logs";
/// The environment variable with the secret that `meganet` signs with.
pub const SURI_VARIABLE: &str = "MEGANET_SURI";

/// The role of a process.
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

/// A process that is running, or can be started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Process {
    /// `validator-1`, `worker-de-1`, `gateway`.
    pub name: String,
    /// Its role.
    pub kind: Kind,
    /// The country that a worker registers in.
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
    /// Arguments in addition to those that its role needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
    /// Environment variables in addition to those of the starting program.
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
    /// Whether this instance is still running. A killed process counts as running until its last thread has exited: until then
    /// its files stay locked, and a process started in its place would find the database in use.
    pub fn is_alive(&self) -> bool {
        // A child that has exited stays a zombie until it is waited for.
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
        stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.has_ended())
    }

    /// Sends a signal, if the instance is still running.
    ///
    /// # Errors
    /// The system refuses, as for a process of another user.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno).with_context(|| format!("could not send {signal} to process {}", self.pid)),
        }
    }

    /// Blocks until the instance has exited; returns `false` if it had not after `timeout`.
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

    /// Current and peak resident memory, in bytes; `None` once it has exited.
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

/// Fields of `/proc/PID/stat`.
struct Stat {
    /// State of its first thread, field 3.
    state: char,
    /// Number of threads, field 20.
    threads: u64,
    /// Clock ticks from boot to its start, field 22.
    started: u64,
}

impl Stat {
    /// Whether only the exit code is left. The first thread of a process becomes a zombie while others may still run.
    fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }
}

/// `None` if there is no such process. The command's name may contain spaces and brackets, so fields are counted from its end.
fn stat(pid: i32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let threads = fields.nth(16)?.parse().ok()?;
    let started = fields.nth(1)?.parse().ok()?;
    Some(Stat { state, threads, started })
}

impl Process {
    /// A process that was never started, with its data and log below `dir`.
    pub(crate) fn new(
        dir: &Path,
        name: String,
        kind: Kind,
        country: Option<String>,
        http_port: u16,
        p2p_port: u16,
    ) -> Self {
        let data = dir.join(&name);
        let log = dir.join(LOGS).join(format!("{name}.log"));
        let (extra, env) = (Vec::new(), BTreeMap::new());
        Process { name, kind, country, http_port, p2p_port, peer_id: None, data, log, extra, env, running: None }
    }

    /// Whether it is running.
    pub fn is_alive(&self) -> bool {
        self.running.is_some_and(|running| running.is_alive())
    }

    /// Starts `program` in the background with its output appended to the log, unless the process is running already. It gets
    /// its own process group, so that a Ctrl-C in this terminal reaches only the running command, which stops the others in
    /// order.
    ///
    /// # Errors
    /// The program is missing or exits at once, or the log cannot be written.
    pub fn spawn(&mut self, program: &Path, args: &[String]) -> Result<()> {
        if self.is_alive() {
            return Ok(());
        }
        let log = open_log(&self.log)?;
        let child = child_of_devnet(program)
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
            stat(pid).with_context(|| format!("{} exited at once; see its log {}", self.name, self.log.display()))?;
        self.running = Some(Running { pid, started });
        Ok(())
    }
}

/// A command that does not inherit the user's secret: the processes of a devnet sign with keys of their own, and run for long.
pub(crate) fn child_of_devnet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove(SURI_VARIABLE);
    command
}

fn open_log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("could not open the log {}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sleeper(dir: &Path) -> Process {
        std::fs::create_dir_all(dir.join(LOGS)).unwrap();
        Process::new(dir, "sleeper".into(), Kind::Worker, None, 0, 0)
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

    /// A database stays locked until the last thread of its process exits, which may be long after the first.
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
    fn the_secret_of_the_user_is_not_inherited() {
        let command = child_of_devnet(Path::new("meganet-worker"));
        assert!(command.get_envs().any(|(name, value)| name == SURI_VARIABLE && value.is_none()));
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = sleeper(dir.path()).spawn(Path::new("/nowhere/meganet-node"), &[]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/meganet-node"), "{error}");
    }
}
