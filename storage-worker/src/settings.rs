//! The limits and paces of a worker, independent of its location and identity.

use crate::service::Supervision;
use meganet_primitives::{country::Country, receipt::MAX_RECEIPT_BLOCKS, units::BLOCK_SECONDS};
use std::time::Duration;

/// The limits and paces of a worker.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// The country that the worker declares.
    pub country: Country,
    /// Shard bytes that the worker lends.
    pub capacity: u64,
    /// Of those, bytes that may be held without being registered on the chain, with what small shards take up in the index.
    pub staging: u64,
    /// Time for which an uploaded shard without a receipt is kept.
    pub staged_for: Duration,
    /// Time after which an uploaded shard without a receipt makes way where there is no room for another.
    pub displace_after: Duration,
    /// Time for which a signed receipt is kept at least, by the worker's clock: the longest that the chain may accept it.
    pub receipts_for: Duration,
    /// Time between two removals of what has expired or was staged for too long.
    pub collect_interval: Duration,
    /// Time for which bytes are kept after their promise was first reported to have ended.
    pub keep: Duration,
    /// Whether the operator answers for the node: its word then counts as proven, like that of a light client.
    pub trust_node: bool,
    /// Uploads at once.
    pub uploads: usize,
    /// Bytes of answers to readers that may be in memory at once.
    pub serving: u32,
    /// Bytes per second that the scrub reads.
    pub scrub_rate: u64,
    /// Time from the beginning of one pass of the scrub to that of the next, if a pass does not take longer.
    pub scrub_interval: Duration,
    /// Bytes per second of all rebuilt shards together.
    pub rebuild_rate: u64,
    /// Shards that are rebuilt at once.
    pub rebuilds: usize,
    /// Time without a new finalized block after which the worker reports that its node or the chain stands still.
    pub chain_silence: Duration,
    /// Whether rows are withheld that other members have to prove. False only in tests that show the purpose of this.
    pub blackout: bool,
    /// When failed background jobs are restarted, and when the worker ends because of them.
    pub supervision: Supervision,
}

impl WorkerSettings {
    /// The defaults for a country and a capacity in bytes.
    pub fn new(country: Country, capacity: u64) -> Self {
        Self {
            country,
            capacity,
            staging: (capacity / 10).max(1 << 30).min(capacity),
            staged_for: Duration::from_secs(24 * 3600),
            displace_after: Duration::from_secs(600),
            receipts_for: Duration::from_secs(u64::from(MAX_RECEIPT_BLOCKS) * BLOCK_SECONDS),
            collect_interval: Duration::from_secs(30),
            keep: Duration::from_secs(3 * 24 * 3600),
            trust_node: false,
            uploads: 64,
            serving: 48 << 20,
            scrub_rate: 16 << 20,
            scrub_interval: Duration::from_secs(24 * 3600),
            rebuild_rate: 32 << 20,
            rebuilds: 4,
            chain_silence: Duration::from_secs(20 * BLOCK_SECONDS),
            blackout: true,
            supervision: Supervision::default(),
        }
    }
}
