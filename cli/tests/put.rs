//! `meganet put` as people run it, as far as that needs no network: mistakes are found before a node is asked or anything is read.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    io::pipe,
    path::Path,
    process::{Command, Output, Stdio},
};

/// `meganet put` of a user with this home folder, with a pipe as its input that nobody writes to.
fn put(home: &Path, args: &[&str]) -> Output {
    let (reader, _writer) = pipe().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_meganet"));
    // Nothing listens there.
    command.env_clear().env("HOME", home).args(["--rpc", "ws://127.0.0.1:9", "--suri", "//Alice", "put"]).args(args);
    command.stdin(Stdio::from(reader)).output().unwrap()
}

#[test]
fn standard_input_needs_a_name_that_a_file_can_have() {
    let home = tempfile::tempdir().unwrap();
    for (args, code) in [(&["-"][..], 2), (&["-", "--name", "a/b"], 1), (&["-", "--name", ".."], 1)] {
        let output = put(home.path(), args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains("--name"), "{args:?}: {said}");
    }
}

#[test]
fn what_is_not_a_regular_file_is_refused_with_the_way_to_store_it() {
    let home = tempfile::tempdir().unwrap();
    let fifo = home.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for file in ["/dev/stdin", "/dev/fd/0", "/dev/null", fifo.to_str().unwrap()] {
        let output = put(home.path(), &[file]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{file}: {said}");
        assert!(said.contains("not a regular file") && said.contains("meganet put - --name"), "{file}: {said}");
    }
    let output = put(home.path(), &["none"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("Check the path"), "{output:?}");
}
