//! `meganet wallet` as people run it: what counts is what is left when its output goes nowhere.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

use meganet_wallet::{Store, files::write_new};
use std::{
    fs::OpenOptions,
    io::pipe,
    path::Path,
    process::{Command, Output, Stdio},
};

/// `meganet wallet new alice` with its wallet in a folder.
fn create(dir: &Path, json: bool, stdout: Stdio) -> Output {
    let password = dir.join("password");
    if !password.exists() {
        write_new(&password, b"a password").unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_meganet"));
    command.env_clear().args(["wallet", "new", "alice"]);
    command.arg("--wallet").arg(dir.join("wallet")).arg("--password-file").arg(&password);
    command.args(json.then_some("--json"));
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn an_account_whose_phrase_nobody_saw_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().join("wallet"));
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(pipe().unwrap().1);
    for json in [false, true] {
        for (case, stdout) in [("full", full()), ("closed", closed())] {
            let output = create(dir.path(), json, stdout);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{case} {json}: {said}");
            assert!(said.contains("no account was made"), "{case} {json}: {said}");
            assert_eq!(store.list().unwrap().accounts, [], "{case} {json}");
        }
    }
    // A closed descriptor is not a pipe: Rust replaces it.
    let password = dir.path().join("password");
    let mut shell = Command::new("sh");
    shell.env_clear().args(["-c", "exec \"$@\" >&-", "sh", env!("CARGO_BIN_EXE_meganet"), "wallet", "new", "alice"]);
    shell.arg("--wallet").arg(dir.path().join("wallet")).arg("--password-file").arg(&password);
    let output = shell.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(store.list().unwrap().accounts, []);
    // The name is free, and one whose phrase was shown stays.
    let output = create(dir.path(), false, Stdio::piped());
    assert!(output.status.success(), "{output:?}");
    let listed = store.list().unwrap().accounts;
    assert_eq!(listed.len(), 1);
    assert!(String::from_utf8_lossy(&output.stdout).contains("alice"));
}
