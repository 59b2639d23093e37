//! Commands that were ended by a signal, and have put things in order before.

use super::WrongUsage;
use std::{error::Error, fmt};

/// A signal ended the command: Ctrl-C, or one that asks processes to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl Interrupted {
    /// The exit code, which shells also report for a program that dies of Ctrl-C.
    pub const EXIT_CODE: u8 = 130;
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted: files that are complete stay, and nothing else")
    }
}

impl Error for Interrupted {}

/// The exit code of a command that failed.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Interrupted>() {
        Interrupted::EXIT_CODE
    } else if error.is::<WrongUsage>() {
        WrongUsage::EXIT_CODE
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_command_line_has_the_exit_code_of_the_parser() {
        let error = anyhow::Error::from(WrongUsage("write it otherwise".to_owned()));
        assert_eq!(error.to_string(), "write it otherwise");
        assert_eq!(exit_code(&error), 2);
        assert_eq!(exit_code(&error.context("while fetching")), 2);
    }

    #[test]
    fn an_interrupt_has_its_own_exit_code() {
        assert_eq!(exit_code(&Interrupted.into()), 130);
        assert_eq!(exit_code(&anyhow::Error::from(Interrupted).context("while fetching")), 130);
        assert_eq!(exit_code(&anyhow::anyhow!("interrupted")), 1);
    }
}
