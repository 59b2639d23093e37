//! A node, killed when the test ends.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

pub struct Node {
    program: PathBuf,
    arguments: Vec<String>,
    data: tempfile::TempDir,
    port: u16,
    url: String,
    child: Child,
}

impl Node {
    /// Starts a node of a development chain; `None` if no node was built.
    pub fn start() -> Option<Self> {
        Self::start_with(|_, _| vec!["--dev".to_owned()])
    }

    /// Starts a node with the arguments that `choose` returns for the path of the node's program and of its folder; `None`
    /// if no node was built.
    pub fn start_with(choose: impl FnOnce(&Path, &Path) -> Vec<String>) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("skipped: build meganet-node to run this test");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = tempfile::tempdir().unwrap();
        let arguments = choose(&program, data.path());
        let child = spawn(&program, &arguments, &data, port);
        Some(Self { program, arguments, data, port, url: format!("ws://127.0.0.1:{port}"), child })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its exit status and the end of its log, for the message of a test that could not reach it.
    pub fn last_words(&mut self) -> String {
        let ended = self.child.try_wait().unwrap();
        let log = std::fs::read_to_string(self.data.path().join("node.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(15).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        format!("ended: {ended:?}, log:\n{}", tail.join("\n"))
    }

    /// Kills it, as a crash would.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same data and port.
    pub fn restart(&mut self) {
        self.child = spawn(&self.program, &self.arguments, &self.data, self.port);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The node that `MEGANET_NODE` names, or the one beside this test's own binary, which is in `release/deps`.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MEGANET_NODE").map(PathBuf::from) {
        // If a node is named, the tests must run, not be skipped.
        assert!(named.is_file(), "MEGANET_NODE={} is no file: build the node, or unset it", named.display());
        return Some(named);
    }
    let beside = std::env::current_exe().ok()?.parent()?.parent()?.join("meganet-node");
    beside.is_file().then_some(beside)
}

fn spawn(program: &PathBuf, arguments: &[String], data: &tempfile::TempDir, port: u16) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data.path().join("node.log")).unwrap();
    Command::new(program)
        .args(arguments)
        .args(["--port", "0", "--no-prometheus", "--no-telemetry", "--no-mdns"])
        .arg("--base-path")
        .arg(data.path().join("chain"))
        .args(["--rpc-port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
