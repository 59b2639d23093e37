//! Counters for Prometheus. All names begin with `meganet_worker_`.

use crate::{status::Status, store::Usage};
use meganet_chain_client::MEGA;
use meganet_primitives::{Balance, chain::ChallengeState};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::sync::{Mutex, atomic::AtomicU64};

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
    Locate,
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
    /// Proofs that the chain took.
    pub proofs: Counter,
    /// Proofs that it refused, or that could not be sent.
    pub proof_failures: Counter,
    /// Answers of accepted proofs that were excuses: not here, and not paid.
    pub excused_answers: Counter,
    /// Periods in which no block took a proof.
    pub periods_missed: Counter,
    /// Questions for frames that were refused because another member has to prove them.
    pub withheld: Counter,
    /// Reports of members that had missed too much, which the chain took.
    pub reports: Counter,
    /// Batches that the chain renewed from what was prepaid, because this worker asked.
    pub renewals: Counter,
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
    blackout: Gauge,
    challenge: Gauge,
    misses: Gauge,
    earned: Gauge<f64, AtomicU64>,
    held_back: Gauge<f64, AtomicU64>,
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
    /// Rows that are withheld.
    pub blackout: usize,
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
            proofs: Counter::default(),
            proof_failures: Counter::default(),
            excused_answers: Counter::default(),
            periods_missed: Counter::default(),
            withheld: Counter::default(),
            reports: Counter::default(),
            renewals: Counter::default(),
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
            ("proofs", "Proofs that the chain took", &metrics.proofs),
            ("proof_failures", "Proofs that it refused, or that could not be sent", &metrics.proof_failures),
            ("excused_answers", "Answers of accepted proofs that were excuses, and not paid", &metrics.excused_answers),
            ("periods_missed", "Periods in which no block took a proof", &metrics.periods_missed),
            ("withheld", "Questions refused for frames that others have to prove", &metrics.withheld),
            ("reports", "Reports of other workers that the chain took", &metrics.reports),
            (
                "renewals",
                "Batches renewed from what was prepaid for them, because this worker asked",
                &metrics.renewals,
            ),
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
            ("blackout_rows", "Rows withheld because other members have to prove them", &gauges.blackout),
            (
                "challenge",
                "State of the present challenge: 0 none, 1 scheduled, 2 open, 3 proven, 4 missed",
                &gauges.challenge,
            ),
            ("misses", "Missed periods that are not made good", &gauges.misses),
            ("synced", "1 if the worker knows all that it should hold", &gauges.synced),
        ] {
            registry.register(name, help, gauge.clone());
        }
        for (name, help, gauge) in [
            ("earned_mega", "Paid to the operator, ever, in MEGA", &gauges.earned),
            ("held_back_mega", "Earned and held back until the worker leaves in order, in MEGA", &gauges.held_back),
        ] {
            registry.register(name, help, gauge.clone());
        }
        *crate::sync::lock(&metrics.registry) = registry;
        metrics
    }
}

/// The state of a challenge as a number; 0 is none.
fn challenge(state: ChallengeState) -> i64 {
    match state {
        ChallengeState::Scheduled => 1,
        ChallengeState::Open => 2,
        ChallengeState::Proven => 3,
        ChallengeState::Missed => 4,
    }
}

/// An amount in MEGA, to a thousandth: for graphs, not for accounts.
fn tokens(amount: Balance) -> f64 {
    u32::try_from(amount / (MEGA / 1000)).map_or(f64::INFINITY, |thousandths| f64::from(thousandths) / 1000.0)
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
        let Reading { usage, status, slots, peers, capacity, blackout } = reading;
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
        gauges.blackout.set(i64::try_from(*blackout).unwrap_or(i64::MAX));
        gauges.challenge.set(status.challenge().map_or(0, |(_, state)| challenge(state)));
        if let Some(audit) = status.audit() {
            gauges.misses.set(audit.record.misses.into());
            gauges.earned.set(tokens(audit.earned));
            gauges.held_back.set(tokens(audit.held_back));
        }
        let mut text = String::new();
        encode(&mut text, &crate::sync::lock(&self.registry))?;
        Ok(text)
    }
}
