#![doc = include_str!("../README.md")]

mod arguments;

pub use arguments::{Arguments, exit_with, parse_arguments, try_parse_arguments};
pub use meganet_text::{shown, shown_json, shown_lines};

use anyhow::{Context, Error, Result};
use std::{
    collections::BTreeSet,
    io::{self, ErrorKind, Write},
    sync::{Mutex, PoisonError},
};

/// Prints a line on stdout.
///
/// # Errors
/// As of [`unless_closed`].
pub fn print_line(line: &str) -> Result<()> {
    unless_closed(writeln!(io::stdout(), "{line}"))
}

/// Prints a line on stdout that must not be lost. Returns false if the pipe is closed, or stdout was (`>&-`).
///
/// # Errors
/// Stdout cannot be written to for another reason.
pub fn print_whole_line(line: &str) -> Result<bool> {
    if stdout_was_closed() {
        return Ok(false);
    }
    let mut stdout = io::stdout();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true).context("could not write to stdout"),
    }
}

/// Returns true if the program was started with a closed stdout: Rust then opens `/dev/null` in its place, for reading and
/// writing. A shell opens it for writing alone, so `> /dev/null` is something else: the user wants no output.
#[cfg(target_os = "linux")]
fn stdout_was_closed() -> bool {
    use std::{fs, os::unix::fs::MetadataExt};
    /// The flags of `open(2)`, and those for reading and writing.
    const ACCESS: u32 = 0o3;
    const READ_WRITE: u32 = 0o2;
    let device = |path: &str| fs::metadata(path).map(|found| found.rdev()).ok();
    let is_null = device("/proc/self/fd/1").is_some_and(|stdout| stdout > 0 && Some(stdout) == device("/dev/null"));
    let info = fs::read_to_string("/proc/self/fdinfo/1").unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    is_null && flags.is_some_and(|flags| flags & ACCESS == READ_WRITE)
}

#[cfg(not(target_os = "linux"))]
fn stdout_was_closed() -> bool {
    false
}

/// The result of writing to stdout, where a closed pipe (`| head`) is not an error: the reader has seen enough.
///
/// # Errors
/// Stdout cannot be written to for another reason.
pub fn unless_closed(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("could not write to stdout"),
    }
}

/// Prints an error and its causes on stderr. Control characters in it are escaped.
pub fn print_error(error: &Error) {
    print_aside(&format!("error: {}", shown_lines(&error_text(error))));
}

/// Prints a line on stderr, if that is possible. Unlike `eprintln!` this does not panic if stderr is closed or full.
pub fn print_aside(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a note on stderr, if this process has not printed it before. Control characters in it are escaped.
pub fn print_note(note: &str) {
    static PRINTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if PRINTED.lock().unwrap_or_else(PoisonError::into_inner).insert(note.to_owned()) {
        print_aside(&format!("note: {}", shown_lines(note)));
    }
}

/// An error and its causes, leaving out each cause that the text so far already contains.
pub fn error_text(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_cause_is_printed_once() {
        let error = anyhow!("no connection").context("could not ask: no connection").context("resolving failed");
        assert_eq!(error_text(&error), "resolving failed: could not ask: no connection");
        assert_eq!(error_text(&anyhow!("inner").context("outer")), "outer: inner");
    }

    #[test]
    fn only_a_closed_pipe_is_forgiven() {
        unless_closed(Err(ErrorKind::BrokenPipe.into())).unwrap();
        let full = unless_closed(Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert!(full.to_string().contains("stdout"), "{full}");
    }
}
