//! The state of a job as operators see it.

use super::job::JobStatus;
use crate::service::supervision::{Supervision, Verdict};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The activity of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Working on a step.
    Busy,
    /// Resting in order to keep to its rate.
    Throttled,
    /// Waiting for something to do.
    Idle,
    /// Waiting for the node or other members, then trying again.
    Waiting,
    /// Failed, and waiting for its restart.
    Restarting,
    /// Given up.
    Failed,
    /// Finished for good.
    Done,
}

impl JobState {
    /// All states.
    pub const ALL: [Self; 7] =
        [Self::Busy, Self::Throttled, Self::Idle, Self::Waiting, Self::Restarting, Self::Failed, Self::Done];

    /// The name in JSON, metrics and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Throttled => "throttled",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Restarting => "restarting",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// A job in the list of jobs, as in the JSON of `/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInfo {
    /// The job's name.
    pub name: String,
    /// Its activity.
    pub state: JobState,
    /// Seconds since it entered that state.
    pub state_age_s: u64,
    /// Steps completed since the worker started.
    pub steps: u64,
    /// Restarts since the worker started.
    pub restarts: u64,
    /// Failures in a row, until the job has run for long without one and then fails with another error.
    pub failures: u32,
    /// The last failure, or reason to wait, since the worker started.
    pub last_error: Option<String>,
    /// Seconds since then.
    pub last_error_age_s: Option<u64>,
    /// How far it has come, in words.
    pub progress: Option<String>,
    /// Number of items that wait to be processed, where that is known.
    pub queue: Option<u64>,
}

/// The record from which a [`JobInfo`] is made.
pub(super) struct JobRecord {
    pub(super) name: &'static str,
    state: JobState,
    since: Instant,
    /// When the present run began; `None` while the job does not run.
    run: Option<Instant>,
    steps: u64,
    restarts: u64,
    failures: u32,
    /// The error of the last failure.
    last_failure: Option<String>,
    last_error: Option<(String, Instant)>,
    status: JobStatus,
}

impl JobRecord {
    pub(super) fn new(name: &'static str) -> Self {
        let now = Instant::now();
        Self {
            name,
            state: JobState::Busy,
            since: now,
            run: Some(now),
            steps: 0,
            restarts: 0,
            failures: 0,
            last_failure: None,
            last_error: None,
            status: JobStatus::default(),
        }
    }

    pub(super) fn enter(&mut self, state: JobState) {
        if self.state != state {
            self.state = state;
            self.since = Instant::now();
        }
    }

    /// Notes the end of a step without failure.
    pub(super) fn stepped(&mut self, state: JobState, status: JobStatus) {
        self.steps += 1;
        self.status = status;
        self.enter(state);
    }

    /// Notes that the job waits; returns true if the reason differs from the last error.
    pub(super) fn waits(&mut self, error: &str, status: JobStatus) -> bool {
        self.status = status;
        self.enter(JobState::Waiting);
        self.note(error)
    }

    /// Notes that the job has failed; returns the failures in a row and the verdict. It is given up if the failure is fatal.
    pub(super) fn failed(&mut self, error: &str, is_fatal: bool, rules: &Supervision) -> (u32, Verdict) {
        let same = self.last_failure.as_deref() == Some(error);
        self.failures = rules.in_a_row(self.failures, self.ran().unwrap_or_default(), same);
        self.last_failure = Some(error.to_owned());
        self.run = None;
        self.note(error);
        let verdict = if is_fatal { Verdict::GiveUp } else { rules.verdict(self.failures) };
        self.enter(if verdict == Verdict::GiveUp { JobState::Failed } else { JobState::Restarting });
        (self.failures, verdict)
    }

    /// Notes that the job is started again.
    pub(super) fn restarted(&mut self) {
        self.restarts += 1;
        self.run = Some(Instant::now());
    }

    pub(super) fn is_unhealthy(&self, rules: &Supervision) -> bool {
        self.state == JobState::Failed || rules.is_unhealthy(self.failures, self.ran())
    }

    fn ran(&self) -> Option<Duration> {
        self.run.map(|begun| begun.elapsed())
    }

    fn note(&mut self, error: &str) -> bool {
        let news = self.last_error.as_ref().is_none_or(|(last, _)| last != error);
        self.last_error = Some((error.to_owned(), Instant::now()));
        news
    }

    pub(super) fn info(&self) -> JobInfo {
        JobInfo {
            name: self.name.to_owned(),
            state: self.state,
            state_age_s: self.since.elapsed().as_secs(),
            steps: self.steps,
            restarts: self.restarts,
            failures: self.failures,
            last_error: self.last_error.as_ref().map(|(error, _)| error.clone()),
            last_error_age_s: self.last_error.as_ref().map(|(_, at)| at.elapsed().as_secs()),
            progress: self.status.progress.clone(),
            queue: self.status.queue,
        }
    }
}
