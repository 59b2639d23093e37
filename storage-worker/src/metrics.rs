//! Counters for Prometheus. All names begin with `meganet_worker_`.

mod job_metrics;

use crate::{background::JobInfo, model::Usage, service::space::Room, status::Status};
use job_metrics::JobMetrics;
use meganet_chain_client::MEGA;
use meganet_primitives::{Balance, chain::ChallengeState, convert::to_u64};
use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::sync::atomic::AtomicU64;

/// The kind of a request.
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

/// The result of a request.
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
    /// The kind.
    pub request: Request,
    /// The result.
    pub outcome: Outcome,
}

/// All counters. Gauges are set when they are read.
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Requests by kind and outcome.
    pub served: Family<Served, Counter>,
    /// Streams that ended because the peer broke the protocol.
    pub malformed: Counter,
    /// Streams that ended because the worker panicked.
    pub stream_panics: Counter,
    /// Shard bytes taken in from clients.
    pub bytes_in: Counter,
    /// Shard bytes served.
    pub bytes_out: Counter,
    /// Bytes read by the scrub.
    pub scrubbed_bytes: Counter,
    /// Completed passes of the scrub.
    pub scrub_passes: Counter,
    /// Shards in which the scrub or a reader found damage.
    pub corrupt_found: Counter,
    /// Damaged shards that were rebuilt.
    pub healed: Counter,
    /// Rebuilt shards, including damaged ones.
    pub rebuilt: Counter,
    /// Bytes of rebuilt shards.
    pub rebuilt_bytes: Counter,
    /// Attempts to rebuild that failed.
    pub rebuild_failures: Counter,
    /// Shard files that the index did not know and that were adopted.
    pub adopted: Counter,
    /// Shards that were released: expired, deleted, or never registered.
    pub released: Counter,
    /// Open connections to the pages of health and metrics.
    pub http_connections: Gauge,
    /// Proofs that the chain accepted.
    pub proofs: Counter,
    /// Proofs that the chain refused, or that could not be submitted.
    pub proof_failures: Counter,
    /// Answers of accepted proofs that were excuses: not held, and not paid.
    pub excused_answers: Counter,
    /// Periods in which no block included a proof.
    pub periods_missed: Counter,
    /// Requests for frames that were refused because another member has to prove them.
    pub withheld: Counter,
    /// Accepted reports of members that had missed too many proofs.
    pub reports: Counter,
    /// Prepaid batches that the chain renewed at this worker's request.
    pub renewals: Counter,
    gauges: Gauges,
    jobs: JobMetrics,
}

#[derive(Default)]
struct Gauges {
    shards: Gauge,
    bytes: Gauge,
    unregistered_bytes: Gauge,
    capacity: Gauge,
    missing: Gauge,
    damaged: Gauge,
    disk_free: Gauge,
    disk_room: Gauge,
    lapsed: Gauge,
    unreadable: Gauge,
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
    healthy: Gauge,
}

/// The values of all gauges.
pub struct GaugeValues<'a> {
    /// Totals of the store.
    pub usage: &'a Usage,
    /// The worker's state.
    pub status: &'a Status,
    /// The background jobs.
    pub jobs: &'a [JobInfo],
    /// Whether no job keeps failing.
    pub healthy: bool,
    /// Slots held.
    pub slots: usize,
    /// Connected peers.
    pub peers: usize,
    /// Bytes lent.
    pub capacity: u64,
    /// Rows withheld.
    pub blackout: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("meganet_worker");
        let metrics = Self {
            registry: Mutex::default(),
            served: Family::default(),
            malformed: Counter::default(),
            stream_panics: Counter::default(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            scrubbed_bytes: Counter::default(),
            scrub_passes: Counter::default(),
            corrupt_found: Counter::default(),
            healed: Counter::default(),
            rebuilt: Counter::default(),
            rebuilt_bytes: Counter::default(),
            rebuild_failures: Counter::default(),
            adopted: Counter::default(),
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
            jobs: JobMetrics::default(),
        };
        registry.register("requests", "Requests by kind and outcome", metrics.served.clone());
        for (name, help, counter) in [
            ("malformed_streams", "Streams that ended because the peer broke the protocol", &metrics.malformed),
            ("stream_panics", "Streams that ended because the worker panicked", &metrics.stream_panics),
            ("received_bytes", "Shard bytes taken in from clients", &metrics.bytes_in),
            ("served_bytes", "Shard bytes served", &metrics.bytes_out),
            ("scrubbed_bytes", "Bytes read again and checked", &metrics.scrubbed_bytes),
            ("scrub_passes", "Passes of the scrub completed", &metrics.scrub_passes),
            ("corrupt_found", "Shards in which damage was found", &metrics.corrupt_found),
            ("healed", "Damaged shards that were rebuilt", &metrics.healed),
            ("rebuilt", "Shards rebuilt from other workers", &metrics.rebuilt),
            ("rebuilt_bytes", "Bytes of the shards rebuilt", &metrics.rebuilt_bytes),
            ("rebuild_failures", "Attempts to rebuild a shard that failed", &metrics.rebuild_failures),
            ("proofs", "Proofs that the chain accepted", &metrics.proofs),
            (
                "proof_failures",
                "Proofs that the chain refused, or that could not be submitted",
                &metrics.proof_failures,
            ),
            ("excused_answers", "Answers of accepted proofs that were excuses, and not paid", &metrics.excused_answers),
            ("periods_missed", "Periods in which no block included a proof", &metrics.periods_missed),
            ("withheld", "Requests refused for frames that other members have to prove", &metrics.withheld),
            ("reports", "Accepted reports of other workers", &metrics.reports),
            ("renewals", "Prepaid batches renewed at this worker's request", &metrics.renewals),
            ("adopted", "Shard files adopted that the index did not know", &metrics.adopted),
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
            ("missing", "Shards to be rebuilt: missing or damaged", &gauges.missing),
            ("damaged", "Shards held that are damaged", &gauges.damaged),
            ("disk_free_bytes", "Free bytes of the disk", &gauges.disk_free),
            (
                "disk_room",
                "Room on the disk: 0 unknown, 1 ample, 2 low (no shards are taken in), 3 full",
                &gauges.disk_room,
            ),
            ("lapsed", "Promises reported to have ended whose bytes are still kept", &gauges.lapsed),
            ("unreadable_rows", "Rows of the index that could not be read at the start", &gauges.unreadable),
            ("rebuilding", "Shards being rebuilt", &gauges.rebuilding),
            ("slots", "Slots held", &gauges.slots),
            ("peers", "Connected peers", &gauges.peers),
            ("http_connections", "Open connections to these pages", &metrics.http_connections),
            ("chain_head", "Last known finalized block", &gauges.chain_head),
            ("followed_block", "Finalized block up to which all registrations are known", &gauges.followed),
            ("blackout_rows", "Rows withheld because other members have to prove them", &gauges.blackout),
            (
                "challenge",
                "State of the present challenge: 0 no challenge, 1 scheduled, 2 open, 3 proven, 4 missed",
                &gauges.challenge,
            ),
            ("misses", "Missed periods that later proofs have not made good", &gauges.misses),
            ("synced", "1 if the worker knows everything that it should hold", &gauges.synced),
            ("healthy", "0 if a background job keeps failing", &gauges.healthy),
        ] {
            registry.register(name, help, gauge.clone());
        }
        metrics.jobs.register(&mut registry);
        for (name, help, gauge) in [
            ("earned_mega", "Paid to the operator, ever, in MEGA", &gauges.earned),
            ("held_back_mega", "Earned and held back until the worker leaves in order, in MEGA", &gauges.held_back),
        ] {
            registry.register(name, help, gauge.clone());
        }
        *metrics.registry.lock() = registry;
        metrics
    }
}

