//! `meganet get` as people run it, as far as that needs no network. The end-to-end scenarios fetch files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// `meganet get` of a user with this home folder, started in this folder.
fn start(home: &Path, dir: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meganet"));
    command.env_clear().env("HOME", home).current_dir(dir).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The connection of a process to a node.
fn accept(node: &TcpListener, child: &mut Child) -> TcpStream {
    node.set_nonblocking(true).unwrap();
    loop {
        if let Ok((connection, _)) = node.accept() {
            return connection;
        }
        assert!(child.try_wait().unwrap().is_none(), "meganet has ended before it asked a node");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The end of a process, which must come soon.
fn end(mut child: Child) -> Output {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("meganet has not ended");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn an_interrupted_get_has_its_exit_code_and_leaves_no_files() {
    let home = tempfile::tempdir().unwrap();
    let outputs: [&[&str]; 3] = [&[], &["-o", "file"], &["-o", "folder/"]];
    for signal in ["INT", "TERM", "HUP"] {
        for output in outputs {
            let dir = tempfile::tempdir().unwrap();
            // A node that accepts connections and never answers.
            let node = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("ws://{}", node.local_addr().unwrap());
            let mut args = vec!["--rpc", url.as_str(), "get", "hello/index.html"];
            args.extend_from_slice(output);
            let mut child = start(home.path(), dir.path(), &args);
            let _silent = accept(&node, &mut child);
            let killed = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
            assert!(killed.unwrap().success());
            let ended = end(child);
            let said = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(130), "{signal} {output:?}: {said}");
            assert!(said.contains("interrupted"), "{signal} {output:?}: {said}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{signal} {output:?}");
        }
    }
}

#[test]
fn a_folder_does_not_go_to_stdout() {
    let home = tempfile::tempdir().unwrap();
    for source in ["hello/", "hello/media/", "meganet://hello/"] {
        // Nothing listens there: the mistake is found without a node.
        let output = end(start(home.path(), home.path(), &["--rpc", "ws://127.0.0.1:9", "get", source, "-o", "-"]));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{source}: {said}");
        assert!(said.contains(&format!("`meganet ls {source}`")) && said.contains("-o DIR"), "{source}: {said}");
    }
}
