//! The signals that ask a program to stop: Ctrl-C, `kill`, a closed terminal.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Receives SIGINT, SIGTERM and SIGHUP. Signals that arrive while no one waits are kept, so a Ctrl-C between two steps is
/// not lost.
pub struct Interrupts {
    ctrl_c: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interrupts {
    /// Starts to listen. From then on these signals no longer end the process, so the caller has to act on [`Self::next`].
    ///
    /// # Errors
    /// The system refuses to install the handlers.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn listen() -> Result<Self> {
        let hear = |kind| signal(kind).context("could not install a signal handler");
        Ok(Interrupts {
            ctrl_c: hear(SignalKind::interrupt())?,
            terminate: hear(SignalKind::terminate())?,
            hang_up: hear(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nix::sys::signal::{Signal, raise};

    #[tokio::test]
    async fn a_signal_that_came_while_nobody_waited_is_not_lost() {
        let mut interrupts = Interrupts::listen().unwrap();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            raise(signal).unwrap();
            tokio::time::timeout(std::time::Duration::from_secs(60), interrupts.next()).await.unwrap();
        }
    }
}
