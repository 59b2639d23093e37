//! Opened small files in memory, so that what is read often is fetched once.

use blake2::{Blake2b, Digest, digest::consts::U32};
use bytes::Bytes;
use meganet_primitives::hash::Hash;
use moka::sync::Cache;
use sha2::Sha256;

/// Files up to this many bytes are kept; larger ones are streamed each time.
pub const MAX_FILE: u64 = 1 << 20;

/// A whole file.
#[derive(Clone)]
pub struct Kept {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their SHA-256, which answers carry.
    pub sha256: [u8; 32],
}

/// Whole files by the hash of their content: the same file in two versions of a site, or in two sites, is kept once.
/// The least used go first when the bound is reached.
#[derive(Clone)]
pub struct FileCache(Cache<Hash, Kept>);

impl FileCache {
    /// At most `bytes` of content.
    pub fn new(bytes: u64) -> Self {
        let weigher = |_: &Hash, file: &Kept| u32::try_from(file.bytes.len()).unwrap_or(u32::MAX).saturating_add(128);
        FileCache(Cache::builder().max_capacity(bytes).weigher(weigher).build())
    }

    /// The file with that hash.
    pub fn get(&self, hash: &Hash) -> Option<Kept> {
        self.0.get(hash)
    }

    /// Keeps a file if it has that hash. Whoever publishes a site writes the hashes in its manifest: believed, one could put
    /// a file of one's own in the place of another site's.
    pub fn put(&self, hash: &Hash, bytes: Bytes) -> Option<Kept> {
        if Blake2b::<U32>::digest(&bytes).as_slice() != hash.as_slice() {
            return None;
        }
        let kept = Kept { sha256: Sha256::digest(&bytes).into(), bytes };
        self.0.insert(*hash, kept.clone());
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_kept_under_its_own_hash_only() {
        let cache = FileCache::new(1 << 20);
        let hash: Hash = Blake2b::<U32>::digest(b"mine").into();
        assert!(cache.put(&hash, Bytes::from_static(b"yours")).is_none());
        assert!(cache.get(&hash).is_none());
        cache.put(&hash, Bytes::from_static(b"mine")).unwrap();
        assert_eq!(cache.get(&hash).unwrap().bytes, "mine");
    }
}
