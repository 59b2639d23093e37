//! The bound on the memory of large incoming messages, shared by all streams. It is lent as bytes arrive, so that what is only
//! announced costs nothing. Where it is used up, the slowest sender makes way.

use crate::error::NetError;
use meganet_primitives::convert::{to_u64, to_usize};
use parking_lot::Mutex;
use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Messages up to this length are not counted: the limit on streams bounds them.
pub(crate) const FREE: usize = 64 * 1024;
/// The time that every sender has.
const GRACE: Duration = Duration::from_secs(2);
/// How often a sender that waits for memory looks for one that has to make way.
const LOOK: Duration = Duration::from_millis(250);

const OVERLOADED: NetError = NetError::Overloaded { what: "large messages" };

/// The bytes available for large messages. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger>,
    returned: Notify,
    began: Instant,
}

/// Bytes taken from a [`Budget`] for one message, returned when dropped.
#[derive(Debug)]
pub(crate) struct Loan {
    shared: Arc<Shared>,
    number: u64,
    evicted: CancellationToken,
}

/// The bytes that each message has.
#[derive(Debug)]
struct Ledger {
    total: usize,
    lent: usize,
    messages: BTreeMap<u64, Lent>,
    next: u64,
}

#[derive(Debug)]
struct Lent {
    bytes: usize,
    began: Duration,
    is_whole: bool,
    evicted: CancellationToken,
}

impl Ledger {
    fn new(total: usize) -> Self {
        Ledger { total, lent: 0, messages: BTreeMap::new(), next: 0 }
    }

    fn open(&mut self, now: Duration) -> (u64, CancellationToken) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let evicted = CancellationToken::new();
        self.messages.insert(number, Lent { bytes: 0, began: now, is_whole: false, evicted: evicted.clone() });
        (number, evicted)
    }

    /// Lends more to a message. Returns false if not so much is left.
    fn grow(&mut self, number: u64, bytes: usize) -> bool {
        let free = self.total.saturating_sub(self.lent);
        let Some(message) = self.messages.get_mut(&number).filter(|_| bytes <= free) else { return false };
        message.bytes = message.bytes.saturating_add(bytes);
        self.lent = self.lent.saturating_add(bytes);
        true
    }

    /// Notes that a message has arrived, and takes back what it has beyond these bytes.
    fn settle(&mut self, number: u64, bytes: usize) {
        if let Some(message) = self.messages.get_mut(&number) {
            let kept = message.bytes.min(bytes);
            self.lent = self.lent.saturating_sub(message.bytes.saturating_sub(kept));
            (message.bytes, message.is_whole) = (kept, true);
        }
    }

    fn close(&mut self, number: u64) {
        if let Some(message) = self.messages.remove(&number) {
            self.lent = self.lent.saturating_sub(message.bytes);
        }
    }

    /// Ends the slowest message that is still being sent; nothing while one that was ended has not returned its bytes yet.
    fn evict(&self, now: Duration) {
        if self.messages.values().any(|message| message.evicted.is_cancelled()) {
            return;
        }
        let pace = |message: &Lent| {
            let age = now.saturating_sub(message.began);
            let millis = age.as_millis().max(1);
            (age >= GRACE && message.bytes > 0).then(|| u128::from(to_u64(message.bytes)) * 1000 / millis)
        };
        let sending = self.messages.values().filter(|message| !message.is_whole);
        if let Some((_, slowest)) =
            sending.filter_map(|message| Some((pace(message)?, message))).min_by_key(|(pace, _)| *pace)
        {
            slowest.evicted.cancel();
        }
    }
}

impl Budget {
    pub(crate) fn new(total: u32) -> Self {
        let ledger = Mutex::new(Ledger::new(to_usize(total.into())));
        Budget { shared: Arc::new(Shared { ledger, returned: Notify::new(), began: Instant::now() }) }
    }

    /// Begins a message, which may not need more than these bytes. Nothing is lent to it yet.
    pub(crate) fn open(&self, most: usize) -> Result<Loan, NetError> {
        let mut ledger = self.shared.ledger.lock();
        if most > ledger.total {
            return Err(OVERLOADED);
        }
        let (number, evicted) = ledger.open(self.shared.began.elapsed());
        Ok(Loan { shared: self.shared.clone(), number, evicted })
    }

