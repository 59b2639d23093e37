//! Objects for tests.
#![allow(clippy::unwrap_used)]

use super::{
    Lapse, Store,
    engine::{Batch, Durability, Engine, EngineError, KeyValue, Table, Visitor, page},
    keys::ShardKey,
    memory::MemoryEngine,
    records::{LapseRecord, ObjectRecord},
};
use meganet_objects::ShardHasher;
use meganet_primitives::{
    hash::Hash,
    object::{CODEC_RS_GF8, Layout, OBJECT_VERSION, ObjectHeader, ObjectId, shards_root},
    sum_tree::BatchEntry,
};
use std::{path::Path, sync::Arc};

/// An object of a `compact` group with made-up shards, for tests that do not decode it.
pub struct FakeObject {
    pub record: ObjectRecord,
    pub shards: Vec<Vec<u8>>,
}

impl FakeObject {
    /// An object with shards of about `sealed_len / 2` bytes, different for every `seed`.
    pub fn new(seed: u64, sealed_len: u64) -> Self {
        let (k, n) = (2, 6);
        let layout = Layout::new(k, n, sealed_len).unwrap();
        let len = usize::try_from(layout.shard_len()).unwrap();
        let shards: Vec<Vec<u8>> = (0..u64::from(n)).map(|shard| noise(seed * 1000 + shard, len)).collect();
        let roots: Vec<Hash> = shards.iter().map(|shard| root(shard)).collect();
        let shards_root = shards_root(&roots);
        let header = ObjectHeader { version: OBJECT_VERSION, codec: CODEC_RS_GF8, k, n, sealed_len, shards_root };
        Self { record: ObjectRecord { header, roots }, shards }
    }

    pub fn id(&self) -> ObjectId {
        self.record.header.id()
    }

    pub fn key(&self, shard: u8) -> ShardKey {
        ShardKey { object: self.id(), shard }
    }

    pub fn entry(&self) -> BatchEntry {
        let shard_len = u64::try_from(self.shards[0].len()).unwrap();
        BatchEntry { object: self.id(), shards_root: self.record.header.shards_root, shard_len }
    }

    /// Stores one of its shards.
    pub fn store(&self, store: &Store, shard: u8, now: u64) {
        let bytes = &self.shards[usize::from(shard)];
        let mut writer = store.begin(u64::try_from(bytes.len()).unwrap()).unwrap();
        bytes.chunks(10_000).for_each(|chunk| writer.write(chunk).unwrap());
        store.commit(writer.finish().unwrap(), &self.key(shard), &self.record, 0, now).unwrap();
    }
}

pub fn root(shard: &[u8]) -> Hash {
    let mut hasher = ShardHasher::new();
    hasher.push(shard);
    hasher.finish().unwrap().0
}

/// Pseudo-random bytes.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// A store whose index is in memory.
pub fn in_memory(base: &Path) -> Store {
    prepare(base);
    Store::with(base, Box::new(MemoryEngine::default()), super::no_hook()).unwrap()
}

/// Makes a base path, unless it is made.
pub fn prepare(base: &Path) {
    match super::init(base, "peer", super::InitOptions::default()) {
        Ok(()) | Err(super::StoreError::AlreadyInitialized { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// A report that is old by every clock.
pub const CLAIM: LapseRecord = LapseRecord { since: 1, block: 1 };

/// Notes what has expired, and releases it. Returns the number of ranges.
pub fn expire(store: &Store, epoch: u32) -> usize {
    store.lapse_expired(epoch, CLAIM).unwrap();
    let lapses = store.lapses(None, 100).unwrap();
    let ranges = lapses.iter().filter(|(lapse, _)| matches!(lapse, Lapse::Range { .. }));
    ranges.map(|(lapse, _)| release(store, lapse)).count()
}

/// Notes which receipts were not registered in time, and releases them. Returns their number.
pub fn drop_overdue(store: &Store, known: u32, signed_before: u64, groups: &[u32]) -> usize {
    let overdue = store.lapse_receipts(known, signed_before, groups, CLAIM).unwrap();
    let lapses = store.lapses(None, 100).unwrap();
    let receipts = lapses.iter().filter(|(lapse, _)| matches!(lapse, Lapse::Receipt(_)));
    receipts.for_each(|(lapse, _)| release(store, lapse));
    overdue
}

/// Releases a lapse, a row at a time.
pub fn release(store: &Store, lapse: &Lapse) {
    while !store.release(lapse, 1).unwrap() {}
}

/// Replaces a row of the index, or removes it, behind the store's back.
pub fn spoil(store: &Store, table: Table, key: Vec<u8>, value: Option<&[u8]>) {
    let mut batch = Batch::default();
    match value {
        Some(value) => batch.put(table, key, value.to_vec()),
        None => batch.delete(table, key),
    }
    store.engine.commit(batch, Durability::Synced).unwrap();
}

/// The number of rows of a table.
pub fn rows(store: &Store, table: Table) -> usize {
    page(&*store.engine, table, &[], &[], usize::MAX).unwrap().len()
}

/// Files in the folders of shards, but those that were put aside.
pub fn files(base: &Path) -> usize {
    let folders = std::fs::read_dir(base.join("shards")).unwrap().map(|entry| entry.unwrap());
    let of_shards = folders.filter(|entry| entry.file_name().len() == 2);
    of_shards.map(|folder| std::fs::read_dir(folder.path()).unwrap().count()).sum()
}

/// Sees what is asked of an index in memory.
pub trait Watch: Send + Sync + 'static {
    /// Looks a key up, or fails.
    fn get(&self, rows: &MemoryEngine, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        rows.get(table, key)
    }

    /// A walk over a table begins.
    fn scanning(&self, _table: Table, _from: &[u8]) {}

    /// Applies a batch, or fails.
    fn commit(&self, rows: &MemoryEngine, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        rows.commit(batch, durability)
    }
}

/// An index in memory that is watched.
#[derive(Clone, Default)]
pub struct Watched<W> {
    pub rows: Arc<MemoryEngine>,
    pub watch: W,
}

impl<W: Watch> Engine for Watched<W> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        self.watch.get(&self.rows, table, key)
    }

    fn scan(&self, table: Table, from: &[u8], visit: Visitor<'_>) -> Result<(), EngineError> {
        self.watch.scanning(table, from);
        self.rows.scan(table, from, visit)
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<KeyValue>, EngineError> {
        self.rows.last(table, prefix)
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), EngineError> {
        self.watch.commit(&self.rows, batch, durability)
    }
}
