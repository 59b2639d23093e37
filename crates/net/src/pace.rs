//! Cuts slow peers: a credit of waiting time, which only transferred bytes earn back.
//!
//! A timeout for each read would let a peer send one byte at a time forever; a deadline for a whole transfer would punish an
//! honest peer for our own slow disk. So only the time spent waiting *for the peer* is counted: a transfer begins with `grace` of
//! credit, waiting spends it, every byte earns `1 / min_rate` seconds, and it never exceeds `grace`. A peer can thus stall for
//! `grace` at most, and must keep `min_rate` in the long run.

use crate::{config::Pace, error::NetError};
use meganet_primitives::convert::to_u64;
use std::{future::Future, io, time::Duration};
use tokio::time::{Instant, timeout};

/// The waiting time that a peer has left.
#[derive(Debug)]
pub(crate) struct Credit {
    pace: Pace,
    left: Duration,
}

impl Credit {
    pub(crate) fn new(pace: Pace) -> Self {
        Credit { pace, left: pace.grace }
    }

    /// Full credit again: a new message begins.
    pub(crate) fn renew(&mut self) {
        self.left = self.pace.grace;
    }

    /// Runs one read or write that yields a number of bytes.
    pub(crate) async fn spend<F>(&mut self, what: &'static str, step: F) -> Result<usize, NetError>
    where
        F: Future<Output = io::Result<usize>>,
    {
        let began = Instant::now();
        let bytes = match timeout(self.left, step).await {
            Ok(done) => done.map_err(|error| NetError::io(what, &error))?,
            Err(_) => return Err(NetError::TooSlow { what, waited: self.pace.grace }),
        };
        self.settle(began.elapsed(), bytes);
        Ok(bytes)
    }

    /// Accounts for one wait and the bytes that it yielded.
    fn settle(&mut self, waited: Duration, bytes: usize) {
        let earned =
            to_u64(bytes).saturating_mul(1_000_000_000).checked_div(u64::from(self.pace.min_rate)).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(waited).saturating_add(Duration::from_nanos(earned)).min(self.pace.grace);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::future::pending;

    const SECOND: Duration = Duration::from_secs(1);
    const PACE: Pace = Pace { grace: Duration::from_secs(10), min_rate: 1000 };

    /// Seconds until a peer that sends `bytes` once a second has no credit left; `None` when it still has some after
    /// an hour.
    fn cut_after(bytes: usize) -> Option<u32> {
        let mut credit = Credit::new(PACE);
        (1..3600).find(|_| {
            credit.settle(SECOND, bytes);
            credit.left < SECOND
        })
    }

    #[test]
    fn a_drip_below_the_rate_is_cut_when_its_credit_is_spent() {
        assert_eq!(cut_after(0), Some(10));
        assert_eq!(cut_after(100), Some(11));
        assert_eq!(cut_after(900), Some(91));
    }

    #[test]
    fn the_rate_itself_is_kept_up_for_ever() {
        assert_eq!(cut_after(1000), None);
        assert_eq!(cut_after(1_000_000), None);
    }

    #[test]
    fn a_fast_start_buys_no_long_stall() {
        let mut credit = Credit::new(PACE);
        credit.settle(Duration::ZERO, usize::MAX);
        assert_eq!(credit.left, PACE.grace);
    }

    #[test]
    fn no_rate_means_that_only_stalls_are_cut() {
        let mut credit = Credit::new(Pace { grace: SECOND, min_rate: 0 });
        credit.settle(SECOND, 1);
        assert_eq!(credit.left, SECOND);
    }

    #[tokio::test]
    async fn a_stall_is_cut() {
        let mut credit = Credit::new(Pace { grace: Duration::from_millis(50), min_rate: 1 });
        let error = credit.spend("test", pending()).await.unwrap_err();
        assert!(matches!(error, NetError::TooSlow { what: "test", .. }));
    }
}
