//! The engine on disk: RocksDB, one column family per table, no compression (shards are ciphertext, keys are digests).
//!
//! Its memory is bounded here: one block cache for all tables (index and filter blocks are charged to it, in parts) and one
//! budget for all memtables.
//!
//! Long values (small shards, trees, batches) are in blob files beside the tables of their keys: compaction then moves keys
//! and not every shard, and a bit that flips in a shard does not stop it. `scripts/bench index` measures both.

use super::engine::{Batch, Durability, Engine, EngineError, Table, Visitor, Write};
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType,
    Direction, ErrorKind, IteratorMode, LogLevel, Options, ReadOptions, WriteBatch, WriteOptions,
};
use std::path::Path;

/// Size in bytes of the block cache, which all tables share.
const BLOCK_CACHE: usize = 24 << 20;
/// Total size in bytes of all memtables at which the largest is flushed.
const MEMTABLES: usize = 24 << 20;
/// Size in bytes of one memtable at which it is flushed.
const MEMTABLE: usize = 8 << 20;
/// Size in bytes of the write-ahead log at which old memtables are flushed so that it can shrink.
const WAL: u64 = 64 << 20;
/// Values of this many bytes and more are in blob files.
const BLOB: u64 = 4 << 10;
/// Size in bytes at which a blob file ends. The space of removed values comes back by files.
const BLOB_FILE: u64 = 64 << 20;
/// The part of the blob files, the oldest, that compaction empties as it meets their keys.
const BLOB_OLD: f64 = 0.25;
/// The part of removed bytes in the oldest blob files at which they are emptied though nothing else is compacted.
const BLOB_GARBAGE: f64 = 0.5;
/// Files that are kept open.
const OPEN_FILES: i32 = 256;

/// RocksDB in a folder of its own.
pub struct RocksEngine {
    db: DB,
}

impl RocksEngine {
    /// Opens the index in `path`, which is created if it does not exist, and locks it against other processes.
    ///
    /// # Errors
    /// [`EngineError::Locked`] if another process has it open; otherwise errors of the disk.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let cache = Cache::new_lru_cache(BLOCK_CACHE);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_db_write_buffer_size(MEMTABLES);
        options.set_max_total_wal_size(WAL);
        options.set_max_open_files(OPEN_FILES);
        options.set_max_background_jobs(2);
        options.set_keep_log_file_num(2);
        options.set_max_log_file_size(4 << 20);
        options.set_log_level(LogLevel::Warn);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        let families = Table::ALL.map(|table| ColumnFamilyDescriptor::new(table.name(), family_options(table, &cache)));
        let db = DB::open_cf_descriptors(&options, path, families).map_err(|error| open_error(path, error))?;
        Ok(Self { db })
    }

    fn family(&self, table: Table) -> Result<&ColumnFamily, EngineError> {
        self.db
            .cf_handle(table.name())
            .ok_or_else(|| EngineError::Corrupt(format!("the table {} is not there", table.name())))
    }
}

/// Whether a table has long values, as many as shards or batches.
fn has_blobs(table: Table) -> bool {
    matches!(table, Table::Inline | Table::Trees | Table::Batches)
}

fn family_options(table: Table, cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_bloom_filter(10.0, false);
    // Millions of rows have more index and filter than the cache has room for: parts of it are read, and not the whole.
    blocks.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    blocks.set_partition_filters(true);
    blocks.set_pin_top_level_index_and_filter(true);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::None);
    options.set_write_buffer_size(MEMTABLE);
    options.set_max_write_buffer_number(2);
    if has_blobs(table) {
        options.set_enable_blob_files(true);
        options.set_min_blob_size(BLOB);
        options.set_blob_file_size(BLOB_FILE);
        options.set_blob_compression_type(DBCompressionType::None);
        options.set_enable_blob_gc(true);
        options.set_blob_gc_age_cutoff(BLOB_OLD);
        options.set_blob_gc_force_threshold(BLOB_GARBAGE);
    }
    options
}

fn open_error(path: &Path, error: rocksdb::Error) -> EngineError {
    let text = error.to_string();
    // RocksDB reports a held lock only in its message: "While lock file: …/LOCK: Resource temporarily unavailable", or "lock
    // hold by current process" if it is this process.
    if text.contains("lock file") || text.contains("lock hold") {
        return EngineError::Locked { path: path.to_path_buf() };
    }
    engine_error(error)
}

// By value, so that it can be handed to `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn engine_error(error: rocksdb::Error) -> EngineError {
    match error.kind() {
        ErrorKind::Corruption => EngineError::Corrupt(error.to_string()),
        _ => EngineError::Io(error.to_string()),
    }
}

impl Engine for RocksEngine {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.db.get_cf(self.family(table)?, key).map_err(engine_error)
    }

    fn scan(&self, table: Table, from: &[u8], visit: Visitor<'_>) -> Result<(), EngineError> {
        let mut options = ReadOptions::default();
        // A walk over everything must not evict the hot blocks from the cache.
        options.fill_cache(false);
        let mode = IteratorMode::From(from, Direction::Forward);
        for item in self.db.iterator_cf_opt(self.family(table)?, options, mode) {
            let (key, value) = item.map_err(engine_error)?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>, EngineError> {
        // Greater than every key with the prefix: no key is longer than it by 96 bytes.
        let mut end = prefix.to_vec();
        end.extend_from_slice(&[0xff; 96]);
        let mode = IteratorMode::From(&end, Direction::Reverse);
        match self.db.iterator_cf(self.family(table)?, mode).next() {
            Some(item) => {
                let (key, value) = item.map_err(engine_error)?;
                Ok(key.starts_with(prefix).then(|| (key.into_vec(), value.into_vec())))
            }
            None => Ok(None),
        }
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        let mut writes = WriteBatch::default();
        for write in batch.0 {
            match write {
                Write::Put(table, key, value) => writes.put_cf(self.family(table)?, key, value),
                Write::Delete(table, key) => writes.delete_cf(self.family(table)?, key),
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        self.db.write_opt(writes, &options).map_err(engine_error)
    }
}
