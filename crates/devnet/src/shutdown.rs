//! Stops the processes of a devnet, and leaves none behind. All are signalled before any is waited for, and nothing is written to
//! disk before all have exited: on a machine that is busy writing, after a build for example, a write may take minutes.

use crate::{
    process::{Kind, Running},
    state::State,
};
use anyhow::{Context, Result, ensure};
use futures::Future;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// Time for processes to exit after SIGTERM, before they are killed, and again after SIGKILL.
const GRACE: Duration = Duration::from_secs(20);

impl State {
    /// Stops processes together: `SIGTERM` to each in the given order, and after 20 seconds `SIGKILL` to those still running.
    ///
    /// # Errors
    /// A process survives, or the new state cannot be saved.
    pub fn stop(&mut self, indices: &[usize]) -> Result<()> {
        self.end(indices, GRACE)
    }

    /// Kills processes as a power cut would: `SIGKILL` to all, then waits until all have exited.
    ///
    /// # Errors
    /// As of [`Self::stop`].
    pub fn kill(&mut self, indices: &[usize]) -> Result<()> {
        let running = self.running(indices);
        let signalled = signal_all(&running, Signal::SIGKILL);
        wait(&running, GRACE);
        let ended = self.forget(indices);
        // `forget` reports a process that is still there by its name, which says more.
        ended.and(signalled)
    }

    /// Stops everything: the gateway, then workers, then validators.
    ///
    /// # Errors
    /// As of [`Self::stop`].
    pub fn stop_all(&mut self) -> Result<()> {
        self.stop(&self.readers_first())
    }

    /// Stops everything, and kills what is still running once `hurry` resolves: for a user who presses Ctrl-C again.
    ///
    /// # Errors
    /// As of [`Self::stop`].
    pub async fn stop_all_or_kill(self, hurry: impl Future<Output = ()>) -> Result<()> {
        self.end_all_or_kill(GRACE, hurry).await
    }

    async fn end_all_or_kill(mut self, grace: Duration, hurry: impl Future<Output = ()>) -> Result<()> {
        let all = self.readers_first();
        let running = self.running(&all);
        // `end` blocks, and `hurry` has to be polled at the same time.
        let mut ending = tokio::task::spawn_blocking(move || self.end(&all, grace));
        let ended = tokio::select! {
            ended = &mut ending => ended,
            () = hurry => {
                // `end` reports what could not be signalled and is still running.
                let _ = signal_all(&running, Signal::SIGKILL);
                ending.await
            }
        };
        ended.context("the thread that stops the processes panicked; run `meganet devnet down` to stop the rest")?
    }

    fn end(&mut self, indices: &[usize], grace: Duration) -> Result<()> {
        let running = self.running(indices);
        // Processes that cannot be signalled are killed below, which reports the error.
        let _ = signal_all(&running, Signal::SIGTERM);
        wait(&running, grace);
        self.kill(indices)
    }

    fn readers_first(&self) -> Vec<usize> {
        [Kind::Gateway, Kind::Worker, Kind::Validator].into_iter().flat_map(|kind| self.of_kind(kind)).collect()
    }

    fn running(&self, indices: &[usize]) -> Vec<Running> {
        indices.iter().filter_map(|index| self.processes[*index].running).collect()
    }

    /// Records that processes have exited.
    ///
    /// # Errors
    /// One is still running, or the state cannot be saved.
    fn forget(&mut self, indices: &[usize]) -> Result<()> {
        let mut left = Vec::new();
        for index in indices {
            let process = &mut self.processes[*index];
            match process.running {
                Some(running) if running.is_alive() => left.push(format!("{} (process {})", process.name, running.pid)),
                _ => process.running = None,
            }
        }
        let saved = self.save().context("the processes have exited, but that could not be saved");
        ensure!(left.is_empty(), "still running after SIGTERM and SIGKILL: {}", left.join(", "));
        saved
    }
}

/// Sends a signal to all, also after an error; returns the first one.
fn signal_all(running: &[Running], signal: Signal) -> Result<()> {
    running.iter().map(|instance| instance.signal(signal)).fold(Ok(()), Result::and)
}

/// Waits until all have exited, for at most `grace` in total.
fn wait(running: &[Running], grace: Duration) {
    let deadline = Instant::now() + grace;
    for instance in running {
        instance.wait_ended(deadline.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Shape;
    use std::path::Path;

    /// Longer than any test may take.
    const FOR_EVER: Duration = Duration::from_secs(3600);
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A devnet with shell scripts in place of its programs.
    fn network(dir: &Path, scripts: [(&str, &str); 3]) -> State {
        let shape = Shape { validators: 1, workers: vec![("DE".into(), 1)], gateway_port: Some(0), ..Shape::small() };
        let mut state = State::create(dir, &shape).unwrap();
        for (name, script) in scripts {
            let index = state.position(name).unwrap();
            let ready = dir.join(format!("{name}.ready"));
            let script = format!("cd '{}'; {script}; touch {name}.ready; while :; do sleep 0.05; done", dir.display());
            state.processes[index].spawn(Path::new("/bin/sh"), &["-c".into(), script]).unwrap();
            let deadline = Instant::now() + PATIENCE;
            while !ready.exists() {
                assert!(Instant::now() < deadline, "{name} did not start");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        state
    }

    fn all_running(state: &State) -> Vec<Running> {
        let running = state.running(&state.readers_first());
        assert_eq!(running.len(), 3);
        running
    }

    const DEAF: &str = "trap '' TERM";

    #[test]
    fn all_are_signalled_before_any_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        // Each process exits only after the next one has been signalled.
        let gateway = "trap 'while [ ! -e worker ]; do sleep 0.05; done; touch gateway; exit' TERM";
        let worker = "trap 'touch worker; while [ ! -e validator ]; do sleep 0.05; done; exit' TERM";
        let validator = "trap 'touch validator; exit' TERM";
        let scripts = [("gateway", gateway), ("worker-de-1", worker), ("validator-1", validator)];
        let mut state = network(dir.path(), scripts);
        let running = all_running(&state);
        state.stop_all().unwrap();
        assert!(running.iter().all(|instance| !instance.is_alive()));
        assert!(dir.path().join("gateway").exists(), "the gateway was killed before it could exit");
        let saved = State::require(dir.path()).unwrap();
        assert!(saved.processes.iter().all(|process| process.running.is_none()));
    }

    #[test]
    fn processes_that_ignore_sigterm_are_killed_even_if_the_state_cannot_be_saved() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = [("gateway", DEAF), ("worker-de-1", DEAF), ("validator-1", DEAF)];
        let mut state = network(dir.path(), scripts);
        let running = all_running(&state);
        std::fs::remove_dir_all(dir.path()).unwrap();
        let error = state.end(&state.readers_first(), Duration::from_millis(200)).unwrap_err();
        assert!(error.to_string().contains("have exited, but"), "{error:#}");
        assert!(running.iter().all(|instance| !instance.is_alive()));
    }

    #[tokio::test]
    async fn in_a_hurry_processes_that_ignore_sigterm_are_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = [("gateway", DEAF), ("worker-de-1", DEAF), ("validator-1", DEAF)];
        let state = network(dir.path(), scripts);
        let running = all_running(&state);
        let ending = state.end_all_or_kill(FOR_EVER, std::future::ready(()));
        tokio::time::timeout(PATIENCE, ending).await.unwrap().unwrap();
        assert!(running.iter().all(|instance| !instance.is_alive()));
    }
}
