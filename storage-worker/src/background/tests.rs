//! Jobs that panic, fail, wait and block.
#![allow(clippy::unwrap_used)]

use super::{Job, JobInfo, JobState, JobStatus, Jobs, StepError, Throttle, Turn};
use crate::service::Supervision;
use async_trait::async_trait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Restarts within milliseconds; gives up after four failures in a row.
const RULES: Supervision = Supervision {
    first_delay: Duration::from_millis(20),
    longest_delay: Duration::from_millis(40),
    stable_after: Duration::from_secs(60),
    unhealthy_at: 2,
    give_up_at: 4,
};

/// A job whose `n`th step, counted over all restarts, is a call of a function with `n`.
struct Scripted<F> {
    steps: Arc<AtomicU32>,
    script: F,
}

#[async_trait]
impl<F: Fn(u32) -> Result<Turn, StepError> + Send + Sync> Job for Scripted<F> {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn status(&self) -> JobStatus {
        JobStatus { progress: Some("some".to_owned()), queue: Some(3) }
    }

    fn throttle(&self) -> Throttle {
        Throttle { poll: Some(Duration::from_millis(5)), retry: Duration::from_millis(5) }
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        (self.script)(self.steps.fetch_add(1, Ordering::SeqCst))
    }
}

/// A job whose steps never end.
struct Blocked;

#[async_trait]
impl Job for Blocked {
    fn name(&self) -> &'static str {
        "blocked"
    }

    fn throttle(&self) -> Throttle {
        Throttle { poll: None, retry: Duration::ZERO }
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        std::future::pending().await
    }
}

fn jobs() -> Jobs {
    jobs_by(RULES)
}

fn jobs_by(rules: Supervision) -> Jobs {
    Jobs::new(rules, CancellationToken::new())
}

/// Starts a scripted job; returns the count of its steps.
fn script(
    jobs: &Jobs,
    script: impl Fn(u32) -> Result<Turn, StepError> + Clone + Send + Sync + 'static,
) -> Arc<AtomicU32> {
    let steps = Arc::new(AtomicU32::new(0));
    let count = steps.clone();
    jobs.spawn(move || Scripted { steps: count.clone(), script: script.clone() });
    steps
}

fn failed() -> Result<Turn, StepError> {
    Err(StepError::failed(anyhow::anyhow!("the disk is gone")))
}

async fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "this never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn only(jobs: &Jobs) -> JobInfo {
    let list = jobs.list();
    assert_eq!(list.len(), 1);
    list[0].clone()
}

#[tokio::test]
async fn a_job_that_panics_is_restarted_with_back_off_and_counted() {
    let jobs = jobs();
    let begun = Instant::now();
    let steps = script(&jobs, |step| if step < 2 { panic!("step {step}") } else { Ok(Turn::Idle(None)) });
    until(|| steps.load(Ordering::SeqCst) > 4).await;
    assert!(begun.elapsed() >= Duration::from_millis(20 + 40), "it was restarted without delay");
    let info = only(&jobs);
    assert_eq!((info.restarts, info.failures), (2, 2));
    assert_eq!(info.last_error.as_deref(), Some("panic: step 1"));
    assert_eq!((info.progress.as_deref(), info.queue), (Some("some"), Some(3)));
    assert!(info.steps >= 2, "{info:?}");
    assert_eq!(jobs.failure(), None);
    assert!(!jobs.stop().is_cancelled());
    until(|| jobs.is_healthy()).await;
}

#[tokio::test]
async fn a_job_that_fails_is_restarted_like_one_that_panics() {
    let jobs = jobs();
    let steps = script(&jobs, |step| if step == 0 { failed() } else { Ok(Turn::Idle(None)) });
    until(|| steps.load(Ordering::SeqCst) > 2).await;
    let info = only(&jobs);
    assert_eq!((info.restarts, info.last_error.as_deref()), (1, Some("the disk is gone")));
}

