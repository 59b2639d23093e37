//! Opened small files in memory, so that files that are read often are fetched once.

use bytes::Bytes;
use meganet_client::pack::content_hash;
use meganet_primitives::{
    convert::{to_u32, to_usize},
    hash::Hash,
};
use meganet_site::digest::sha256;
use moka::{future, sync::Cache};
use std::{future::Future, ops::Range, sync::Arc};

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

impl CachedFile {
    /// Returns a part of it; `None` if it is shorter.
    pub fn slice(&self, range: &Range<u64>) -> Option<Bytes> {
        let (start, end) = (to_usize(range.start), to_usize(range.end));
        (start <= end && end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }
}

/// The content of a file of a site: its versions share files, different names do not. Otherwise a site could publish a copy of
/// another's file and measure whether its reader has opened that; and a publisher that declares the hash of another site's file
/// could make that site's readers wait for its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    name: Box<str>,
    hash: Hash,
}

impl FileKey {
    /// The key of a file with this hash, of the site with this name.
    pub fn new(name: &str, hash: Hash) -> Self {
        FileKey { name: name.into(), hash }
    }
}

/// The place of a file in a cache, whether it is there or not.
pub struct Slot {
    cache: FileCache,
    key: FileKey,
}

impl Slot {
    /// Returns a part of the file; `None` if it is not in the cache now, or shorter.
    pub fn slice(&self, range: &Range<u64>) -> Option<Bytes> {
        self.cache.get(&self.key)?.slice(range)
    }
}

/// Whole files. The least recently used files are evicted first.
#[derive(Clone)]
pub struct FileCache {
    files: Cache<FileKey, CachedFile>,
    /// Merges concurrent loads and holds nothing.
    loads: future::Cache<FileKey, CachedFile>,
}

impl FileCache {
    /// Holds at most `bytes` of content.
    pub fn new(bytes: u64) -> Self {
        let weigher = |_: &FileKey, file: &CachedFile| to_u32(file.bytes.len()).saturating_add(128);
        let files = Cache::builder().max_capacity(bytes).weigher(weigher).build();
        FileCache { files, loads: future::Cache::new(0) }
    }

    /// Returns the file with this key.
    pub fn get(&self, key: &FileKey) -> Option<CachedFile> {
        self.files.get(key)
    }

    /// The place of the file with this key.
    pub fn slot(&self, key: FileKey) -> Slot {
        Slot { cache: self.clone(), key }
    }

    /// Loads a file. Concurrent calls for it share one load.
    ///
    /// # Errors
    /// Those of the load.
    pub async fn load<E: Send + Sync + 'static>(
        &self,
        key: FileKey,
        load: impl Future<Output = Result<CachedFile, E>>,
    ) -> Result<CachedFile, Arc<E>> {
        self.loads.try_get_with(key, load).await
    }

    /// Caches a file if it has the hash of its key. The hash comes from a manifest, and its publisher may have lied.
    pub fn put(&self, key: FileKey, bytes: Bytes) -> Option<CachedFile> {
        if content_hash(&bytes) != key.hash {
            return None;
        }
        let file = CachedFile { sha256: sha256(&bytes), bytes };
        self.files.insert(key, file.clone());
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(name: &str) -> FileKey {
        FileKey::new(name, content_hash(b"mine"))
    }

    #[test]
    fn a_file_is_kept_under_its_own_hash_and_name_only() {
        let cache = FileCache::new(1 << 20);
        assert!(cache.put(key("a"), Bytes::from_static(b"yours")).is_none());
        assert!(cache.get(&key("a")).is_none());
        cache.put(key("a"), Bytes::from_static(b"mine")).unwrap();
        assert_eq!(cache.get(&key("a")).unwrap().bytes, "mine");
        let slot = cache.slot(key("a"));
        assert_eq!((slot.slice(&(1..3)), slot.slice(&(1..5))), (Some(Bytes::from_static(b"in")), None));
        assert!(cache.get(&key("b")).is_none());
    }

    #[test]
    fn files_are_bounded_by_their_bytes() {
        let bound = 2 << 20;
        let cache = FileCache::new(bound);
        for number in 0..40u8 {
            let bytes = Bytes::from(vec![number; 200 << 10]);
            cache.put(FileKey::new("a", content_hash(&bytes)), bytes).unwrap();
        }
        cache.files.run_pending_tasks();
        assert!(cache.files.weighted_size() <= bound, "{}", cache.files.weighted_size());
        // Empty files take up memory as well.
        let cache = FileCache::new(1 << 10);
        for number in 0..100u8 {
            let file = CachedFile { bytes: Bytes::new(), sha256: [number; 32] };
            cache.files.insert(FileKey::new("a", [number; 32]), file);
        }
        cache.files.run_pending_tasks();
        assert!(cache.files.entry_count() <= 8, "{}", cache.files.entry_count());
    }

    #[tokio::test]
    async fn concurrent_loads_of_one_site_are_one() {
        let (cache, counted) = (&FileCache::new(0), &AtomicUsize::new(0));
        let load = |name: &'static str| {
            cache.load(key(name), async move {
                counted.fetch_add(1, Ordering::Relaxed);
                // Lets the other loads begin.
                tokio::task::yield_now().await;
                Ok::<_, ()>(CachedFile { bytes: Bytes::from_static(name.as_bytes()), sha256: [0; 32] })
            })
        };
        let files = futures::future::join_all([load("a"), load("a"), load("b"), load("a")]).await;
        let from: Vec<Bytes> = files.into_iter().map(|file| file.unwrap().bytes).collect();
        assert_eq!((from, counted.load(Ordering::Relaxed)), (["a", "a", "b", "a"].map(Bytes::from).to_vec(), 2));
        load("a").await.unwrap();
        assert_eq!(counted.load(Ordering::Relaxed), 3, "nothing is kept");
    }
}
