//! Cutting slow peers: a credit of waiting time that only received (or accepted) bytes earn back.
//!
//! A plain timeout for each read lets a peer drip one byte at a time for ever; a deadline for a whole transfer
//! punishes an honest peer for our own slow disk. So only the time spent waiting *for the peer* is counted: a transfer
//! begins with `grace` of credit, waiting spends it, every byte earns `1 / min_rate` seconds, and it never exceeds
//! `grace`. A peer can thus stall for `grace` at most and must keep `min_rate` in the long run.

use crate::{config::Pace, error::NetError};
use std::{future::Future, io, time::Duration};
use tokio::time::{timeout, Instant};

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
        let earned = u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000_000_000)
            .checked_div(u64::from(self.pace.min_rate))
            .unwrap_or(u64::MAX);
        self.left =
            self.left.saturating_sub(began.elapsed()).saturating_add(Duration::from_nanos(earned)).min(self.pace.grace);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::time::sleep;

    const PACE: Pace = Pace { grace: Duration::from_secs(10), min_rate: 1000 };

    async fn step(after: Duration, bytes: usize) -> io::Result<usize> {
        sleep(after).await;
        Ok(bytes)
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_below_the_rate_is_cut_when_its_credit_is_spent() {
        let mut credit = Credit::new(PACE);
        let began = Instant::now();
        let error = loop {
            // 100 bytes a second where 1000 are asked for.
            if let Err(error) = credit.spend("test", step(Duration::from_secs(1), 100)).await {
                break error;
            }
        };
        assert!(matches!(error, NetError::TooSlow { .. }));
        let took = began.elapsed();
        assert!(took > Duration::from_secs(10) && took < Duration::from_secs(13), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_itself_is_kept_up_for_ever() {
        let mut credit = Credit::new(PACE);
        for _ in 0..1000 {
            credit.spend("test", step(Duration::from_secs(2), 2000)).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_start_buys_no_long_stall() {
        let mut credit = Credit::new(PACE);
        credit.spend("test", step(Duration::ZERO, usize::MAX)).await.unwrap();
        assert!(credit.spend("test", step(Duration::from_secs(11), 1)).await.is_err());
    }
}