#[tokio::test]
async fn a_job_that_cannot_run_makes_health_fail_and_ends_the_worker() {
    let (first_delay, longest_delay) = (Duration::from_millis(50), Duration::from_secs(1));
    let jobs = jobs_by(Supervision { first_delay, longest_delay, unhealthy_at: 1, ..RULES });
    let steps = script(&jobs, |_| failed());
    until(|| !jobs.is_healthy()).await;
    assert_eq!(jobs.failure(), None, "health fails before the worker ends");
    jobs.stop().cancelled().await;
    let failure = jobs.failure().unwrap();
    assert_eq!((failure.name, failure.failures, failure.error.as_str()), ("scripted", 4, "the disk is gone"));
    let info = only(&jobs);
    assert_eq!((info.state, info.restarts, info.failures), (JobState::Failed, 3, 4));
    assert!(!jobs.is_healthy());
    assert_eq!(steps.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_job_that_no_restart_can_help_ends_the_worker_at_once() {
    let jobs = jobs_by(Supervision { give_up_at: u32::MAX, ..RULES });
    let steps = script(&jobs, |_| Err(StepError::fatal(anyhow::anyhow!("the network is gone"))));
    jobs.stop().cancelled().await;
    let text = jobs.failure().unwrap().to_string();
    assert!(text.starts_with("the job scripted failed: the network is gone. "), "{text}");
    assert!(!jobs.is_healthy());
    assert_eq!((only(&jobs).state, steps.load(Ordering::SeqCst)), (JobState::Failed, 1));
}

#[tokio::test]
async fn a_failure_that_long_runs_repeat_is_counted_until_the_worker_ends() {
    let jobs = jobs_by(Supervision { stable_after: Duration::ZERO, ..RULES });
    script(&jobs, |_| failed());
    jobs.stop().cancelled().await;
    assert_eq!(jobs.failure().unwrap().failures, 4);
}

#[tokio::test]
async fn waiting_for_the_node_is_no_failure_however_long_it_takes() {
    let jobs = jobs();
    let steps =
        script(
            &jobs,
            |step| {
                if step < 20 { Err(StepError::waiting(anyhow::anyhow!("no node"))) } else { Ok(Turn::Done) }
            },
        );
    until(|| steps.load(Ordering::SeqCst) > 10).await;
    assert!(jobs.is_healthy());
    until(|| only(&jobs).state == JobState::Done).await;
    let info = only(&jobs);
    assert_eq!((info.restarts, info.failures, info.last_error.as_deref()), (0, 0, Some("no node")));
    assert_eq!(steps.load(Ordering::SeqCst), 21, "it kept its state, and ends when it is done");
}

#[tokio::test]
async fn a_blocked_job_does_not_stop_the_others() {
    let jobs = jobs();
    jobs.spawn(|| Blocked);
    let steps = script(&jobs, |_| Ok(Turn::Throttled(Duration::from_millis(1))));
    until(|| steps.load(Ordering::SeqCst) > 10).await;
    let states: Vec<_> = jobs.list().into_iter().map(|job| (job.name, job.steps > 0)).collect();
    assert_eq!(states, [("blocked".to_owned(), false), ("scripted".to_owned(), true)]);
    assert_eq!(jobs.list()[0].state, JobState::Busy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_holds_its_thread_does_not_stop_the_others() {
    let jobs = jobs();
    let busy = jobs.clone();
    script(&jobs, move |_| {
        while !busy.stop().is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Turn::Done)
    });
    let steps = script(&jobs, |_| Ok(Turn::Busy));
    until(|| steps.load(Ordering::SeqCst) > 10).await;
    assert!(jobs.end(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn all_jobs_end_promptly_whatever_they_are_doing() {
    let jobs = jobs();
    jobs.spawn(|| Blocked);
    script(&jobs, |_| Ok(Turn::Throttled(Duration::from_secs(3600))));
    script(&jobs, |_| Ok(Turn::Idle(Some(Duration::from_secs(3600)))));
    script(&jobs, |_| Ok(Turn::Busy));
    script(&jobs, |_| failed());
    script(&jobs, |_| Err(StepError::waiting(anyhow::anyhow!("no node"))));
    tokio::time::sleep(Duration::from_millis(10)).await;
    let begun = Instant::now();
    assert!(jobs.end(Duration::from_secs(10)).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_state_has_one_name_in_json_and_in_metrics() {
    for state in JobState::ALL {
        assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{}\"", state.name()));
    }
}
