//! The store as asynchronous code uses it: every call runs on the blocking thread pool.

use crate::{
    clock::Clock,
    metrics::Metrics,
    model::{Usage, keys::ShardKey},
    store::{FinishedShard, IncomingShard, ReadError, Store, StoreError, WriteError},
};
use std::sync::Arc;
use tokio::sync::Notify;

/// Bytes that are collected before they are hashed and written in one go.
const WRITE_SIZE: usize = 256 * 1024;

/// A handle to the store. Cheap to clone.
#[derive(Clone)]
pub struct Disk {
    store: Arc<Store>,
}

impl Disk {
    /// A handle to an open store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// The store itself. Its methods block, except [`Store::usage`].
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Totals of the store; does not block.
    pub fn usage(&self) -> Usage {
        self.store.usage()
    }

    /// Runs `work` on the store, on a thread that may block. A panic in it continues in the caller.
    ///
    /// # Errors
    /// Those of `work`; [`Interrupted`] while the runtime shuts down.
    pub async fn run<T, E>(&self, work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Interrupted> + Send + 'static,
    {
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Interrupted.into()),
            },
        }
    }

    /// Begins to write a shard of `len` bytes.
    ///
    /// # Errors
    /// If the disk refuses a new file.
    pub async fn begin_shard(&self, len: u64) -> Result<ShardSink, StoreError> {
        let shard = self.run(move |store| store.begin(len)).await?;
        Ok(ShardSink { disk: self.clone(), shard: Some(shard), buffer: Vec::new() })
    }
}

/// A shard that is being written. Dropped before it is finished, it leaves nothing.
pub struct ShardSink {
    disk: Disk,
    /// Absent only while it is on the blocking thread, and after an error.
    shard: Option<IncomingShard>,
    buffer: Vec<u8>,
}

impl ShardSink {
    /// Appends bytes. They reach the disk in pieces of 256 KiB.
    ///
    /// # Errors
    /// [`WriteError::Length`] beyond the announced length, and what the disk reports. The sink is then of no use.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_SIZE { self.flush().await } else { Ok(()) }
    }

    /// Ends the shard.
    ///
    /// # Errors
    /// [`WriteError::Length`] if bytes are missing, and what the disk reports.
    pub async fn finish(mut self) -> Result<FinishedShard, WriteError> {
        self.flush().await?;
        let shard = self.shard.take().ok_or(StoreError::Interrupted)?;
        // Hashes what is left, and the tree above it.
        self.disk.run(move |_| shard.finish()).await
    }

    async fn flush(&mut self) -> Result<(), WriteError> {
        let mut shard = self.shard.take().ok_or(StoreError::Interrupted)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        let written = self.disk.run(move |_| {
            shard.write(&buffer)?;
            buffer.clear();
            Ok::<_, WriteError>((shard, buffer))
        });
        let (shard, buffer) = written.await?;
        (self.shard, self.buffer) = (Some(shard), buffer);
        Ok(())
    }
}

/// Records damage to shards and has them rebuilt. Cheap to clone.
#[derive(Clone)]
pub struct DamageLog {
    /// The store that keeps the list of shards to be rebuilt.
    pub disk: Disk,
    /// The time of the discovery.
    pub clock: Arc<dyn Clock>,
    /// Counts the damaged shards.
    pub metrics: Arc<Metrics>,
    /// Wakes the rebuild job.
    pub rebuild_due: Arc<Notify>,
}

impl DamageLog {
    /// Records the damage that a reader found in a frame, if it is still there: the shard may have been released, or
    /// replaced by a good one, while it was read.
    ///
    /// # Errors
    /// Those of the store: the shard is then not rebuilt until the damage is found again.
    pub async fn found(&self, key: ShardKey, frame: u64) -> Result<(), StoreError> {
        if self.disk.run(move |store| store.is_newly_damaged(&key, frame)).await? {
            self.record(key, frame).await?;
        }
        Ok(())
    }

    /// Records that a frame of a shard is damaged. Does nothing if the shard is already known to be.
    ///
    /// # Errors
    /// Those of the store: the shard is then not rebuilt until the damage is found again.
    pub async fn record(&self, key: ShardKey, frame: u64) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.disk.run(move |store| store.mark_damaged(&key, now)).await? {
            tracing::warn!(shard = %key, frame, "bytes on disk are damaged: the shard will be rebuilt from other workers");
            self.metrics.corrupt_found.inc();
            self.rebuild_due.notify_one();
        }
        Ok(())
    }
}

/// The runtime shuts down.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the worker is being stopped")]
pub struct Interrupted;

impl From<Interrupted> for StoreError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl From<Interrupted> for ReadError {
    fn from(_: Interrupted) -> Self {
        Self::Store(StoreError::Interrupted)
    }
}

impl From<Interrupted> for WriteError {
    fn from(_: Interrupted) -> Self {
        Self::Store(StoreError::Interrupted)
    }
}
