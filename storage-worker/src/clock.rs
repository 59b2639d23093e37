//! Time and randomness, behind a trait so that tests control both.

use crate::model::records::Seconds;
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of time and randomness.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since the Unix epoch.
    fn now(&self) -> Seconds;

    /// A random number, not for secrets.
    fn chance(&self) -> u64;
}

/// The machine's clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Seconds {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn chance(&self) -> u64 {
        rand::random()
    }
}
