//! The memory for answers to readers: waits for a share, and ends answers that have to make way.

use crate::service::fair::{FairMemory, Reader};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a request waits until other answers have left memory.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a request that waits looks for an answer that has to make way.
const LOOK: Duration = Duration::from_millis(250);

/// The memory for answers. Cheap to clone.
#[derive(Clone)]
pub struct AnswerMemory {
    shared: Arc<Shared>,
}

struct Shared {
    fair: Mutex<FairMemory>,
    running: Mutex<HashMap<u64, CancellationToken>>,
    given: Notify,
    began: Instant,
}

/// Memory that is taken until this is dropped.
pub struct Share {
    shared: Arc<Shared>,
    id: u64,
    evicted: CancellationToken,
}

impl AnswerMemory {
    /// Memory of this many bytes.
    pub fn new(total: u64) -> Self {
        let (running, given) = Default::default();
        let fair = Mutex::new(FairMemory::new(total));
        Self { shared: Arc::new(Shared { fair, running, given, began: Instant::now() }) }
    }

    /// Takes memory for an answer. Returns `None` if not enough of it is free within five seconds.
    pub async fn take(&self, reader: Reader, bytes: u64) -> Option<Share> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let given = self.shared.given.notified();
            let now = self.shared.began.elapsed();
            let taken = self.shared.fair.lock().take(reader, bytes, now);
            if let Some(id) = taken {
                let evicted = CancellationToken::new();
                self.shared.running.lock().insert(id, evicted.clone());
                return Some(Share { shared: self.shared.clone(), id, evicted });
            }
            if let Some(slow) = self.shared.fair.lock().evict(now)
                && let Some(token) = self.shared.running.lock().get(&slow)
            {
                token.cancel();
            }
            if Instant::now() >= deadline {
                return None;
            }
            // Either answer is fine: it looks again.
            let _ = tokio::time::timeout(LOOK, given).await;
        }
    }
}

impl Share {
    /// Sends an answer, unless it has to make way; `None` then.
    pub async fn send<T>(&self, sending: impl Future<Output = T>) -> Option<T> {
        self.evicted.run_until_cancelled(sending).await
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shared.running.lock().remove(&self.id);
        self.shared.fair.lock().give(self.id);
        self.shared.given.notify_waiters();
    }
}
