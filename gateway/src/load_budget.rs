//! Bounds the memory of lists of files, and of small files, while they are loaded.

use crate::turns::{Share, Turns};
use meganet_primitives::{AccountId, convert::to_u64, manifest::MAX_EXPANSION};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// Bytes of a permit.
const UNIT: u64 = 4 << 10;
/// The longest list of files that counts as small, in bytes: some thousand files.
pub const SMALL_LIST: u64 = 1 << 20;
/// The longest wait for a share of the budget.
const WAIT: Duration = Duration::from_secs(10);
/// How long a load keeps its share though others wait for one: less than they wait, so that they outlast it. At 32 MiB, the
/// longest list, that is 6.4 MiB/s.
const HOLD: Duration = Duration::from_secs(5);

/// Too much is being loaded.
#[derive(Debug, thiserror::Error)]
#[error("this gateway is loading too much at once: try again in a few seconds")]
pub struct Busy;

/// A budget that loads share. Cheap to clone.
#[derive(Clone)]
pub struct LoadBudget {
    turns: Turns,
    bytes: u64,
    /// Memory that a load takes, as a multiple of the bytes that are loaded.
    factor: u64,
    /// The loads that wait for a share.
    waiting: Arc<watch::Sender<usize>>,
    wait: Duration,
    hold: Duration,
}

/// A load that waits, until it is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn begin(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|waiting| *waiting += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl LoadBudget {
    /// For lists of files of at most [`SMALL_LIST`] bytes: their bytes and the decoded list.
    pub fn for_small_lists() -> Self {
        LoadBudget::new(24 << 20, list_factor())
    }

    /// For longer lists, so that few of them do not keep all sites waiting.
    pub fn for_lists() -> Self {
        LoadBudget::new(60 << 20, list_factor())
    }

    /// For whole files: their pieces, and the file that is made of them.
    pub fn for_files() -> Self {
        LoadBudget::new(16 << 20, 2)
    }

    fn new(bytes: u64, factor: u64) -> Self {
        let turns = Turns::new(permits_for(bytes));
        LoadBudget { turns, bytes, factor, waiting: Arc::default(), wait: WAIT, hold: HOLD }
    }

    /// Runs a load of this many bytes within its share of the budget. `owner` is the account whose name it is for: owners get
    /// shares in turn, however many loads each of them has. A load that would take more than the budget takes all of it, so
    /// that nothing else is loaded meanwhile.
    ///
    /// # Errors
    /// [`Busy`] when others keep the budget for too long, or when this load takes long and others wait: those who read from
    /// slow workers cannot keep all others waiting.
    pub async fn load<T>(&self, owner: AccountId, bytes: u64, load: impl Future<Output = T>) -> Result<T, Busy> {
        let _share = self.share(owner, bytes).await?;
        let mut waiting = self.waiting.subscribe();
        let late = async {
            sleep(self.hold).await;
            drop(waiting.wait_for(|waiting| *waiting > 0).await);
        };
        tokio::select! {
            biased;
            loaded = load => Ok(loaded),
            () = late => Err(Busy),
        }
    }

    async fn share(&self, owner: AccountId, bytes: u64) -> Result<Share, Busy> {
        let mut share = self.turns.ask(owner, self.share_of(bytes));
        if share.is_given() {
            return Ok(share);
        }
        let _waiting = Waiting::begin(&self.waiting);
        timeout(self.wait, share.wait()).await.map_err(|_| Busy)?;
        Ok(share)
    }

    /// The permits for a load of this many bytes.
    fn share_of(&self, bytes: u64) -> u32 {
        permits_for(bytes.saturating_mul(self.factor).min(self.bytes))
    }
}

/// The memory of a list while it is decoded, as a multiple of its bytes: the bytes, and what they become.
fn list_factor() -> u64 {
    1 + to_u64(MAX_EXPANSION)
}

fn permits_for(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OWNER: AccountId = [1; 32];
    const OTHER: AccountId = [2; 32];

    #[test]
    fn those_who_wait_outlast_those_who_load() {
        for budget in [LoadBudget::for_small_lists(), LoadBudget::for_lists(), LoadBudget::for_files()] {
            assert!(2 * budget.hold <= budget.wait);
        }
    }

    #[tokio::test]
    async fn one_owner_does_not_keep_another_waiting() {
        let budget = LoadBudget { wait: Duration::MAX, ..LoadBudget::for_lists() };
        let has = budget.share(OWNER, 32 << 20).await.unwrap();
        let mut more: Vec<_> = (0..3).map(|_| Box::pin(budget.share(OWNER, 32 << 20))).collect();
        for waits in &mut more {
            assert!(futures::poll!(waits).is_pending());
        }
        let mut other = Box::pin(budget.share(OTHER, 32 << 20));
        assert!(futures::poll!(&mut other).is_pending());
        assert_eq!(*budget.waiting.borrow(), 4);
        drop(has);
        let other = other.await.unwrap();
        for waits in &mut more {
            assert!(futures::poll!(waits).is_pending());
        }
        drop(other);
        assert!(more.remove(0).await.is_ok());
    }

    #[test]
    fn a_share_is_a_multiple_of_what_is_loaded() {
        let budget = LoadBudget::for_lists();
        for (bytes, permits) in [(0, 0), (1, 1), (819, 1), (820, 2), (1 << 20, 1_280), (12 << 20, 15_360)] {
            assert_eq!(budget.share_of(bytes), permits, "{bytes}");
        }
        assert_eq!(budget.share_of(32 << 20), budget.share_of(12 << 20));
        assert_eq!(budget.share_of(u64::MAX), permits_for(budget.bytes));
    }

    #[tokio::test]
    async fn a_load_waits_for_its_share_and_is_refused_when_others_keep_it() {
        let budget = LoadBudget { wait: Duration::ZERO, ..LoadBudget::for_lists() };
        let large = budget.share(OWNER, 32 << 20).await.unwrap();
        assert!(budget.share(OTHER, 1).await.is_err());
        drop(large);
        let small = budget.share(OTHER, 1).await.unwrap();
        assert!(budget.share(OWNER, 32 << 20).await.is_err());
        let other = budget.share(OTHER, 1).await.unwrap();
        drop((small, other));
        assert!(budget.share(OWNER, 32 << 20).await.is_ok());
    }

    #[tokio::test]
    async fn a_slow_load_ends_once_others_wait() {
        let budget = LoadBudget { hold: Duration::ZERO, wait: Duration::MAX, ..LoadBudget::for_lists() };
        let others = budget.clone();
        let slow = tokio::spawn(async move { others.load(OWNER, 32 << 20, std::future::pending::<()>()).await });
        // Nobody waits: it may take its time.
        sleep(Duration::from_millis(20)).await;
        assert!(!slow.is_finished());
        assert_eq!(budget.load(OTHER, 1 << 20, async { 7 }).await.unwrap(), 7);
        slow.await.unwrap().unwrap_err();
        assert_eq!(*budget.waiting.borrow(), 0);
    }

    #[tokio::test]
    async fn a_load_that_is_in_time_keeps_its_share() {
        let budget = LoadBudget { wait: Duration::from_millis(20), ..LoadBudget::for_lists() };
        let refused = async { budget.load(OTHER, 1, async {}).await.is_err() };
        assert!(budget.load(OWNER, 32 << 20, refused).await.unwrap());
        assert!(budget.load(OTHER, 1, async {}).await.is_ok());
    }
}
