//! Counting what a proof reads.

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

/// What was read through the system: from a disk, or from the system's cache of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// How many times.
    pub calls: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Reads {
    fn plus(self, more: Self) -> Self {
        Self { calls: self.calls.saturating_add(more.calls), bytes: self.bytes.saturating_add(more.bytes) }
    }

    /// What was read after `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self { calls: self.calls.saturating_sub(before.calls), bytes: self.bytes.saturating_sub(before.bytes) }
    }
}

/// The system's count of what this thread has read, without what looking at it reads.
#[derive(Default)]
struct Meter {
    looks: Reads,
}

impl Meter {
    fn look(&mut self) -> Result<Reads> {
        let mut text = [0; 1024];
        // In one read: it counts only for the next look.
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

/// The worker's own engine, which tells what it reads when it is asked to, and need not wait for the disk.
#[derive(Clone)]
pub(super) struct Watched {
    engine: Arc<RocksEngine>,
    waits: bool,
    tally: Arc<Mutex<Option<Tally>>>,
}

#[derive(Default)]
struct Tally {
    meter: Meter,
    index: Reads,
}

impl Watched {
    /// The engine in a folder. Where it does not wait, nothing is synced.
    pub(super) fn open(index: &Path, waits: bool) -> Result<Self> {
        Ok(Self { engine: Arc::new(RocksEngine::open(index)?), waits, tally: Arc::default() })
    }

    /// What work of this thread reads: all, and of that what the engine does.
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

    fn watch<T>(&self, call: impl FnOnce(&RocksEngine) -> Result<T, EngineError>) -> Result<T, EngineError> {
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

impl Engine for Watched {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.watch(|engine| engine.get(table, key))
    }

    fn scan(&self, table: Table, from: &[u8], visit: Visitor<'_>) -> Result<(), EngineError> {
        self.watch(|engine| engine.scan(table, from, visit))
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<KeyValue>, EngineError> {
        self.watch(|engine| engine.last(table, prefix))
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        self.engine.commit(batch, if self.waits { durability } else { Durability::Buffered })
    }
}

/// Has the system forget the files of a folder, as far as they are on the disk, so that they are read from there.
pub(super) fn forget_files(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            // RocksDB removes files as it likes.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("opening {path:?}")),
        };
        match posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED) {
            // Of what is no file on a disk nothing can be forgotten.
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
        let watched = Watched::open(&folder.path().join("index"), false).unwrap();
        let read = || {
            let mut bytes = [0; 3000];
            File::open(&path)?.read_exact(&mut bytes)?;
            watched.get(Table::Meta, b"nothing")?;
            watched.get(Table::Meta, b"here")?;
            Ok(())
        };
        let ((), all, index) = watched.reads_of(read).unwrap();
        // The rows are in the memory of the engine.
        assert_eq!((all, index), (Reads { calls: 1, bytes: 3000 }, Reads::default()));
    }
}
