//! The worker's disk: shards, and the index that records why each is kept.
//!
//! # Where shards are, and why
//! Shards of at most [`INLINE_MAX`] bytes are values of the index: a site of many tiny objects then costs one log
//! append for each, not a file, an fsync of its folder and an inode. Larger shards are files of their own, written
//! under a temporary name → fsync → rename → fsync of the folder → recorded in the index. Keeping them as RocksDB
//! blobs, or as 64 KiB values, was considered and rejected:
//!
//! - a bit that flips in a RocksDB file stops the compaction that meets it, and then every write of the worker; a bit
//!   that flips in a shard file harms one frame of one shard, which the scrub finds and a rebuild repairs;
//! - a value goes through log and blob file, so every byte is written twice, and again when blobs are collected;
//!   a file's bytes are written once, and removing it gives the space back at once;
//! - a file is streamed in and out at constant memory, without memtables to size for it.
//!
//! # Order of steps, and what a crash leaves
//! A shard's record is committed (synced) after its bytes are durable and before the upload is acknowledged, so every
//! shard with a receipt is whole. A crash before the record leaves a file that no record names: [`Store::open`]
//! removes it. Removal goes the other way round, the record first, with the same effect.
//!
//! # Why something is kept
//! A shard has *holds*: receipts that were signed for it, and leaves of ranges on the chain that contain it. Without a
//! hold it is *staged*, and removed when it grows old. Batches are kept the same way.

mod answer;
pub mod engine;
mod error;
mod files;
mod ledger;
pub mod memory;
mod meta;
mod missing;
mod read;
mod release;
pub mod rocks;
mod usage;
mod write;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use crate::model::{Row, StoredSample, Usage, keys, records};
pub use error::{ReadError, StoreError, WriteError};
pub use files::CrashHook;
pub use ledger::AddLeaf;
pub use read::FramesRead;
pub use write::{FinishedShard, IncomingShard};

use codec::{Decode, DecodeAll, Encode};
use engine::{Durability, Engine, Table};
use files::Files;
use keys::ShardKey;
use meganet_primitives::object::ObjectId;
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use read::TreeCache;
use records::{ObjectRecord, ShardRecord};
use std::{collections::HashSet, path::Path};

/// The length of the largest shard, in bytes, that is kept in the index and not in a file of its own.
pub const INLINE_MAX: u64 = 64 * 1024;

/// The index's folder in the base path.
const INDEX: &str = "index";

/// The worker's disk. Every method may block; asynchronous code calls them by [`crate::disk::Disk`].
pub struct Store {
    engine: Box<dyn Engine>,
    files: Files,
    /// Writers of single shards share this lock, since they never touch each other's rows. Operations that read and then
    /// change rows of many shards hold it exclusively.
    rows: RwLock<()>,
    usage: Mutex<Usage>,
    trees: Mutex<TreeCache>,
    placing: Mutex<HashSet<ShardKey>>,
}

impl Store {
    /// Opens the store in `base` with RocksDB, creates it if it does not exist, and removes what a crash left.
    ///
    /// # Errors
    /// [`engine::EngineError::Locked`] if another worker has it open; otherwise errors of disk and index.
    pub fn open(base: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(base).map_err(files::at("create", base))?;
        let engine = rocks::RocksEngine::open(&base.join(INDEX))?;
        Self::with(base, Box::new(engine), Box::new(|_| {}))
    }

    /// Opens the store with another engine, and a hook that is called at each step of a write (for tests).
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with(base: &Path, engine: Box<dyn Engine>, hook: CrashHook) -> Result<Self, StoreError> {
        let store = Self {
            engine,
            files: Files::open(base, hook)?,
            rows: RwLock::default(),
            usage: Mutex::default(),
            trees: Mutex::default(),
            placing: Mutex::default(),
        };
        store.check_format()?;
        let swept = store.files.sweep(|key| {
            let record = store.shard(key)?;
            Ok(record.is_some_and(|record| record.place == records::Place::File))
        })?;
        if swept > 0 {
            tracing::info!(files = swept, "removed files that an unfinished write left");
        }
        *store.usage.lock() = store.count()?;
        Ok(store)
    }

    /// The current totals of held and missing shards.
    pub fn usage(&self) -> Usage {
        self.usage.lock().clone()
    }

    /// The record of a shard, if it is held.
    pub fn shard(&self, key: &ShardKey) -> Result<Option<ShardRecord>, StoreError> {
        self.load(Table::Shards, &key.encode(), "shard")
    }

    /// An object's header and roots, if a shard of it is held.
    pub fn object(&self, object: &ObjectId) -> Result<Option<ObjectRecord>, StoreError> {
        self.load(Table::Objects, &object.0, "object")
    }

    /// The lowest shard of an object that is held.
    pub fn first_shard(&self, object: &ObjectId) -> Result<Option<(ShardKey, ShardRecord)>, StoreError> {
        Ok(self.shards_from(&object.0, Some(object), 1)?.into_iter().next())
    }

    /// Up to `limit` held shards after `after`, in the order of their keys.
    pub fn shards_after(
        &self,
        after: Option<&ShardKey>,
        limit: usize,
    ) -> Result<Vec<(ShardKey, ShardRecord)>, StoreError> {
        // The least key above `after` is `after` followed by a zero byte.
        let mut from = after.map(ShardKey::encode).unwrap_or_default();
        if after.is_some() {
            from.push(0);
        }
        self.shards_from(&from, None, limit)
    }

    fn shards_from(
        &self,
        from: &[u8],
        of: Option<&ObjectId>,
        limit: usize,
    ) -> Result<Vec<(ShardKey, ShardRecord)>, StoreError> {
        let prefix: &[u8] = of.map_or(&[], |object| &object.0);
        let page = engine::page(&*self.engine, Table::Shards, prefix, from, limit)?;
        page.iter()
            .map(|(key, value)| {
                let key = ShardKey::decode(key).ok_or(StoreError::BadRecord("shard key"))?;
                Ok((key, decode(value, "shard")?))
            })
            .collect()
    }

    fn load<T: Decode>(&self, table: Table, key: &[u8], what: &'static str) -> Result<Option<T>, StoreError> {
        self.engine.get(table, key)?.map(|value| decode(&value, what)).transpose()
    }

    fn save<T: Encode>(&self, table: Table, key: Vec<u8>, value: &T, durability: Durability) -> Result<(), StoreError> {
        let mut batch = engine::Batch::default();
        batch.put(table, key, value.encode());
        Ok(self.engine.commit(batch, durability)?)
    }

    fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.rows.read()
    }

    fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.rows.write()
    }
}

/// Decodes a value of the index; trailing bytes are an error.
fn decode<T: Decode>(value: &[u8], what: &'static str) -> Result<T, StoreError> {
    T::decode_all(&mut &*value).map_err(|_| StoreError::BadRecord(what))
}
