//! The [`Job`] trait, and the results of a job's steps.

use async_trait::async_trait;
use std::time::Duration;

/// When the supervisor calls a job again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The longest time that an idle job sleeps; `None` to wait for [`Job::wake`] alone.
    pub poll: Option<Duration>,
    /// Delay after [`StepError::Waiting`], unless [`Job::wake`] resolves first.
    pub retry: Duration,
}

/// The result of a step: when the next one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do: at once.
    Busy,
    /// The job keeps to a rate: after this time, whatever happens.
    Throttled(Duration),
    /// There is nothing to do: when [`Job::wake`] resolves, or after this time (`None`: [`Throttle::poll`]).
    Idle(Option<Duration>),
    /// Never: the job has served its purpose.
    Done,
}

/// Why a step did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Time may help: the node or other members do not answer yet. The job keeps its state.
    #[error("{0:#}")]
    Waiting(anyhow::Error),
    /// The job has failed and is restarted.
    #[error("{0:#}")]
    Failed(anyhow::Error),
    /// The job has failed and only a new process can help: it is given up at once.
    #[error("{0:#}")]
    Fatal(anyhow::Error),
}

impl StepError {
    /// An error after which the job waits.
    pub fn waiting(error: impl Into<anyhow::Error>) -> Self {
        Self::Waiting(error.into())
    }

    /// An error after which the job is restarted.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }

    /// An error after which the worker ends.
    pub fn fatal(error: impl Into<anyhow::Error>) -> Self {
        Self::Fatal(error.into())
    }
}

/// How far a job has come, for the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStatus {
    /// A few words, such as `block 1204`.
    pub progress: Option<String>,
    /// Number of items that wait to be processed, where that is known.
    pub queue: Option<u64>,
}

impl JobStatus {
    /// A status in words.
    pub fn text(progress: impl Into<String>) -> Self {
        Self { progress: Some(progress.into()), queue: None }
    }
}

/// A background job.
#[async_trait]
pub trait Job: Send {
    /// The name in listings and metrics, unique among the jobs of a worker.
    fn name(&self) -> &'static str;

    /// How far the job has come. Called after every step.
    fn status(&self) -> JobStatus {
        JobStatus::default()
    }

    /// When the job is called again. Called after every step.
    fn throttle(&self) -> Throttle;

    /// Does one bounded piece of work. Dropped at any await point when the worker stops.
    async fn step(&mut self) -> Result<Turn, StepError>;

    /// Resolves when there may be something to do. Must be cancel-safe: it is dropped when the time of
    /// [`Turn::Idle`] or [`Throttle::retry`] is over.
    async fn wake(&mut self) {
        std::future::pending().await
    }
}