/// The state of a challenge as a number; 0 if there is none.
fn challenge(state: ChallengeState) -> i64 {
    match state {
        ChallengeState::Scheduled => 1,
        ChallengeState::Open => 2,
        ChallengeState::Proven => 3,
        ChallengeState::Missed => 4,
    }
}

/// The room of a disk as a number.
fn room(room: Room) -> i64 {
    match room {
        Room::Ample => 1,
        Room::Low => 2,
        Room::Full => 3,
    }
}

/// An amount in MEGA, to a thousandth: for graphs, not for accounts.
fn tokens(amount: Balance) -> f64 {
    let thousandths = u64::try_from(amount / (MEGA / 1000)).unwrap_or(u64::MAX);
    // Halves that a float holds exactly.
    let half = |bits: u64| f64::from(u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX));
    half(thousandths >> 32).mul_add(4_294_967_296.0, half(thousandths)) / 1000.0
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
    pub fn text(&self, values: &GaugeValues<'_>) -> Result<String, std::fmt::Error> {
        let GaugeValues { usage, status, jobs, healthy, slots, peers, capacity, blackout } = values;
        let gauges = &self.gauges;
        gauges.healthy.set(i64::from(*healthy));
        self.jobs.set(jobs);
        gauges.shards.set(gauge(usage.shards));
        gauges.bytes.set(gauge(usage.bytes));
        gauges.unregistered_bytes.set(gauge(usage.unregistered_bytes()));
        gauges.capacity.set(gauge(*capacity));
        gauges.missing.set(gauge(usage.missing));
        gauges.damaged.set(gauge(usage.damaged));
        gauges.disk_free.set(status.space().map_or(0, |space| gauge(space.free)));
        gauges.disk_room.set(status.space().map_or(0, |space| room(space.room)));
        gauges.lapsed.set(gauge(usage.lapsed));
        gauges.unreadable.set(gauge(usage.unreadable));
        gauges.rebuilding.set(gauge(status.rebuilding()));
        gauges.slots.set(gauge(to_u64(*slots)));
        gauges.peers.set(gauge(to_u64(*peers)));
        gauges.chain_head.set(status.head().map_or(0, i64::from));
        gauges.followed.set(status.followed().map_or(0, i64::from));
        gauges.synced.set(i64::from(status.synced()));
        gauges.blackout.set(gauge(to_u64(*blackout)));
        gauges.challenge.set(status.challenge().map_or(0, |(_, state)| challenge(state)));
        if let Some(audit) = status.audit() {
            gauges.misses.set(audit.record.misses.into());
            gauges.earned.set(tokens(audit.earned));
            gauges.held_back.set(tokens(audit.held_back));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry.lock())?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_any_size_are_numbers() {
        let text = |amount| format!("{:.3}", tokens(amount));
        assert_eq!(text(0), "0.000");
        assert_eq!(text(MEGA * 3 / 2), "1.500");
        assert_eq!(text(MEGA * 4_294_968), "4294968.000");
        assert_eq!(text(MEGA * 1_000_000_000), "1000000000.000");
        assert!(tokens(Balance::MAX).is_finite());
    }
}
