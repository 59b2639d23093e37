//! How fast the scrub reads, and when its next pass begins.

use std::time::Duration;

/// Keeps a reader to a rate: after each read it computes how long to rest.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    rate: u64,
}

impl Pace {
    /// A rate in bytes per second; at least 1.
    pub fn new(rate: u64) -> Self {
        Self { rate: rate.max(1) }
    }

    /// Returns how long to rest after a read of `bytes` that took `took`.
    pub fn rest(&self, bytes: u64, took: Duration) -> Duration {
        let nanos = u128::from(bytes).saturating_mul(1_000_000_000) / u128::from(self.rate);
        let due = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        due.saturating_sub(took)
    }
}

/// Returns how long to wait until the next pass, which begins `interval` after the last one began; that one took `took`.
pub fn until_next(interval: Duration, took: Duration) -> Duration {
    interval.saturating_sub(took)
}
