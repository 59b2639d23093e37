//! Counters and gauges of background jobs, each with the label `job`.

use super::gauge;
use crate::background::{JobInfo, JobState};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The label of a job's counters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfJob {
    job: String,
}

/// The labels of a job's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    job: String,
    state: &'static str,
}

/// The metrics of all jobs.
#[derive(Default)]
pub(super) struct JobMetrics {
    state: Family<InState, Gauge>,
    steps: Family<OfJob, Counter>,
    restarts: Family<OfJob, Counter>,
    failures: Family<OfJob, Gauge>,
    queue: Family<OfJob, Gauge>,
    last_error: Family<OfJob, Gauge>,
}

impl JobMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("job_state", "1 for the present state of a background job", self.state.clone());
        for (name, help, family) in [
            ("job_steps", "Steps completed by a background job", &self.steps),
            ("job_restarts", "Restarts of a background job", &self.restarts),
        ] {
            registry.register(name, help, family.clone());
        }
        for (name, help, family) in [
            ("job_failures", "Failures of a background job in a row", &self.failures),
            ("job_queue", "Items that wait for a background job", &self.queue),
            ("job_last_error_age_seconds", "Time since the last failure or wait of a background job", &self.last_error),
        ] {
            registry.register(name, help, family.clone());
        }
    }

    pub(super) fn set(&self, jobs: &[JobInfo]) {
        jobs.iter().for_each(|job| self.set_job(job));
    }

    fn set_job(&self, info: &JobInfo) {
        let job = OfJob { job: info.name.clone() };
        for state in JobState::ALL {
            let labels = InState { job: info.name.clone(), state: state.name() };
            self.state.get_or_create(&labels).set(i64::from(state == info.state));
        }
        for (family, total) in [(&self.steps, info.steps), (&self.restarts, info.restarts)] {
            let counter = family.get_or_create(&job);
            counter.inc_by(total.saturating_sub(counter.get()));
        }
        self.failures.get_or_create(&job).set(info.failures.into());
        if let Some(queue) = info.queue {
            self.queue.get_or_create(&job).set(gauge(queue));
        }
        if let Some(age) = info.last_error_age_s {
            self.last_error.get_or_create(&job).set(gauge(age));
        }
    }
}
