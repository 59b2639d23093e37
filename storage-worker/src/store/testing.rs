//! Objects for tests.
#![allow(clippy::unwrap_used)]

use super::{Store, keys::ShardKey, memory::MemoryEngine, records::ObjectRecord};
use meganet_objects::ShardHasher;
use meganet_primitives::{
    hash::Hash,
    object::{CODEC_RS_GF8, Layout, OBJECT_VERSION, ObjectHeader, ObjectId, shards_root},
    sum_tree::BatchEntry,
};
use std::path::Path;

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
    Store::with(base, Box::new(MemoryEngine::default()), Box::new(|_| {})).unwrap()
}
