//! Commands that were ended by a signal, and have put things in order before.

use super::WrongUsage;
use std::{error::Error, fmt};

/// A signal ended the command: Ctrl-C, or one that asks processes to end. The text says what that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted(pub &'static str);

impl Interrupted {
    /// The exit code, which shells also report for a program that dies of Ctrl-C.
    pub const EXIT_CODE: u8 = 130;
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted: {}", self.0)
    }
}

impl Error for Interrupted {}

/// The outcome of `work`, which is given up at an interrupt; `left` says what stays then.
///
/// The process must not end here, as it would with the signal: temporary files disappear when `work` is dropped, or when the thread
/// that writes them is done, for which the runtime waits at its end.
pub(super) async fn until_interrupted<T, E: Into<anyhow::Error>>(
    work: impl Future<Output = Result<T, E>>,
    interrupt: impl Future<Output = ()>,
    left: &'static str,
) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done.map_err(Into::into),
        () = interrupt => Err(Interrupted(left).into()),
    }
}

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
        let interrupted = Interrupted("nothing stays");
        assert_eq!(interrupted.to_string(), "interrupted: nothing stays");
        assert_eq!(exit_code(&interrupted.into()), 130);
        assert_eq!(exit_code(&anyhow::Error::from(interrupted).context("while fetching")), 130);
        assert_eq!(exit_code(&anyhow::anyhow!("interrupted")), 1);
    }
}
