#![allow(clippy::unwrap_used)]

use super::{Audit, Health, HealthState, Pages, Slot, health};
use crate::{
    background::{Job, JobInfo, JobState, StepError, Throttle, Turn},
    clock::SystemClock,
    local::Local,
    service::Supervision,
    settings::WorkerSettings,
    store::testing::in_memory,
};
use async_trait::async_trait;
use axum::{extract::State, http::StatusCode};
use meganet_primitives::{chain::ChallengeState, country::Country};
use serde_json::Value;
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// The page with a value for every key.
fn full() -> Health {
    let text = || Some(String::from("text"));
    Health {
        state: HealthState::Ok,
        trouble: text(),
        version: "0.1.0",
        uptime_s: 1,
        peer_id: String::from("text"),
        worker_id: Some(1),
        operator: text(),
        country: text(),
        genesis: text(),
        slots: 1,
        groups: vec![Slot { group: 1, slot: 1, profile: String::from("text"), used: 1, slot_capacity: 1 }],
        objects: 1,
        bytes: 1,
        unregistered_bytes: 1,
        capacity: 1,
        synced: true,
        missing: Some(1),
        damaged: 1,
        disk_free: Some(1 << 40),
        disk_room: Some(crate::service::space::Room::Ample),
        lapsed: 2,
        unreadable_rows: 0,
        adopted: 1,
        rebuilding: 1,
        rebuilt: 1,
        corrupt_found: 1,
        healed: 1,
        scrub_passes: 1,
        audit: Some(Audit {
            period: Some(1),
            state: Some(ChallengeState::Proven),
            proven: 1,
            missed: 1,
            misses: 1,
            earned: String::from("1"),
            held_back: String::from("1"),
            leaving: false,
        }),
        chain_head: Some(1),
        chain_head_age_s: Some(1),
        followed: Some(1),
        peers: 1,
        addresses: vec![String::from("text")],
        jobs: vec![JobInfo {
            name: String::from("text"),
            state: JobState::Idle,
            state_age_s: 1,
            steps: 1,
            restarts: 1,
            failures: 1,
            last_error: text(),
            last_error_age_s: Some(1),
            progress: text(),
            queue: Some(1),
        }],
    }
}

/// Lists every key with the type of its value, such as `audit.held_back: string`.
fn schema(value: &Value, path: &str, keys: &mut Vec<(String, &'static str)>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            items.iter().for_each(|item| schema(item, &format!("{path}[]"), keys));
            "array"
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| schema(value, &format!("{path}.{key}"), keys));
            "object"
        }
    };
    keys.push((path.to_owned(), kind));
}

fn schema_of(value: &Value) -> Vec<(String, &'static str)> {
    let mut keys = Vec::new();
    schema(value, "", &mut keys);
    keys.sort_unstable();
    keys
}

#[test]
fn the_health_page_has_the_documented_keys_and_types() {
    let manual = include_str!("../../../docs/worker.md");
    let (_, example) = manual.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let (documented, actual) =
        (schema_of(&serde_json::from_str(example).unwrap()), schema_of(&serde_json::to_value(full()).unwrap()));
    let names = |keys: &[(String, &'static str)]| keys.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    assert_eq!(names(&documented), names(&actual));
    for ((key, documented), (_, actual)) in documented.iter().zip(&actual) {
        assert!(*documented == "null" || documented == actual, "{key}: {documented} in the manual, {actual} in fact");
    }
}

#[test]
fn the_health_page_speaks_snake_case() {
    for (key, _) in schema_of(&serde_json::to_value(full()).unwrap()) {
        assert!(key.chars().all(|letter| letter.is_ascii_lowercase() || "._[]".contains(letter)), "{key}");
    }
}

/// A job that always fails.
struct Broken;

#[async_trait]
impl Job for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn throttle(&self) -> Throttle {
        Throttle { poll: None, retry: Duration::ZERO }
    }

    async fn step(&mut self) -> Result<Turn, StepError> {
        Err(StepError::failed(anyhow::anyhow!("no disk")))
    }
}

#[tokio::test]
async fn missing_shards_are_unknown_until_an_index_was_synced_once() {
    let base = tempfile::tempdir().unwrap();
    let store = Arc::new(in_memory(base.path()));
    let settings = WorkerSettings::new(Country::new(*b"DE").unwrap(), 1 << 30);
    let local = Local::start(store.clone(), settings, Arc::new(SystemClock), CancellationToken::new());
    let pages = Pages { peer_id: String::from("peer"), local, online: OnceLock::new() };
    assert_eq!(pages.health().missing, None, "an index that is new lists nothing");
    store.set_synced().unwrap();
    // Also while the chain is out of reach.
    assert_eq!((pages.health().missing, pages.health().synced), (Some(0), false));
}

#[tokio::test]
async fn health_and_metrics_show_a_job_that_keeps_failing() {
    let base = tempfile::tempdir().unwrap();
    let mut settings = WorkerSettings::new(Country::new(*b"DE").unwrap(), 1 << 30);
    settings.supervision =
        Supervision { first_delay: Duration::from_millis(1), unhealthy_at: 2, give_up_at: 3, ..settings.supervision };
    let store = Arc::new(in_memory(base.path()));
    let local = Local::start(store, settings, Arc::new(SystemClock), CancellationToken::new());
    let pages = Arc::new(Pages { peer_id: String::from("peer"), local, online: OnceLock::new() });
    let status = || async { health(State(pages.clone())).await.status() };
    assert_eq!((status().await, pages.health().state), (StatusCode::OK, HealthState::Starting));

    pages.local.jobs.spawn(|| Broken);
    let begun = Instant::now();
    while pages.local.jobs.failure().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!((status().await, pages.health().state), (StatusCode::SERVICE_UNAVAILABLE, HealthState::Failing));
    let metrics = pages.metrics().unwrap();
    for line in [
        "meganet_worker_healthy 0",
        "meganet_worker_job_state{job=\"broken\",state=\"failed\"} 1",
        "meganet_worker_job_state{job=\"broken\",state=\"busy\"} 0",
        "meganet_worker_job_restarts_total{job=\"broken\"} 2",
        "meganet_worker_job_failures{job=\"broken\"} 3",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in:\n{metrics}");
    }
}
