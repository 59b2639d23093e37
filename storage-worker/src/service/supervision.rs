//! When a failed job is started again, and when it counts as unable to run.

use std::time::Duration;

/// Limits on the restarts of background jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Delay before the first restart; doubles with each further failure in a row.
    pub first_delay: Duration,
    /// The longest delay before a restart.
    pub longest_delay: Duration,
    /// A job that ran this long before it failed starts counting its failures anew, unless it fails with the same error
    /// as the last time: a fault that only late steps meet is as persistent as any other.
    pub stable_after: Duration,
    /// Failures in a row from which on the worker reports itself unhealthy.
    pub unhealthy_at: u32,
    /// Failures in a row after which the job is given up and the worker ends; at least 1.
    pub give_up_at: u32,
}

impl Default for Supervision {
    /// Reports after three failures in a row, a few seconds; gives up after ten, about eight and a half minutes.
    fn default() -> Self {
        Self {
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(300),
            stable_after: Duration::from_secs(600),
            unhealthy_at: 3,
            give_up_at: 10,
        }
    }
}

/// The decision about a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Start it again after a delay.
    Restart(Duration),
    /// It cannot run.
    GiveUp,
}

impl Supervision {
    /// Number of failures in a row, counting the one that just ended a run of length `ran`; `before` of them preceded.
    /// `same` is true if it has the same error as the last of these.
    pub fn in_a_row(&self, before: u32, ran: Duration, same: bool) -> u32 {
        if ran >= self.stable_after && !same { 1 } else { before.saturating_add(1) }
    }

    /// Decides after the given number of failures in a row, at least 1.
    pub fn verdict(&self, failures: u32) -> Verdict {
        if failures >= self.give_up_at.max(1) { Verdict::GiveUp } else { Verdict::Restart(self.delay(failures)) }
    }

    /// Returns true if a job with this number of failures in a row makes the worker unhealthy. `ran` is how long it has
    /// run since its last start, `None` if it does not run: it has recovered once that is longer than the delay before.
    pub fn is_unhealthy(&self, failures: u32, ran: Option<Duration>) -> bool {
        let recovered = ran.is_some_and(|ran| ran >= self.delay(failures).min(self.stable_after));
        failures >= self.unhealthy_at.min(self.give_up_at).max(1) && !recovered
    }

    fn delay(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first_delay.saturating_mul(1 << doublings).min(self.longest_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Supervision = Supervision {
        first_delay: Duration::from_secs(1),
        longest_delay: Duration::from_secs(10),
        stable_after: Duration::from_secs(60),
        unhealthy_at: 3,
        give_up_at: 7,
    };

    #[test]
    fn delays_double_up_to_the_longest_and_end_with_giving_up() {
        let delays = [1, 2, 4, 8, 10, 10].map(|seconds| Verdict::Restart(Duration::from_secs(seconds)));
        assert_eq!([1, 2, 3, 4, 5, 6].map(|failures| RULES.verdict(failures)), delays);
        assert_eq!(RULES.verdict(7), Verdict::GiveUp);
        assert_eq!(RULES.verdict(u32::MAX), Verdict::GiveUp);
        assert_eq!(Supervision { give_up_at: 0, ..RULES }.verdict(1), Verdict::GiveUp);
        assert_eq!(
            Supervision { give_up_at: u32::MAX, ..RULES }.verdict(u32::MAX - 1),
            Verdict::Restart(RULES.longest_delay)
        );
    }

    #[test]
    fn only_a_long_run_to_another_error_is_forgiven() {
        assert_eq!(RULES.in_a_row(0, Duration::ZERO, false), 1);
        assert_eq!(RULES.in_a_row(4, Duration::from_secs(59), false), 5);
        assert_eq!(RULES.in_a_row(4, Duration::from_secs(60), false), 1);
        assert_eq!(RULES.in_a_row(4, Duration::from_secs(60), true), 5);
        assert_eq!(RULES.in_a_row(u32::MAX, Duration::ZERO, true), u32::MAX);
    }

    #[test]
    fn health_fails_before_the_worker_ends_and_returns_after_a_good_run() {
        let not_running = |failures| RULES.is_unhealthy(failures, None);
        assert!(!not_running(2) && not_running(3) && not_running(RULES.give_up_at));
        let running = |seconds| RULES.is_unhealthy(3, Some(Duration::from_secs(seconds)));
        assert!(running(0) && running(3) && !running(4), "the delay after three failures is four seconds");
        let impatient = Supervision { give_up_at: 1, ..RULES };
        assert!(!impatient.is_unhealthy(0, None) && impatient.is_unhealthy(1, None));
        let default = Supervision::default();
        assert!(default.is_unhealthy(default.give_up_at, None) && !default.is_unhealthy(1, None));
    }
}
