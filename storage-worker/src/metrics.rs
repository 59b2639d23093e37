//! Counters for Prometheus. All names begin with `meganet_worker_`.

use crate::{status::Status, store::Usage};
use prometheus_client::{
    encoding::{text::encode, EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::sync::Mutex;

/// What was asked of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(missing_docs)]
pub enum Request {
    Shard,
    Sign,
    Object,
    Frames,
    Batch,
    Range,
    Have,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(missing_docs)]
pub enum Outcome {
    Done,
    Refused,
    Broken,
}

/// The labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Served {
    /// What was asked.
    pub request: Request,
    /// How it went.
    pub outcome: Outcome,
}

/// All counters. Gauges are set when they are read.
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Requests by kind and outcome.
    pub served: Family<Served, Counter>,
    /// Shard bytes taken in from clients.
    pub bytes_in: Counter,
    /// Shard bytes served.
    pub bytes_out: Counter,
    /// Bytes that the scrub has read.
    pub scrubbed_bytes: Counter,
    /// Passes of the scrub that were completed.
    pub scrub_passes: Counter,
    /// Shards in which damage was found, by the scrub or a reader.
    pub corrupt_found: Counter,
    /// Damaged shards that are whole again.
    pub healed: Counter,
    /// Shards that were rebuilt, healed ones among them.
    pub rebuilt: Counter,
    /// Bytes of those.
    pub rebuilt_bytes: Counter,
    /// Attempts to rebuild that failed.
    pub rebuild_failures: Counter,
    /// Shards that were released: expired, deleted, or never registered.
    pub released: Counter,
    /// Open connections to the pages of health and metrics.
    pub http_connections: Gauge,
    gauges: Gauges,
}

#[derive(Default)]
struct Gauges {
    shards: Gauge,
    bytes: Gauge,
    unregistered_bytes: Gauge,
    capacity: Gauge,
    missing: Gauge,
    damaged: Gauge,
    rebuilding: Gauge,
    slots: Gauge,
    peers: Gauge,
    chain_head: Gauge,
    followed: Gauge,
    synced: Gauge,
}

/// What the gauges are set to.
pub struct Reading<'a> {
    /// What is held.
    pub usage: &'a Usage,
    /// What is going on.
    pub status: &'a Status,
    /// Slots held.
    pub slots: usize,
    /// Connected peers.
    pub peers: usize,
    /// Bytes lent.
    pub capacity: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("meganet_worker");
        let metrics = Self {
            registry: Mutex::default(),
            served: Family::default(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            scrubbed_bytes: Counter::default(),
            scrub_passes: Counter::default(),
            corrupt_found: Counter::default(),
            healed: Counter::default(),
            rebuilt: Counter::default(),
            rebuilt_bytes: Counter::default(),
            rebuild_failures: Counter::default(),
            released: Counter::default(),
            http_connections: Gauge::default(),
            gauges: Gauges::default(),
        };
        registry.register("requests", "Requests by kind and outcome", metrics.served.clone());
        for (name, help, counter) in [
            ("received_bytes", "Shard bytes taken in from clients", &metrics.bytes_in),
            ("served_bytes", "Shard bytes served", &metrics.bytes_out),
            ("scrubbed_bytes", "Bytes read again and checked", &metrics.scrubbed_bytes),
            ("scrub_passes", "Passes of the scrub completed", &metrics.scrub_passes),
            ("corrupt_found", "Shards in which damage was found", &metrics.corrupt_found),
            ("healed", "Damaged shards that are whole again", &metrics.healed),
            ("rebuilt", "Shards rebuilt from other workers", &metrics.rebuilt),
            ("rebuilt_bytes", "Bytes of the shards rebuilt", &metrics.rebuilt_bytes),
            ("rebuild_failures", "Attempts to rebuild a shard that failed", &metrics.rebuild_failures),
            ("released", "Shards released: expired, deleted or never registered", &metrics.released),
        ] {
            registry.register(name, help, counter.clone());
        }
        let gauges = &metrics.gauges;
        for (name, help, gauge) in [
            ("shards", "Shards held", &gauges.shards),
            ("bytes", "Shard bytes held", &gauges.bytes),
            ("unregistered_bytes", "Shard bytes held that the chain has not registered", &gauges.unregistered_bytes),
            ("capacity_bytes", "Shard bytes lent", &gauges.capacity),
            ("missing", "Shards that should be here, whole, and are not", &gauges.missing),
            ("damaged", "Shards held that are damaged", &gauges.damaged),
            ("rebuilding", "Shards being rebuilt", &gauges.rebuilding),
            ("slots", "Slots held", &gauges.slots),
            ("peers", "Connected peers", &gauges.peers),
            ("http_connections", "Open connections to these pages", &metrics.http_connections),
            ("chain_head", "Finalized block last heard of", &gauges.chain_head),
            ("followed_block", "Finalized block followed", &gauges.followed),
            ("synced", "1 if the worker knows all that it should hold", &gauges.synced),
        ] {
            registry.register(name, help, gauge.clone());
        }
        *crate::sync::lock(&metrics.registry) = registry;
        metrics
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Metrics {
    /// Counts a request.
    pub fn count(&self, request: Request, outcome: Outcome) {
        self.served.get_or_create(&Served { request, outcome }).inc();
    }

    /// Everything in the text format of OpenMetrics.
    ///
    /// # Errors
    /// Never in practice: it writes into a string.
    pub fn text(&self, reading: &Reading<'_>) -> Result<String, std::fmt::Error> {
        let Reading { usage, status, slots, peers, capacity } = reading;
        let gauges = &self.gauges;
        gauges.shards.set(gauge(usage.shards));
        gauges.bytes.set(gauge(usage.bytes));
        gauges.unregistered_bytes.set(gauge(usage.unregistered_bytes()));
        gauges.capacity.set(gauge(*capacity));
        gauges.missing.set(gauge(usage.missing));
        gauges.damaged.set(gauge(usage.damaged));
        gauges.rebuilding.set(gauge(status.rebuilding()));
        gauges.slots.set(i64::try_from(*slots).unwrap_or(i64::MAX));
        gauges.peers.set(i64::try_from(*peers).unwrap_or(i64::MAX));
        gauges.chain_head.set(status.head().map_or(0, i64::from));
        gauges.followed.set(status.followed().map_or(0, i64::from));
        gauges.synced.set(i64::from(status.synced()));
        let mut text = String::new();
        encode(&mut text, &crate::sync::lock(&self.registry))?;
        Ok(text)
    }
}
