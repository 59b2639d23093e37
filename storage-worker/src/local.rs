//! The part of a worker that needs neither chain nor network: disk, counters, and the jobs on the disk alone.

use crate::{
    background::Jobs,
    clock::Clock,
    disk::{DamageLog, Disk},
    jobs::{
        adopt::Adopt,
        scrub::{Scrub, ScrubSettings},
        space::WatchSpace,
    },
    metrics::Metrics,
    settings::WorkerSettings,
    status::Status,
    store::Store,
};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The local half of a worker, from which [`crate::worker::Worker`] hands out what each job needs. Cheap to clone.
#[derive(Clone)]
pub struct Local {
    /// The store.
    pub disk: Disk,
    /// Limits and paces.
    pub settings: Arc<WorkerSettings>,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// Counters for the operator.
    pub metrics: Arc<Metrics>,
    /// State for the operator.
    pub status: Arc<Status>,
    /// All background jobs.
    pub jobs: Jobs,
    /// Wakes the rebuild job.
    pub rebuild_due: Arc<Notify>,
}

impl Local {
    /// Begins to compare a store with its files, and to scrub it. Cancelling `stop` ends the worker; a job that is given up cancels it too.
    pub fn start(store: Arc<Store>, settings: WorkerSettings, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        let local = Self {
            disk: Disk::new(store),
            jobs: Jobs::new(settings.supervision, stop),
            status: Arc::new(Status::new(settings.chain_silence)),
            settings: Arc::new(settings),
            clock,
            metrics: Arc::default(),
            rebuild_due: Arc::default(),
        };
        let (disk, status, capacity) = (local.disk.clone(), local.status.clone(), local.settings.capacity);
        local.jobs.spawn(move || WatchSpace::new(disk.clone(), status.clone(), capacity));
        let (disk, damage, clock, metrics) =
            (local.disk.clone(), local.damage(), local.clock.clone(), local.metrics.clone());
        local.jobs.spawn(move || Adopt::new(disk.clone(), damage.clone(), clock.clone(), metrics.clone()));
        let (disk, damage, metrics) = (local.disk.clone(), local.damage(), local.metrics.clone());
        let settings = ScrubSettings { rate: local.settings.scrub_rate, interval: local.settings.scrub_interval };
        local.jobs.spawn(move || Scrub::new(disk.clone(), damage.clone(), metrics.clone(), settings));
        local
    }

    /// The log of damaged shards.
    pub fn damage(&self) -> DamageLog {
        DamageLog {
            disk: self.disk.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            rebuild_due: self.rebuild_due.clone(),
        }
    }
}
