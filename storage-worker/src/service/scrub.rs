//! How fast the scrub reads, and when its next pass begins.

use std::time::Duration;

/// Keeps a walk at a rate: the walk says what it has read, and is told how long to rest.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    rate: u64,
}

impl Pace {
    /// So many bytes a second, at least one.
    pub fn new(rate: u64) -> Self {
        Self { rate: rate.max(1) }
    }

    /// How long to rest after reading `bytes` took `took`.
    pub fn rest(&self, bytes: u64, took: Duration) -> Duration {
        let nanos = u128::from(bytes).saturating_mul(1_000_000_000) / u128::from(self.rate);
        let due = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        due.saturating_sub(took)
    }
}

/// How long to wait until a pass begins that comes `interval` after the beginning of the last one, which took `took`.
pub fn until_next(interval: Duration, took: Duration) -> Duration {
    interval.saturating_sub(took)
}
