//! The bound on the memory of large incoming messages, shared by all streams.

use crate::error::NetError;
use meganet_primitives::convert::to_u32;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Messages up to this length are not counted: the limit on streams bounds them.
const FREE: usize = 64 * 1024;

/// The bytes available for large messages.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    bytes: Arc<Semaphore>,
    total: u32,
}

/// Bytes taken from a [`Budget`], returned when dropped.
#[derive(Debug)]
pub(crate) struct Loan {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(crate) fn new(total: u32) -> Self {
        Budget { bytes: Arc::new(Semaphore::new(usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS))), total }
    }

    /// Takes `len` bytes, waiting at most `patience` for others to return theirs.
    pub(crate) async fn take(&self, len: usize, patience: Duration) -> Result<Loan, NetError> {
        const OVERLOADED: NetError = NetError::Overloaded { what: "large messages" };
        if len <= FREE {
            return Ok(Loan { _permit: None });
        }
        let wanted = to_u32(len);
        if wanted > self.total {
            return Err(OVERLOADED);
        }
        match timeout(patience, self.bytes.clone().acquire_many_owned(wanted)).await {
            Ok(Ok(permit)) => Ok(Loan { _permit: Some(permit) }),
            _ => Err(OVERLOADED),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn large_messages_wait_for_each_other() {
        let budget = Budget::new(1_000_000);
        let patience = Duration::from_millis(50);
        let first = budget.take(900_000, patience).await.unwrap();
        assert!(budget.take(200_000, patience).await.is_err());
        budget.take(1_000, patience).await.unwrap();
        drop(first);
        budget.take(200_000, patience).await.unwrap();
        assert!(budget.take(2_000_000, patience).await.is_err());
    }
}
