//! `meganet wallet` as people and scripts run it: what counts is where its secrets go, and what is left when its output goes nowhere.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

use meganet_wallet::{Account, Phrase, Store, files::write_new};
use std::{
    fs::OpenOptions,
    io::pipe,
    path::Path,
    process::{Command, Output, Stdio},
};

/// `meganet wallet new alice` with its wallet in a folder.
fn create(dir: &Path, flags: &[&str], stdout: Stdio) -> Output {
    let password = dir.join("password");
    if !password.exists() {
        write_new(&password, b"a password").unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_meganet"));
    command.env_clear().args(["wallet", "new", "alice"]);
    command.arg("--wallet").arg(dir.join("wallet")).arg("--password-file").arg(&password);
    command.args(flags);
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn an_account_whose_phrase_nobody_saw_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().join("wallet"));
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(pipe().unwrap().1);
    for flags in [&["--json"][..], &["--show-phrase"], &["--json", "--show-phrase"], &[]] {
        for (case, stdout) in [("full", full()), ("closed", closed())] {
            let output = create(dir.path(), flags, stdout);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{case} {flags:?}: {said}");
            assert!(said.contains("no account was made"), "{case} {flags:?}: {said}");
            assert_eq!(store.list().unwrap().accounts, [], "{case} {flags:?}");
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
    // The name is free, and an account whose phrase was shown stays.
    let output = create(dir.path(), &["--show-phrase"], Stdio::piped());
    assert!(output.status.success(), "{output:?}");
    let listed = store.list().unwrap().accounts;
    assert_eq!(listed.len(), 1);
    assert!(String::from_utf8_lossy(&output.stdout).contains("alice"));
}

#[test]
fn a_phrase_goes_into_a_pipe_only_on_request() {
    for (flags, requested) in
        [(&["--json"][..], false), (&[], false), (&["--show-phrase"], true), (&["--json", "--show-phrase"], true)]
    {
        let dir = tempfile::tempdir().unwrap();
        let output = create(dir.path(), flags, Stdio::piped());
        assert!(output.status.success(), "{flags:?}: {output:?}");
        let address = Store::new(dir.path().join("wallet")).list().unwrap().accounts[0].account;
        let (printed, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let phrases: Vec<Phrase> =
            [&printed, &said].iter().flat_map(|text| text.split(['"', '\n'])).flat_map(Phrase::parse).collect();
        let accounts: Vec<_> = phrases.iter().map(|phrase| Account::from_phrase(phrase).unwrap().id()).collect();
        assert_eq!(accounts, if requested { vec![address] } else { vec![] }, "{flags:?}");
        assert_eq!(said.contains("--show-phrase"), !requested, "{flags:?}: {said}");
    }
}
