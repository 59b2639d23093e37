//! Reads the files of sites: small ones through the cache, large ones as streams.

use crate::{
    file_cache::{CachedFile, FileCache, FileKey, MAX_FILE},
    load_budget::LoadBudget,
    metrics::Metrics,
    sending::{Sender, TooShort},
    source::{Site, SourceError},
};
use axum::body::{Body, Bytes};
use futures::TryStreamExt;
use meganet_primitives::{convert::to_u64, manifest::Entry};
use std::{ops::Range, sync::Arc};

/// Reads files. Cheap to clone; clones share the cache and the bounds.
#[derive(Clone)]
pub struct FileReader {
    cache: FileCache,
    loads: LoadBudget,
    sender: Sender,
    metrics: Metrics,
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
    pub async fn read(&self, site: &dyn Site, entry: &Entry, range: Range<u64>) -> Result<FileBody, SourceError> {
        let (known, digests) = if entry.size > MAX_FILE {
            (None, None)
        } else {
            let whole = self.small(site, entry).await?;
            let bytes = whole.slice(&range).ok_or_else(|| SourceError::damaged(TooShort))?;
            let sent = if range == (0..entry.size) { whole.sha256 } else { meganet_site::digest::sha256(&bytes) };
            let slot = self.cache.slot(FileKey::new(&site.state().name, entry.hash));
            (Some((bytes, slot)), Some(Digests { whole: whole.sha256, sent }))
        };
        Ok(FileBody { body: self.sender.send(site, entry, range, known).await?, digests })
    }

    /// Returns the SHA-256 of a whole file; `None` for large files.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn digest(&self, site: &dyn Site, entry: &Entry) -> Result<Option<[u8; 32]>, SourceError> {
        if entry.size > MAX_FILE {
            return Ok(None);
        }
        Ok(Some(self.small(site, entry).await?.sha256))
    }

    /// Reads a whole file of at most [`MAX_FILE`] bytes and checks it against the digest in the manifest.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn small(&self, site: &dyn Site, entry: &Entry) -> Result<CachedFile, SourceError> {
        let wrong = || SourceError::damaged(WrongDigest { path: entry.path.clone() });
        let key = FileKey::new(&site.state().name, entry.hash);
        let file = match self.cache.get(&key) {
            Some(file) => {
                self.metrics.cache_hits.inc();
                file
            }
            None => {
                let read = async {
                    let pieces: Vec<Bytes> = site.file(entry)?.read(0..entry.size).try_collect().await?;
                    self.cache.put(key.clone(), Bytes::from(pieces.concat())).ok_or_else(wrong)
                };
                let owner = site.state().owner;
                let load = async { self.loads.load(owner, entry.size, read).await.map_err(SourceError::unavailable)? };
                self.cache.load(key.clone(), load).await.map_err(Arc::unwrap_or_clone)?
            }
        };
        // Another entry with this digest may declare another size.
        Some(file).filter(|file| to_u64(file.bytes.len()) == entry.size).ok_or_else(wrong)
    }
}