    /// Bytes that are lent.
    #[cfg(test)]
    pub(crate) fn lent(&self) -> usize {
        self.shared.ledger.lock().lent
    }
}

impl Loan {
    /// Takes this many bytes more, waiting at most `patience` for others to return theirs.
    pub(crate) async fn grow(&self, bytes: usize, patience: Duration) -> Result<(), NetError> {
        let deadline = Instant::now() + patience;
        loop {
            // From here on, no return is missed.
            let returned = self.shared.returned.notified();
            if self.grow_now(bytes) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(OVERLOADED);
            }
            // Either outcome is fine: it looks again.
            let _ = timeout(LOOK.min(patience), returned).await;
        }
    }

    /// Takes bytes, or makes the slowest sender return its own.
    fn grow_now(&self, bytes: usize) -> bool {
        let mut ledger = self.shared.ledger.lock();
        let has_grown = ledger.grow(self.number, bytes);
        if !has_grown {
            ledger.evict(self.shared.began.elapsed());
        }
        has_grown
    }

    /// Receives the message, unless it has to make way for others.
    pub(crate) async fn receive<T>(&self, receiving: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
        self.evicted.run_until_cancelled(receiving).await.unwrap_or(Err(OVERLOADED))
    }

    /// Returns what the message, which has arrived, does not need: all but these bytes.
    pub(crate) fn settle(&self, bytes: usize) {
        self.shared.ledger.lock().settle(self.number, bytes);
        self.shared.returned.notify_waiters();
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.shared.ledger.lock().close(self.number);
        self.shared.returned.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn large_messages_wait_for_each_other() {
        let budget = Budget::new(1_000_000);
        let first = budget.open(900_000).unwrap();
        first.grow(500_000, SOON).await.unwrap();
        first.grow(400_000, SOON).await.unwrap();
        let second = budget.open(200_000).unwrap();
        assert!(second.grow(200_000, SOON).await.is_err());
        first.settle(450_000);
        second.grow(200_000, SOON).await.unwrap();
        drop(first);
        let third = budget.open(800_000).unwrap();
        third.grow(800_000, SOON).await.unwrap();
        assert!(budget.open(1_000_001).is_err());
        drop((second, third));
        assert_eq!(budget.lent(), 0);
    }

    #[test]
    fn the_slowest_sender_makes_way() {
        let mut ledger = Ledger::new(1_000);
        let (fast, fast_evicted) = ledger.open(at(0));
        let (slow, slow_evicted) = ledger.open(at(0));
        let (silent, silent_evicted) = ledger.open(at(0));
        let (whole, whole_evicted) = ledger.open(at(0));
        assert!(ledger.grow(fast, 500) && ledger.grow(slow, 100) && ledger.grow(whole, 10));
        ledger.settle(whole, 10);
        // One that has just begun, and has everything that is left.
        let (new, new_evicted) = ledger.open(at(9));
        assert!(ledger.grow(new, 390) && !ledger.grow(silent, 1));
        ledger.evict(at(1));
        assert!(!slow_evicted.is_cancelled(), "it has had no time yet");
        ledger.evict(at(10));
        ledger.evict(at(10));
        let evicted = || {
            [&fast_evicted, &slow_evicted, &silent_evicted, &whole_evicted, &new_evicted]
                .map(CancellationToken::is_cancelled)
        };
        assert_eq!(evicted(), [false, true, false, false, false]);
        // The next only once the first has returned its bytes.
        ledger.close(slow);
        ledger.evict(at(12));
        assert_eq!(evicted(), [true, true, false, false, false]);
        for message in [fast, silent, whole, new] {
            ledger.close(message);
        }
        assert_eq!(ledger.lent, 0);
    }

    #[tokio::test]
    async fn a_message_that_makes_way_is_not_received_further() {
        let budget = Budget::new(1_000);
        let loan = budget.open(1_000).unwrap();
        loan.evicted.cancel();
        let received = loan.receive(std::future::pending::<Result<(), NetError>>()).await;
        assert!(matches!(received, Err(NetError::Overloaded { .. })));
    }
}
