//! Time and randomness, behind a trait so that tests control both.

use crate::model::records::Seconds;
use std::{
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// A source of time and randomness.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since the Unix epoch.
    fn now(&self) -> Seconds;

    /// A random number, not for secrets.
    fn chance(&self) -> u64;
}

/// The machine's clock as it was at the first use, running on steadily, and its random numbers. When somebody sets the
/// machine's clock, no age changes until the next start.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The time of the first use, by the machine's clock and by the steady one.
struct Beginning {
    seconds: Seconds,
    steady: Instant,
}

impl Beginning {
    /// The time at a later instant: only the steady clock counts.
    fn at(&self, now: Instant) -> Seconds {
        self.seconds.saturating_add(now.saturating_duration_since(self.steady).as_secs())
    }
}

static BEGINNING: LazyLock<Beginning> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Beginning { seconds: since, steady: Instant::now() }
});

impl Clock for SystemClock {
    fn now(&self) -> Seconds {
        BEGINNING.at(Instant::now())
    }

    fn chance(&self) -> u64 {
        rand::random()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Clock, Seconds};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A clock that stands still until it is set.
    #[derive(Default)]
    pub(crate) struct SetClock(AtomicU64);

    impl SetClock {
        pub(crate) fn set(&self, now: Seconds) {
            self.0.store(now, Ordering::Relaxed);
        }
    }

    impl Clock for SetClock {
        fn now(&self) -> Seconds {
            self.0.load(Ordering::Relaxed)
        }

        fn chance(&self) -> u64 {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_time_goes_on_from_its_beginning_by_the_steady_clock_alone() {
        let steady = Instant::now();
        // A beginning that the machine's clock contradicts, as after somebody has set it.
        let beginning = Beginning { seconds: 1_000, steady };
        for (elapsed, seconds) in [(0, 1_000), (999, 1_000), (1_000, 1_001), (3_600_500, 4_600)] {
            assert_eq!(beginning.at(steady + Duration::from_millis(elapsed)), seconds, "{elapsed} ms");
        }
        let last = Beginning { seconds: Seconds::MAX, steady };
        assert_eq!(last.at(steady + Duration::from_secs(5)), Seconds::MAX);
    }

    #[test]
    fn all_users_have_the_same_beginning() {
        let (first, second) = (SystemClock, SystemClock);
        let before = first.now();
        assert!(second.now() >= before);
        assert!(first.now() >= BEGINNING.seconds);
    }
}
