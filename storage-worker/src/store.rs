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
//! shard with a receipt is whole. A crash before the record leaves a file that no record names. Such a file is never
//! removed for that: it ends with a footer that names its object, and [`Store::adopt`] records it once its bytes are
//! verified, so the loss of the index costs reading, not the shards. A file that is not a whole shard is put aside.
//!
//! Removal deletes the record and notes that in the table `removed`, durably, before the file goes: after a power cut no
//! record names a file that is gone, and [`Store::open`] completes removals that were cut short.
//!
//! # Why something is kept
//! A shard has *holds*: receipts that were signed for it, and leaves of ranges on the chain that contain it. Without a
//! hold it is *staged*, and removed when it grows old. Batches are kept the same way. A hold whose reason is reported to
//! have ended *lapses* (`lapse`): it stays until [`Store::release`] ends it, which `service::lapse` decides on.
//!
//! # A full disk
//! Shards leave a reserve free. Where others fill the disk all the same, the ballast is given up (`space`), so that the index can
//! still be written, which removal needs.
//!
//! # Damage
//! A row of the index that cannot be decoded costs that row only: it counts as absent, so that a leaf or a batch is fetched again
//! and a slot is read from the chain again. The start counts and reports such rows ([`Usage::unreadable`]). Batches and
//! objects are long, so it does not look at them. A batch that cannot be read is found when it is needed, and its leaf is applied
//! again. A shard without the row of its object is damaged: the scrub and readers find it, and its rebuild writes that row too.

mod adopt;
mod answer;
pub mod engine;
mod error;
mod files;
mod footer;
mod lapse;
mod leaves;
mod ledger;
mod marker;
pub mod memory;
mod mend;
mod meta;
mod missing;
mod read;
mod receipts;
mod release;
pub mod rocks;
mod salvage;
mod space;
mod staged;
mod usage;
mod write;

#[cfg(test)]
mod adopt_tests;
#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod lapse_tests;
#[cfg(test)]
mod leaf_tests;
#[cfg(test)]
mod marker_tests;
#[cfg(test)]
mod mend_tests;
#[cfg(test)]
mod power_tests;
#[cfg(test)]
mod salvage_tests;
#[cfg(test)]
mod slot_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upload_tests;

pub use crate::model::{Lapse, Row, StoredSample, Usage, keys, records};
pub use adopt::{Adoption, Differences};
pub use error::{ReadError, StoreError, WriteError};
pub use files::{StepHook, no_hook};
pub use leaves::AddLeaf;
pub use marker::{InitOptions, Marker, find_kept, init};
pub use mend::Mending;
pub use read::FramesRead;
pub use receipts::AddReceipt;
pub use salvage::Remains;
pub use write::{FinishedShard, IncomingShard};

use codec::{Decode, DecodeAll, Encode};
use engine::{Durability, Engine, EngineError, Table};
use files::Files;
use keys::ShardKey;
use meganet_primitives::{Epoch, GroupId, SlotIndex, object::ObjectId};
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use read::TreeCache;
use records::{ObjectRecord, ShardRecord};
use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// The length of the largest shard, in bytes, that is kept in the index and not in a file of its own.
pub const INLINE_MAX: u64 = 64 * 1024;

/// The index's folder in the base path.
const INDEX: &str = "index";

/// The worker's disk. Every method may block; asynchronous code calls them by [`crate::disk::Disk`].
pub struct Store {
    base: PathBuf,
    engine: Box<dyn Engine>,
    files: Files,
    /// Writers of single shards share this lock, since they never touch each other's rows. Operations that read and then
    /// change rows of many shards hold it exclusively.
    rows: RwLock<()>,
    usage: Mutex<Usage>,
    trees: Mutex<TreeCache>,
    placing: Mutex<HashSet<ShardKey>>,
    /// Ranges with a leaf that cannot be read, and the index of the first such leaf.
    ends: Mutex<BTreeMap<(Epoch, GroupId), u64>>,
    /// Whether the index has ever known everything that the chain counts on.
    was_synced: AtomicBool,
}

impl Store {
    /// Opens the store in `base`, which [`init`] has made, and completes removals that a crash cut short.
    ///
    /// # Errors
    /// [`StoreError::NotInitialized`] and [`StoreError::ShardsMissing`] if a disk is not mounted,
    /// [`engine::EngineError::Locked`] if another worker has it open; otherwise errors of disk and index.
    pub fn open(base: &Path) -> Result<Self, StoreError> {
        // Before the index is made: a base path that is not mounted must stay as it is.
        Marker::read(base)?;
        space::make_way(base)?;
        let engine = rocks::RocksEngine::open(&base.join(INDEX))?;
        Self::with(base, Box::new(engine), no_hook())
    }

