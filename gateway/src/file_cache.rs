//! Opened small files in memory, so that files that are read often are fetched once.

use bytes::Bytes;
use meganet_client::pack::content_hash;
use meganet_primitives::{convert::to_u32, hash::Hash};
use meganet_site::digest::sha256;
use moka::sync::Cache;

/// The largest file that is cached, in bytes. Larger ones are streamed each time.
pub const MAX_FILE: u64 = 1 << 20;

/// A whole file.
#[derive(Clone)]
pub struct CachedFile {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their SHA-256, sent with responses.
    pub sha256: [u8; 32],
}

/// Whole files by the hash of their content: a file that several sites or versions share is cached once. The least recently
/// used files are evicted first.
#[derive(Clone)]
pub struct FileCache(Cache<Hash, CachedFile>);

impl FileCache {
    /// Holds at most `bytes` of content.
    pub fn new(bytes: u64) -> Self {
        let weigher = |_: &Hash, file: &CachedFile| to_u32(file.bytes.len()).saturating_add(128);
        FileCache(Cache::builder().max_capacity(bytes).weigher(weigher).build())
    }

    /// Returns the file with this hash.
    pub fn get(&self, hash: &Hash) -> Option<CachedFile> {
        self.0.get(hash)
    }

    /// Caches a file if it has this hash. The hash comes from a manifest, and its publisher may have lied: without the check, one
    /// site could replace the files of another.
    pub fn put(&self, hash: &Hash, bytes: Bytes) -> Option<CachedFile> {
        if content_hash(&bytes) != *hash {
            return None;
        }
        let file = CachedFile { sha256: sha256(&bytes), bytes };
        self.0.insert(*hash, file.clone());
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_kept_under_its_own_hash_only() {
        let cache = FileCache::new(1 << 20);
        let hash = content_hash(b"mine");
        assert!(cache.put(&hash, Bytes::from_static(b"yours")).is_none());
        assert!(cache.get(&hash).is_none());
        cache.put(&hash, Bytes::from_static(b"mine")).unwrap();
        assert_eq!(cache.get(&hash).unwrap().bytes, "mine");
    }
}
