//! The real process: how it ends, its health page, and its list of jobs.
#![allow(clippy::unwrap_used)]

use meganet_primitives::{
    hash::Hash,
    object::{CODEC_RS_GF8, Layout, OBJECT_VERSION, ObjectHeader, shards_root},
};
use meganet_worker::store::{Store, keys::ShardKey, records::ObjectRecord};
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
        let http = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(PROGRAM)
            .arg("--base-path")
            .arg(base)
            .args(["--rpc", "ws://127.0.0.1:1", "--operator-suri", "//Alice", "--country", "DE", "--capacity", "1GiB"])
            .args(["--http", &http.to_string()])
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, http }
    }

    /// Status and body of the health page; `None` while nothing answers.
    fn health(&self) -> Option<(u16, serde_json::Value)> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let body = answer.get(answer.find('{')?..=answer.rfind('}')?)?;
        Some((status, serde_json::from_str(body).unwrap()))
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

/// Puts a shard into a store whose file cannot be read: it is a folder.
fn unreadable_shard(base: &Path) {
    let store = Store::open(base).unwrap();
    let (k, n, sealed_len) = (2, 6, 400_000);
    let len = Layout::new(k, n, sealed_len).unwrap().shard_len();
    let mut writer = store.begin(len).unwrap();
    writer.write(&vec![7; usize::try_from(len).unwrap()]).unwrap();
    let shard = writer.finish().unwrap();
    let roots: Vec<Hash> = vec![*shard.root(); usize::from(n)];
    let shards_root = shards_root(&roots);
    let header = ObjectHeader { version: OBJECT_VERSION, codec: CODEC_RS_GF8, k, n, sealed_len, shards_root };
    let key = ShardKey { object: header.id(), shard: 0 };
    store.commit(shard, &key, &ObjectRecord { header, roots }, 0, 0).unwrap();
    let file = store.path_of(&key);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_job_that_cannot_run_fails_health_and_ends_the_process() {
    let base = tempfile::tempdir().unwrap();
    unreadable_shard(base.path());
    // Between the third failure and the end are twelve seconds, for the questions below.
    let mut process = Process::start(base.path(), &["--job-failures", "5"]);
    let health = process.until(|status, _| status == 503);
    assert_eq!(health["state"], "failing", "{health}");
    let scrub = health["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "scrub").unwrap();
    assert!(scrub["restarts"].as_u64().unwrap() >= 2, "{scrub}");
    assert!(scrub["last_error"].as_str().unwrap().contains("cannot read"), "{scrub}");

    let table = process.list(&[]);
    assert_eq!(table.status.code(), Some(0), "{}", text(&table.stderr));
    let table = text(&table.stdout);
    assert!(table.starts_with("JOB ") && table.contains("scrub") && table.contains("cannot read"), "{table}");
    let json = process.list(&["--json"]);
    let jobs: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(jobs[0]["name"], "scrub", "{jobs}");

    let (status, log) = process.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("error: the job scrub failed 5 times in a row"), "{log}");

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
    let told = Instant::now();
    kill(Pid::from_raw(process.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let (status, log) = process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}