    /// Opens the store with another engine, and a hook that is called at each step (for tests).
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with(base: &Path, engine: Box<dyn Engine>, hook: StepHook) -> Result<Self, StoreError> {
        let id = Marker::read(base)?.store()?;
        let store = Self {
            base: base.to_path_buf(),
            engine,
            files: Files::open(base, id, hook)?,
            rows: RwLock::default(),
            usage: Mutex::default(),
            trees: Mutex::default(),
            placing: Mutex::default(),
            ends: Mutex::default(),
            was_synced: AtomicBool::default(),
        };
        store.check_format()?;
        store.check_store(id)?;
        store.load_synced()?;
        store.unlink_removed()?;
        let usage = store.count()?;
        if usage.unreadable > 0 {
            store.relist_unreadable()?;
        }
        *store.usage.lock() = usage;
        Ok(store)
    }

    /// The current totals of held and missing shards.
    pub fn usage(&self) -> Usage {
        self.usage.lock().clone()
    }

    /// The record of a shard, if it is held.
    pub fn shard(&self, key: &ShardKey) -> Result<Option<ShardRecord>, StoreError> {
        readable(self.load(Table::Shards, &key.encode(), "shard"))
    }

    /// An object's header and roots, if a shard of it is held. A row that cannot be read, or has the header of another object,
    /// counts as absent.
    pub fn object(&self, object: &ObjectId) -> Result<Option<ObjectRecord>, StoreError> {
        let record: Option<ObjectRecord> = readable(self.load(Table::Objects, &object.0, "object"))?;
        Ok(record.filter(|record| record.header.id() == *object))
    }

    /// The shards of an object that are held.
    pub fn shards_of(&self, object: &ObjectId) -> Result<Vec<(ShardKey, ShardRecord)>, StoreError> {
        self.shards_from(&object.0, Some(object), usize::from(SlotIndex::MAX))
    }

    /// Up to `limit` held shards after `after`, in the order of their keys.
    pub fn shards_after(
        &self,
        after: Option<&ShardKey>,
        limit: usize,
    ) -> Result<Vec<(ShardKey, ShardRecord)>, StoreError> {
        self.shards_from(&self::after(after, &[]), None, limit)
    }

    fn shards_from(
        &self,
        from: &[u8],
        of: Option<&ObjectId>,
        limit: usize,
    ) -> Result<Vec<(ShardKey, ShardRecord)>, StoreError> {
        let prefix: &[u8] = of.map_or(&[], |object| &object.0);
        let mut found = Vec::new();
        let start = if from > prefix { from } else { prefix };
        self.engine.scan(Table::Shards, start, &mut |key, value| {
            if !key.starts_with(prefix) {
                return false;
            }
            // A record that cannot be read was reported at the start, and does not keep the others from being read.
            if let (Some(key), Ok(record)) = (ShardKey::decode(key), decode(value, "shard")) {
                found.push((key, record));
            }
            found.len() < limit
        })?;
        Ok(found)
    }

    fn load<T: Decode>(&self, table: Table, key: &[u8], what: &'static str) -> Result<Option<T>, StoreError> {
        self.engine.get(table, key)?.map(|value| decode(&value, what)).transpose()
    }

    /// A long value: a small shard, a tree, or the entries of a batch. These have files of their own, in which damage costs one
    /// value: it counts as absent.
    fn load_long(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        match self.engine.get(table, key) {
            Err(EngineError::Corrupt(_)) => Ok(None),
            value => value,
        }
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

/// The least key above that of `shard`; without a shard, `first`.
fn after(shard: Option<&ShardKey>, first: &[u8]) -> Vec<u8> {
    match shard {
        // It is the key followed by a zero byte.
        Some(key) => [key.encode(), vec![0]].concat(),
        None => first.to_vec(),
    }
}

/// A value that cannot be read counts as absent.
fn readable<T>(loaded: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match loaded {
        Err(StoreError::BadRecord(_)) => Ok(None),
        loaded => loaded,
    }
}

/// Decodes a value of the index; trailing bytes are an error.
fn decode<T: Decode>(value: &[u8], what: &'static str) -> Result<T, StoreError> {
    T::decode_all(&mut &*value).map_err(|_| StoreError::BadRecord(what))
}
