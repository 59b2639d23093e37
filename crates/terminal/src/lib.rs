#![doc = include_str!("../README.md")]

use anyhow::{Context, Error, Result};
use std::io::{self, ErrorKind, Write};

/// Prints a line on stdout.
///
/// # Errors
/// As of [`unless_closed`].
pub fn print_line(line: &str) -> Result<()> {
    unless_closed(writeln!(io::stdout(), "{line}"))
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

/// Prints an error and its causes on stderr.
pub fn print_error(error: &Error) {
    // Unlike `eprintln!` this does not panic if the terminal was closed.
    let _ = writeln!(io::stderr(), "error: {}", error_text(error));
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
