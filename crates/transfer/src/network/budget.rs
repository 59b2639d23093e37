//! Limits on the memory of all readers together.

use crate::options::FetchOptions;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Two budgets, in KiB: one for reads that a caller waits for, one for reads ahead. The second is held
/// until it is consumed, perhaps by a very slow reader, and so must not be what others wait for.
pub(crate) struct Budgets {
    demand: Pool,
    ahead: Pool,
}

struct Pool {
    kib: Arc<Semaphore>,
    total: u32,
}

impl Pool {
    fn new(bytes: u64) -> Self {
        let total = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1);
        let permits = usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self { kib: Arc::new(Semaphore::new(permits)), total }
    }

    /// A request that is larger than the whole budget takes all of it.
    fn share(&self, bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, self.total)
    }
}

impl Budgets {
    pub(crate) fn new(options: &FetchOptions) -> Self {
        Self { demand: Pool::new(options.budget), ahead: Pool::new(options.prefetch_budget) }
    }

    /// Room for bytes that a caller waits for; `None` only when the program ends.
    pub(crate) async fn demand(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        self.demand.kib.clone().acquire_many_owned(self.demand.share(bytes)).await.ok()
    }

    /// Room for bytes fetched ahead, if there is some now.
    pub(crate) fn ahead(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        self.ahead.kib.clone().try_acquire_many_owned(self.ahead.share(bytes)).ok()
    }
}
