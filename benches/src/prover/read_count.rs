//! Counts the reads of a proof.

use anyhow::{Context, Result};
use meganet_worker::store::{
    engine::{Batch, Durability, Engine, EngineError, KeyValue, Table, Visitor},
    rocks::RocksEngine,
};
use nix::{
    errno::Errno,
    fcntl::{PosixFadviseAdvice, posix_fadvise},
};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Reads through system calls, from a disk or the system's cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Number of reads.
    pub calls: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl Reads {
    fn plus(self, more: Self) -> Self {
        Self { calls: self.calls.saturating_add(more.calls), bytes: self.bytes.saturating_add(more.bytes) }
    }

    /// The reads since `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self { calls: self.calls.saturating_sub(before.calls), bytes: self.bytes.saturating_sub(before.bytes) }
    }
}

/// The system's count of reads by this thread, without those that read the count.
#[derive(Default)]
struct Meter {
    looks: Reads,
}

impl Meter {
    fn look(&mut self) -> Result<Reads> {
        let mut text = [0; 1024];
        // One read, which is included only in the next count.
        let len = File::open("/proc/thread-self/io")?.read(&mut text)?;
        let text = std::str::from_utf8(&text[..len])?;
        let count = |key: &str| -> Result<u64> {
            let value =
                text.lines().find_map(|line| line.strip_prefix(key)).context("the system does not count reads")?;
            Ok(value.trim().parse()?)
        };
        let all = Reads { calls: count("syscr:")?, bytes: count("rchar:")? };
        let found = all.since(self.looks);
        self.looks = self.looks.plus(Reads { calls: 1, bytes: u64::try_from(len)? });
        Ok(found)
    }
}

/// The worker's storage engine, which can count its reads, and can skip waiting for the disk.
#[derive(Clone)]
pub(super) struct CountingEngine {
    engine: Arc<RocksEngine>,
    waits: bool,
    tally: Arc<Mutex<Option<Tally>>>,
}

#[derive(Default)]
struct Tally {
    meter: Meter,
    index: Reads,
}

impl CountingEngine {
    /// Opens the engine in a folder. Unless `waits` is set, it never waits for the disk.
    pub(super) fn open(index: &Path, waits: bool) -> Result<Self> {
        Ok(Self { engine: Arc::new(RocksEngine::open(index)?), waits, tally: Arc::default() })
    }

    /// The reads of some work by this thread: all, and those by the engine.
    pub(super) fn reads_of<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Reads, Reads)> {
        let mut tally = Tally::default();
        let before = tally.meter.look()?;
        *self.tally() = Some(tally);
        let result = work();
        let mut tally = self.tally().take().context("reads are counted for one work at a time")?;
        let all = tally.meter.look()?.since(before);
        Ok((result?, all, tally.index))
    }

    fn tally(&self) -> MutexGuard<'_, Option<Tally>> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) -> Result<Option<Reads>, EngineError> {
        let look = |tally: &mut Tally| tally.meter.look().map_err(|error| EngineError::Io(error.to_string()));
        self.tally().as_mut().map(look).transpose()
    }

    fn counted<T>(&self, call: impl FnOnce(&RocksEngine) -> Result<T, EngineError>) -> Result<T, EngineError> {
        let before = self.look()?;
        let result = call(&self.engine);
        if let (Some(before), Some(after)) = (before, self.look()?)
            && let Some(tally) = self.tally().as_mut()
        {
            tally.index = tally.index.plus(after.since(before));
        }
        result
    }
}

impl Engine for CountingEngine {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.counted(|engine| engine.get(table, key))
    }

    fn scan(&self, table: Table, from: &[u8], visit: Visitor<'_>) -> Result<(), EngineError> {
        self.counted(|engine| engine.scan(table, from, visit))
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<KeyValue>, EngineError> {
        self.counted(|engine| engine.last(table, prefix))
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        self.engine.commit(batch, if self.waits { durability } else { Durability::Buffered })
    }
}

/// Drops the files of a folder from the system's cache, so that they are read from disk.
pub(super) fn forget_files(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            // RocksDB may remove files at any time.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("opening {path:?}")),
        };
        match posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED) {
            // Some file systems keep no cache that could be dropped.
            Ok(()) | Err(Errno::ESPIPE | Errno::EINVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn reads_are_counted_and_looks_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, [7; 5000]).unwrap();
        let counting = CountingEngine::open(&folder.path().join("index"), false).unwrap();
        let read = || {
            let mut bytes = [0; 3000];
            File::open(&path)?.read_exact(&mut bytes)?;
            counting.get(Table::Meta, b"nothing")?;
            counting.get(Table::Meta, b"here")?;
            Ok(())
        };
        let ((), all, index) = counting.reads_of(read).unwrap();
        // The rows are in the engine's memory.
        assert_eq!((all, index), (Reads { calls: 1, bytes: 3000 }, Reads::default()));
    }
}
