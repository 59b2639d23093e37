//! `meganet --help` as people run it: help that nobody can read is a failure, except behind a closed pipe.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs::OpenOptions,
    io::pipe,
    process::{Command, Output, Stdio},
};

fn run(argument: &str, stdout: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meganet"));
    command.env_clear().arg(argument).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn help_that_does_not_fit_on_the_disk_is_a_failure() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    for argument in ["--help", "-h", "--version"] {
        let output = run(argument, full());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{argument}: {said}");
        assert!(said.contains("could not write to stdout"), "{argument}: {said}");

        let output = run(argument, Stdio::from(pipe().unwrap().1));
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{argument}");

        let output = run(argument, Stdio::piped());
        assert!(output.status.success() && !output.stdout.is_empty(), "{argument}");
    }
    assert_eq!(run("--unknown", full()).status.code(), Some(2));
}
