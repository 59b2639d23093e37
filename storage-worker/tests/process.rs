//! The real process: how it ends, its health page, and its list of jobs.
#![allow(clippy::unwrap_used)]

use meganet_worker::{
    daemon,
    store::{InitOptions, Store},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_meganet-worker");
const PATIENCE: Duration = Duration::from_secs(60);

/// A worker that waits for a node which never comes, killed when it is dropped.
struct Process {
    child: Child,
    http: SocketAddr,
}

impl Process {
    fn start(base: &Path, more: &[&str]) -> Self {
        Self::logging_to(Stdio::piped(), base, more)
    }

    fn logging_to(log: Stdio, base: &Path, more: &[&str]) -> Self {
        if !base.join("worker.json").exists() {
            init(base, &[]);
        }
        let http = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(PROGRAM)
            .arg("--base-path")
            .arg(base)
            .args(["--rpc", "ws://127.0.0.1:1", "--operator-suri", "//Alice", "--country", "DE", "--capacity", "1GiB"])
            .args(["--http", &http.to_string()])
            .args(more)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, http }
    }

    /// Status and body of the health page; `None` while nothing answers.
    fn health(&self) -> Option<(u16, serde_json::Value)> {
        let (status, answer) = self.ask("127.0.0.1")?;
        let body = answer.get(answer.find('{')?..=answer.rfind('}')?)?;
        Some((status, serde_json::from_str(body).unwrap()))
    }

    /// Status and answer of the health page, asked for by some host.
    fn ask(&self, host: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
    }

    fn until(&self, holds: impl Fn(u16, &serde_json::Value) -> bool) -> serde_json::Value {
        let begun = Instant::now();
        loop {
            if let Some((status, health)) = self.health() {
                if holds(status, &health) {
                    return health;
                }
                assert!(begun.elapsed() < PATIENCE, "{status} {health}");
            }
            assert!(begun.elapsed() < PATIENCE, "no answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn list(&self, more: &[&str]) -> Output {
        Command::new(PROGRAM).args(["--http", &self.http.to_string(), "jobs"]).args(more).output().unwrap()
    }

    fn ended(&mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "the process does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status, log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(std::io::pipe().unwrap().1);
    for log in [full(), closed()] {
        let base = tempfile::tempdir().unwrap();
        let mut process = Process::logging_to(log, base.path(), &[]);
        // Its start is logged, and the node that does not answer.
        let health = process.until(|_, _| true);
        assert!(process.child.try_wait().unwrap().is_none(), "{health}");
    }
}

/// Runs `meganet-worker init`.
fn init(base: &Path, more: &[&str]) -> Output {
    Command::new(PROGRAM).arg("--base-path").arg(base).arg("init").args(more).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_job_that_cannot_run_fails_health_and_ends_the_process() {
    let base = tempfile::tempdir().unwrap();
    assert!(init(base.path(), &[]).status.success());
    // A folder of shards that cannot be listed.
    std::fs::write(base.path().join("shards/00"), "").unwrap();
    // Between the third failure and the end are twelve seconds, for the questions below.
    let mut process = Process::start(base.path(), &["--job-failures", "5"]);
    let health = process.until(|status, _| status == 503);
    assert_eq!(health["state"], "failing", "{health}");
    let adopt = health["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "adopt").unwrap();
    assert!(adopt["restarts"].as_u64().unwrap() >= 2, "{adopt}");
    assert!(adopt["last_error"].as_str().unwrap().contains("cannot list"), "{adopt}");

    let table = process.list(&[]);
    assert_eq!(table.status.code(), Some(0), "{}", text(&table.stderr));
    let table = text(&table.stdout);
    assert!(table.starts_with("JOB ") && table.contains("adopt") && table.contains("cannot list"), "{table}");
    let first = Command::new(PROGRAM).args(["--json", "--http", &process.http.to_string(), "jobs"]).output().unwrap();
    for json in [process.list(&["--json"]), first] {
        let jobs: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(jobs[1]["name"], "adopt", "{jobs}");
    }

    let (status, log) = process.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("error: the job adopt failed 5 times in a row"), "{log}");

    let nobody = process.list(&[]);
    assert_eq!(nobody.status.code(), Some(3));
    assert!(text(&nobody.stderr).contains("error: no worker answers at http://"), "{}", text(&nobody.stderr));
}

#[test]
fn a_process_that_is_told_to_stop_ends_at_once_and_well() {
    let base = tempfile::tempdir().unwrap();
    let mut process = Process::start(base.path(), &[]);
    let health = process.until(|status, health| status == 200 && health["trouble"].is_string());
    assert_eq!(health["state"], "starting", "{health}");
    // A page whose domain points here learns nothing.
    let (status, answer) = process.ask("rebound.example").unwrap();
    assert!(status == 421 && !answer.contains("peer_id"), "{answer}");
    let told = Instant::now();
    kill(Pid::from_raw(process.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let (status, log) = process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}

#[test]
fn a_worker_without_its_disk_or_its_identity_does_not_become_a_new_one() {
    let base = tempfile::tempdir().unwrap();
    let run = || {
        let args = ["--operator-suri", "//Alice", "--country", "DE", "--capacity", "1GiB", "--http", "127.0.0.1:0"];
        let output = Command::new(PROGRAM).arg("--base-path").arg(base.path()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    // The empty folder of a disk that is not mounted.
    let refused = run();
    assert!(refused.contains("is not the base path of a worker") && refused.contains("mount"), "{refused}");
    assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0, "something was made");

    let made = init(base.path(), &[]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let peer_id = text(&made.stdout).split_whitespace().find(|word| word.starts_with("12D3")).unwrap().to_owned();
    let again = init(base.path(), &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("already"), "{}", text(&again.stderr));

    let key = base.path().join("identity.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let refused = run();
    assert!(refused.contains("restore it from a backup") && refused.contains(&peer_id), "{refused}");
    assert!(!key.exists(), "a second identity was made");
    // Of another worker.
    let other = tempfile::tempdir().unwrap();
    daemon::init(other.path(), InitOptions::default()).unwrap();
    std::fs::copy(other.path().join("identity.key"), &key).unwrap();
    assert!(run().contains(&format!("belongs to {peer_id}")), "{}", run());
    std::fs::write(&key, kept).unwrap();

    // The disk of the shards is not mounted.
    std::fs::rename(base.path().join("shards"), base.path().join("elsewhere")).unwrap();
    std::fs::create_dir(base.path().join("shards")).unwrap();
    let refused = run();
    assert!(refused.contains("--shards-lost"), "{refused}");
    assert_eq!(std::fs::read_dir(base.path().join("shards")).unwrap().count(), 0);
    assert!(init(base.path(), &["--shards-lost"]).status.success());
    drop(Store::open(base.path()).unwrap());
}

#[test]
fn what_an_earlier_worker_has_kept_does_not_get_a_second_identity() {
    for (shards, index) in [(true, true), (true, false), (false, true)] {
        let base = tempfile::tempdir().unwrap();
        let peer_id = daemon::init(base.path(), InitOptions::default()).unwrap();
        drop(Store::open(base.path()).unwrap());
        let (key, away) = (base.path().join("identity.key"), base.path().join("key.away"));
        std::fs::rename(&key, &away).unwrap();
        std::fs::remove_file(base.path().join("worker.json")).unwrap();
        for (folder, stays) in [("shards", shards), ("index", index)] {
            if !stays {
                std::fs::remove_dir_all(base.path().join(folder)).unwrap();
            }
        }
        for more in [&[] as &[&str], &["--shards-lost"], &["--another"]] {
            let refused = init(base.path(), more);
            assert_eq!(refused.status.code(), Some(1), "{more:?}");
            let refused = text(&refused.stderr);
            assert!(refused.contains("put its key back") && refused.contains("another folder"), "{refused}");
            assert!(!key.exists() && !base.path().join("worker.json").exists(), "something was made");
        }
        // With its key it is the same worker again.
        std::fs::rename(&away, &key).unwrap();
        let made = init(base.path(), &[]);
        assert!(made.status.success() && text(&made.stdout).contains(&peer_id), "{}", text(&made.stderr));
    }
}

#[test]
fn systemd_is_told_that_the_worker_runs_and_lives() {
    use std::os::unix::net::UnixDatagram;
    let base = tempfile::tempdir().unwrap();
    assert!(init(base.path(), &[]).status.success());
    let socket = base.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    // systemd names the process that it watches.
    let mut command = Command::new("sh");
    command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" \"$@\"", PROGRAM]);
    command.args(["--rpc", "ws://127.0.0.1:1", "--operator-suri", "//Alice", "--country", "DE", "--capacity", "1GiB"]);
    command.arg("--base-path").arg(base.path()).args(["--http", "127.0.0.1:0"]).stderr(Stdio::null());
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "300000");
    let child = command.spawn().unwrap();
    let process = Process { child, http: SocketAddr::from(([127, 0, 0, 1], 1)) };
    let told = || {
        let mut message = [0; 256];
        let len = systemd.recv(&mut message).unwrap();
        text(&message[..len])
    };
    assert!(told().starts_with("READY=1"));
    for _ in 0..3 {
        assert!(told().starts_with("WATCHDOG=1"));
    }
    kill(Pid::from_raw(process.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    while !told().starts_with("STOPPING=1") {}
}
