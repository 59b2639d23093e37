//! How a worker behaves, apart from where it is and who it is.

use meganet_primitives::country::Country;
use std::time::Duration;

/// The bounds and paces of a worker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The country that it declares.
    pub country: Country,
    /// Shard bytes that it lends.
    pub capacity: u64,
    /// Shard bytes, of those, that may be here without being registered on the chain.
    pub staging: u64,
    /// How long a shard is kept that came and for which no receipt was asked.
    pub staged_for: Duration,
    /// How often to look for what has expired and what is staged for too long.
    pub collect_interval: Duration,
    /// Shards that may come in at once.
    pub uploads: usize,
    /// Bytes of answers to readers that may be in memory at once.
    pub serving: u32,
    /// Bytes a second that the scrub reads.
    pub scrub_rate: u64,
    /// Time from the beginning of one pass of the scrub to that of the next, if it does not take longer.
    pub scrub_interval: Duration,
    /// Bytes a second that rebuilt shards grow by, all together.
    pub rebuild_rate: u64,
    /// Shards that are rebuilt at once.
    pub rebuilds: usize,
    /// Whether rows are withheld that co-members have to prove. Always, but in tests that show what it is for.
    pub blackout: bool,
}

impl Settings {
    /// The defaults for a country and a capacity in bytes.
    pub fn new(country: Country, capacity: u64) -> Self {
        Self {
            country,
            capacity,
            staging: (capacity / 10).max(1 << 30).min(capacity),
            staged_for: Duration::from_secs(24 * 3600),
            collect_interval: Duration::from_secs(30),
            uploads: 64,
            serving: 48 << 20,
            scrub_rate: 16 << 20,
            scrub_interval: Duration::from_secs(24 * 3600),
            rebuild_rate: 32 << 20,
            rebuilds: 4,
            blackout: true,
        }
    }
}
