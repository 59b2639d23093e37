//! Ending the processes of a devnet. Whoever starts one relies on this to leave no process behind, so every process is told
//! to end before anything is waited for, and nothing is written before all have ended: on a machine that is busy writing,
//! after a build say, a write may take minutes.

use super::{
    process::{Kind, Running},
    state::State,
};
use anyhow::{Context, Result, ensure};
use futures::Future;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// How long processes may take to end after SIGTERM before they are killed, and to be gone after SIGKILL.
const GRACE: Duration = Duration::from_secs(20);

impl State {
    /// Ends processes together, politely first: `SIGTERM` to each in the order given, and after 20 seconds `SIGKILL` to
    /// those that are left.
    pub fn stop(&mut self, indices: &[usize]) -> Result<()> {
        self.end(indices, GRACE)
    }

    /// Ends processes at once, as a power cut would: `SIGKILL` to all, then waits until all are gone.
    pub fn kill(&mut self, indices: &[usize]) -> Result<()> {
        let running = self.running(indices);
        let told = tell(&running, Signal::SIGKILL);
        wait(&running, GRACE);
        let ended = self.forget(indices);
        // A process that cannot be signalled and is still there is told of by `forget`, with its name.
        ended.and(told)
    }

    /// Ends everything, readers first.
    pub fn stop_all(&mut self) -> Result<()> {
        self.stop(&self.readers_first())
    }

    /// Ends everything, and kills what is left as soon as `hurry` resolves, for people who press Ctrl-C again.
    pub async fn stop_all_or_kill(self, hurry: impl Future<Output = ()>) -> Result<()> {
        self.end_all_or_kill(GRACE, hurry).await
    }

    async fn end_all_or_kill(mut self, grace: Duration, hurry: impl Future<Output = ()>) -> Result<()> {
        let all = self.readers_first();
        let running = self.running(&all);
        // Waiting blocks, and `hurry` must be heard meanwhile.
        let mut ending = tokio::task::spawn_blocking(move || self.end(&all, grace));
        let ended = tokio::select! {
            ended = &mut ending => ended,
            () = hurry => {
                // Whatever cannot be told here is told of by `end`, which finds it running.
                let _ = tell(&running, Signal::SIGKILL);
                ending.await
            }
        };
        ended.context("the thread that ends the processes broke down; `meganet devnet down` ends what is left")?
    }

    fn end(&mut self, indices: &[usize], grace: Duration) -> Result<()> {
        let running = self.running(indices);
        // What does not hear this is killed below, and an error of that is reported.
        let _ = tell(&running, Signal::SIGTERM);
        wait(&running, grace);
        self.kill(indices)
    }

    fn readers_first(&self) -> Vec<usize> {
        [Kind::Gateway, Kind::Worker, Kind::Validator].into_iter().flat_map(|kind| self.of_kind(kind)).collect()
    }

    fn running(&self, indices: &[usize]) -> Vec<Running> {
        indices.iter().filter_map(|index| self.processes[*index].running).collect()
    }

    /// Takes down that processes have ended.
    fn forget(&mut self, indices: &[usize]) -> Result<()> {
        let mut left = Vec::new();
        for index in indices {
            let process = &mut self.processes[*index];
            match process.running {
                Some(running) if running.is_alive() => left.push(format!("{} (process {})", process.name, running.pid)),
                _ => process.running = None,
            }
        }
        let saved = self.save().context("the processes have ended, but that could not be written down");
        ensure!(left.is_empty(), "still running, though told to end and killed: {}", left.join(", "));
        saved
    }
}

/// Sends a signal to all, whatever comes of each; the first error.
fn tell(running: &[Running], signal: Signal) -> Result<()> {
    running.iter().map(|instance| instance.signal(signal)).fold(Ok(()), Result::and)
}

/// Waits until all have ended, `grace` for them together.
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
    use crate::devnet::Shape;
    use std::path::Path;

    /// Longer than any test may take: who waits for this fails.
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
    fn all_are_told_before_any_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        // Each ends only once the one that is told after it has been told.
        let gateway = "trap 'while [ ! -e worker ]; do sleep 0.05; done; touch gateway; exit' TERM";
        let worker = "trap 'touch worker; while [ ! -e validator ]; do sleep 0.05; done; exit' TERM";
        let validator = "trap 'touch validator; exit' TERM";
        let scripts = [("gateway", gateway), ("worker-de-1", worker), ("validator-1", validator)];
        let mut state = network(dir.path(), scripts);
        let running = all_running(&state);
        state.stop_all().unwrap();
        assert!(running.iter().all(|instance| !instance.is_alive()));
        assert!(dir.path().join("gateway").exists(), "the gateway was killed instead of left to end");
        let saved = State::require(dir.path()).unwrap();
        assert!(saved.processes.iter().all(|process| process.running.is_none()));
    }

    #[test]
    fn what_is_deaf_is_killed_and_a_state_that_cannot_be_saved_keeps_nothing_alive() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = [("gateway", DEAF), ("worker-de-1", DEAF), ("validator-1", DEAF)];
        let mut state = network(dir.path(), scripts);
        let running = all_running(&state);
        std::fs::remove_dir_all(dir.path()).unwrap();
        let error = state.end(&state.readers_first(), Duration::from_millis(200)).unwrap_err();
        assert!(error.to_string().contains("have ended, but"), "{error:#}");
        assert!(running.iter().all(|instance| !instance.is_alive()));
    }

    #[tokio::test]
    async fn who_is_in_a_hurry_does_not_wait_for_the_deaf() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = [("gateway", DEAF), ("worker-de-1", DEAF), ("validator-1", DEAF)];
        let state = network(dir.path(), scripts);
        let running = all_running(&state);
        let ending = state.end_all_or_kill(FOR_EVER, std::future::ready(()));
        tokio::time::timeout(PATIENCE, ending).await.unwrap().unwrap();
        assert!(running.iter().all(|instance| !instance.is_alive()));
    }
}
