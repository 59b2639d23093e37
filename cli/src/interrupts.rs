//! Being told to end: by Ctrl-C, by `kill`, or because the terminal was closed.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears SIGINT, SIGTERM and SIGHUP from when it is made, also while nobody waits: a Ctrl-C between two steps is not lost.
pub struct Interrupts {
    ctrl_c: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interrupts {
    /// Begins to listen; from now on these signals no longer end the process by themselves. Needs a Tokio runtime.
    pub fn listen() -> Result<Self> {
        let hear = |kind| signal(kind).context("the system does not let this program listen for signals");
        Ok(Interrupts {
            ctrl_c: hear(SignalKind::interrupt())?,
            terminate: hear(SignalKind::terminate())?,
            hang_up: hear(SignalKind::hangup())?,
        })
    }

    /// Waits for the next of them.
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
    async fn a_signal_that_came_while_nobody_waited_is_heard() {
        let mut interrupts = Interrupts::listen().unwrap();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            raise(signal).unwrap();
            tokio::time::timeout(std::time::Duration::from_secs(60), interrupts.next()).await.unwrap();
        }
    }
}
