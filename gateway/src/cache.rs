//! Opened small files in memory, so that what is read often is fetched once.

use bytes::Bytes;
use meganet_primitives::hash::Hash;
use moka::sync::Cache;

/// Files up to this many bytes are kept; larger ones are streamed each time.
pub const MAX_FILE: u64 = 1 << 20;

/// Whole files by the hash of their content: the same file in two versions of a site, or in two sites, is kept once.
/// The least used go first when the bound is reached.
#[derive(Clone)]
pub struct FileCache(Cache<Hash, Bytes>);

impl FileCache {
    /// At most `bytes` of content.
    pub fn new(bytes: u64) -> Self {
        let weigher = |_: &Hash, file: &Bytes| u32::try_from(file.len()).unwrap_or(u32::MAX).saturating_add(64);
        FileCache(Cache::builder().max_capacity(bytes).weigher(weigher).build())
    }

    /// The file with that hash.
    pub fn get(&self, hash: &Hash) -> Option<Bytes> {
        self.0.get(hash)
    }

    /// Keeps a whole, verified file.
    pub fn put(&self, hash: Hash, file: Bytes) {
        self.0.insert(hash, file);
    }
}
