//! Reports to systemd that the worker runs, and that it has not hung.

use crate::{disk::Disk, store::StoreError};
use sd_notify::NotifyState;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The interval that systemd demands (`WatchdogSec`), if it watches this process.
fn interval() -> Option<Duration> {
    let mut micros = 0;
    sd_notify::watchdog_enabled(false, &mut micros).then(|| Duration::from_micros(micros))
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, state) {
        tracing::warn!(%error, "cannot reach systemd");
    }
}

/// Reports that the worker has started, and then that it lives, as long as its threads and its disk answer. Does nothing
/// where no systemd waits for that.
pub async fn tend(disk: Disk, stop: CancellationToken) {
    tell(&[NotifyState::Ready]);
    let Some(interval) = interval() else { return };
    let mut every = tokio::time::interval(interval / 3);
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        // A disk that hangs holds up this read, and then systemd restarts the worker. One that fails is the jobs' concern.
        let _: Result<_, StoreError> = disk.run(|store| store.free()).await;
        tell(&[NotifyState::Watchdog]);
    }
}

/// Reports that the worker is ending.
pub fn ending() {
    tell(&[NotifyState::Stopping]);
}
