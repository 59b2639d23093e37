//! Drives jobs, restarts those that fail, and gives up on those that cannot run.

use super::{
    info::{JobInfo, JobRecord, JobState},
    job::{Job, StepError, Turn},
};
use crate::service::supervision::{Supervision, Verdict};
use futures::FutureExt;
use parking_lot::Mutex;
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the job {name} failed{}: {error}. The worker stops because it cannot do its work without this job: remove the cause and start it again",
    in_a_row(*.failures)
)]
pub struct JobFailure {
    /// The job's name.
    pub name: &'static str,
    /// Failures in a row.
    pub failures: u32,
    /// The last error.
    pub error: String,
}

/// The number of failures, as a part of a sentence.
fn in_a_row(failures: u32) -> String {
    if failures > 1 { format!(" {failures} times in a row, the last time with") } else { String::new() }
}

/// Builds a job, at its start and at each restart.
type Make = Box<dyn Fn() -> Box<dyn Job> + Send + Sync>;

/// A job's record, shared by the task that drives it and the list.
type Record = Arc<Mutex<JobRecord>>;

/// The jobs of a worker. Clones share them.
#[derive(Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Supervision,
    stop: CancellationToken,
    tasks: TaskTracker,
    records: Mutex<Vec<Record>>,
    failure: OnceLock<JobFailure>,
}

impl Jobs {
    /// No jobs yet. Cancelling `stop` ends all jobs; a job that is given up cancels it.
    pub fn new(rules: Supervision, stop: CancellationToken) -> Self {
        let (records, failure) = (Mutex::default(), OnceLock::new());
        Self { inner: Arc::new(Inner { rules, stop, tasks: TaskTracker::new(), records, failure }) }
    }

    /// Starts a job. `make` is called for its name and then at each start, so state that must survive a restart belongs
    /// outside the job.
    pub fn spawn<J: Job + 'static>(&self, make: impl Fn() -> J + Send + Sync + 'static) {
        let name = make().name();
        let record = Arc::new(Mutex::new(JobRecord::new(name)));
        self.inner.records.lock().push(record.clone());
        let inner = self.inner.clone();
        let make: Make = Box::new(move || Box::new(make()));
        self.inner.tasks.spawn(async move {
            let stop = inner.stop.clone();
            let supervised = AssertUnwindSafe(inner.supervise(name, &record, &make)).catch_unwind();
            if let Some(Err(panic)) = stop.run_until_cancelled(supervised).await {
                // A job that nobody supervises would be missing without a trace.
                let error = format!("panic while supervising: {}", message(&*panic));
                let (failures, _) = record.lock().failed(&error, true, &inner.rules);
                inner.give_up(JobFailure { name, failures, error });
            }
        });
    }

    /// All jobs, in the order in which they were started.
    pub fn list(&self) -> Vec<JobInfo> {
        self.inner.records.lock().iter().map(|record| record.lock().info()).collect()
    }

    /// Returns false if a job has failed too often in a row.
    pub fn is_healthy(&self) -> bool {
        !self.inner.records.lock().iter().any(|record| record.lock().is_unhealthy(&self.inner.rules))
    }

    /// The job that was given up, if any.
    pub fn failure(&self) -> Option<JobFailure> {
        self.inner.failure.get().cloned()
    }

    /// The token that ends all jobs.
    pub fn stop(&self) -> &CancellationToken {
        &self.inner.stop
    }

    /// Ends all jobs and waits until they have ended, or `patience` is over. Returns true if they have.
    pub async fn end(&self, patience: Duration) -> bool {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        tokio::time::timeout(patience, self.inner.tasks.wait()).await.is_ok()
    }
}

impl Inner {
    async fn supervise(&self, name: &'static str, record: &Record, make: &Make) {
        loop {
            let (error, is_fatal) = match AssertUnwindSafe(drive(record, make)).catch_unwind().await {
                Ok(Ok(())) => return record.lock().enter(JobState::Done),
                Ok(Err(error)) => (error.to_string(), matches!(error, StepError::Fatal(_))),
                Err(panic) => (format!("panic: {}", message(&*panic)), false),
            };
            let (failures, verdict) = record.lock().failed(&error, is_fatal, &self.rules);
            match verdict {
                Verdict::Restart(delay) => {
                    tracing::error!(job = name, failures, restart_in_s = delay.as_secs_f32(), "a job failed: {error}");
                    tokio::time::sleep(delay).await;
                    record.lock().restarted();
                }
                Verdict::GiveUp => {
                    let failure = JobFailure { name, failures, error };
                    tracing::error!(job = name, "{failure}");
                    return self.give_up(failure);
                }
            }
        }
    }

    /// Ends the worker.
    fn give_up(&self, failure: JobFailure) {
        // The first one is the cause; others may follow from it.
        let _ = self.failure.set(failure);
        self.stop.cancel();
    }
}

/// Runs a job until it is done or fails.
async fn drive(record: &Record, make: &Make) -> Result<(), StepError> {
    let mut job = make();
    loop {
        record.lock().enter(JobState::Busy);
        let result = job.step().await;
        let (status, throttle) = (job.status(), job.throttle());
        let turn = match result {
            Ok(turn) => {
                record.lock().stepped(state_after(turn), status);
                turn
            }
            Err(error @ (StepError::Failed(_) | StepError::Fatal(_))) => return Err(error),
            Err(StepError::Waiting(error)) => {
                let error = format!("{error:#}");
                // Logged once for each reason, not at each attempt.
                if record.lock().waits(&error, status) {
                    tracing::warn!(job = job.name(), "waiting: {error}");
                } else {
                    tracing::debug!(job = job.name(), "waiting: {error}");
                }
                Turn::Idle(Some(throttle.retry))
            }
        };
        match turn {
            Turn::Busy => tokio::task::yield_now().await,
            Turn::Throttled(rest) => tokio::time::sleep(rest).await,
            Turn::Idle(at_most) => match at_most.or(throttle.poll) {
                // Whichever comes first.
                Some(at_most) => drop(tokio::time::timeout(at_most, job.wake()).await),
                None => job.wake().await,
            },
            Turn::Done => return Ok(()),
        }
    }
}

fn state_after(turn: Turn) -> JobState {
    match turn {
        Turn::Busy => JobState::Busy,
        Turn::Throttled(_) => JobState::Throttled,
        Turn::Idle(_) => JobState::Idle,
        Turn::Done => JobState::Done,
    }
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
