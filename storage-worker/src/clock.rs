//! Time and chance, from outside, so that tests decide on both.

use crate::store::records::Seconds;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time and throws dice.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since the Unix epoch.
    fn now(&self) -> Seconds;

    /// A random number, not for secrets.
    fn chance(&self) -> u64;
}

/// The machine's.
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
