//! Reads the files of sites: small ones through the cache, large ones as streams.

use crate::{
    file_cache::{CachedFile, FileCache, FileKey, MAX_FILE},
    load_budget::LoadBudget,
    metrics::Metrics,
    sending::{Sender, TooShort},
    source::{File, Site, SourceError},
};
use axum::body::{Body, Bytes};
use futures::TryStreamExt;
use meganet_primitives::{AccountId, convert::to_u64, hash::Hash, manifest::Entry};
use std::{ops::Range, sync::Arc};

/// Reads files. Cheap to clone; clones share the cache and the bounds.
#[derive(Clone)]
pub struct FileReader {
    cache: FileCache,
    loads: LoadBudget,
    sender: Sender,
    metrics: Metrics,
}

/// A file of a site, to be read without the site: nothing keeps a list of files in memory while it waits for workers.
pub struct WantedFile {
    name: String,
    owner: AccountId,
    path: String,
    size: u64,
    hash: Hash,
    /// Or the reason why it cannot be read from workers. It may be in the cache all the same.
    file: Result<Arc<dyn File>, SourceError>,
}

impl WantedFile {
    /// The file of this entry.
    pub fn new(site: &dyn Site, entry: &Entry) -> Self {
        let state = site.state();
        WantedFile {
            name: state.name.clone(),
            owner: state.owner,
            path: entry.path.clone(),
            size: entry.size,
            hash: entry.hash,
            file: site.file(entry),
        }
    }

    /// Its key in caches.
    pub fn key(&self) -> FileKey {
        FileKey::new(&self.name, self.hash)
    }
}

/// Bytes of a file, ready to send.
pub struct FileBody {
    /// The bytes.
    pub body: Body,
    /// Digests; `None` for large files.
    pub digests: Option<Digests>,
}

/// SHA-256 digests of a file.
pub struct Digests {
    /// The digest of the whole file.
    pub whole: [u8; 32],
    /// The digest of the bytes that are sent.
    pub sent: [u8; 32],
}

/// A file that contradicts its manifest.
#[derive(Debug, thiserror::Error)]
#[error("{path:?} was published with a wrong digest: its owner should publish the site again")]
struct WrongDigest {
    path: String,
}

impl FileReader {
    /// A reader with an empty cache of at most `cache_bytes` of content.
    pub fn new(cache_bytes: u64, metrics: Metrics) -> Self {
        let sender = Sender::new(metrics.clone());
        FileReader { cache: FileCache::new(cache_bytes), loads: LoadBudget::for_files(), sender, metrics }
    }

    /// Reads a range of a file.
    ///
    /// # Errors
    /// [`SourceError`]. Once the body of a large file has begun, an error can only break it off.
    pub async fn read(&self, wanted: &WantedFile, range: Range<u64>) -> Result<FileBody, SourceError> {
        let (known, digests) = if wanted.size > MAX_FILE {
            (None, None)
        } else {
            let whole = self.small(wanted).await?;
            let bytes = whole.slice(&range).ok_or_else(|| SourceError::damaged(TooShort))?;
            let sent = if range == (0..wanted.size) { whole.sha256 } else { meganet_site::digest::sha256(&bytes) };
            (Some((bytes, self.cache.slot(wanted.key()))), Some(Digests { whole: whole.sha256, sent }))
        };
        let path = format!("{}/{}", wanted.name, wanted.path);
        Ok(FileBody { body: self.sender.send(wanted.file.clone()?, path, range, known).await?, digests })
    }

    /// Returns the SHA-256 of a whole file; `None` for large files.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn digest(&self, wanted: &WantedFile) -> Result<Option<[u8; 32]>, SourceError> {
        if wanted.size > MAX_FILE {
            return Ok(None);
        }
        Ok(Some(self.small(wanted).await?.sha256))
    }

    /// Reads a whole file of at most [`MAX_FILE`] bytes and checks it against the digest in the manifest.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn small(&self, wanted: &WantedFile) -> Result<CachedFile, SourceError> {
        let wrong = || SourceError::damaged(WrongDigest { path: wanted.path.clone() });
        let (key, size) = (wanted.key(), wanted.size);
        let file = match self.cache.get(&key) {
            Some(file) => {
                self.metrics.cache_hits.inc();
                file
            }
            None => {
                let read = async {
                    let pieces: Vec<Bytes> = wanted.file.clone()?.read(0..size).try_collect().await?;
                    self.cache.put(key.clone(), Bytes::from(pieces.concat())).ok_or_else(wrong)
                };
                let load = async { self.loads.load(wanted.owner, size, read).await.map_err(SourceError::unavailable)? };
                self.cache.load(key.clone(), load).await.map_err(Arc::unwrap_or_clone)?
            }
        };
        // Another entry with this digest may declare another size.
        Some(file).filter(|file| to_u64(file.bytes.len()) == size).ok_or_else(wrong)
    }
}
