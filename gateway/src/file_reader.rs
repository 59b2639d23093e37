//! Reads the files of sites: small ones through the cache, large ones as streams.

use crate::{
    file_cache::{CachedFile, FileCache, MAX_FILE},
    metrics::Metrics,
    source::{Site, SourceError},
};
use axum::body::{Body, Bytes};
use futures::{StreamExt, TryStreamExt, stream};
use meganet_primitives::{
    convert::{to_u64, to_usize},
    manifest::Entry,
};
use std::{io, ops::Range};

/// Reads files. Cheap to clone; clones share the cache.
#[derive(Clone)]
pub struct FileReader {
    cache: FileCache,
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
enum BadFile {
    #[error("{path:?} was published with a wrong digest: its owner should publish the site again")]
    WrongDigest { path: String },
    #[error("the file is shorter than its manifest declares: its owner should publish the site again")]
    TooShort,
}

impl FileReader {
    /// A reader with an empty cache of at most `cache_bytes` of content.
    pub fn new(cache_bytes: u64, metrics: Metrics) -> Self {
        FileReader { cache: FileCache::new(cache_bytes), metrics }
    }

    /// Reads a range of a file.
    ///
    /// # Errors
    /// [`SourceError`]. Once the body of a large file has begun, an error can only break it off.
    pub async fn read(&self, site: &dyn Site, entry: &Entry, range: Range<u64>) -> Result<FileBody, SourceError> {
        if entry.size > MAX_FILE {
            return Ok(FileBody { body: self.stream(site, entry, range).await?, digests: None });
        }
        let whole = self.small(site, entry).await?;
        let bytes = slice(&whole.bytes, &range)?;
        let sent = if range == (0..entry.size) { whole.sha256 } else { meganet_site::digest::sha256(&bytes) };
        self.metrics.sent_bytes.inc_by(range.end - range.start);
        Ok(FileBody { body: Body::from(bytes), digests: Some(Digests { whole: whole.sha256, sent }) })
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
        let file = match self.cache.get(&entry.hash) {
            Some(file) => {
                self.metrics.cache_hits.inc();
                Some(file)
            }
            None => {
                let pieces: Vec<Bytes> = site.read(entry, 0..entry.size).try_collect().await?;
                self.cache.put(&entry.hash, Bytes::from(pieces.concat()))
            }
        };
        // Another manifest may have put the file into the cache, with another size.
        let right = file.filter(|file| to_u64(file.bytes.len()) == entry.size);
        right.ok_or_else(|| SourceError::damaged(BadFile::WrongDigest { path: entry.path.clone() }))
    }

    /// Streams a range of a file. Its first piece is read before the response begins, so that a file that cannot be read at all
    /// still gets an error status.
    async fn stream(&self, site: &dyn Site, entry: &Entry, range: Range<u64>) -> Result<Body, SourceError> {
        let mut pieces = site.read(entry, range);
        let first = pieces.next().await.unwrap_or_else(|| Err(SourceError::damaged(BadFile::TooShort)))?;
        let metrics = self.metrics.clone();
        let path = format!("{}/{}", site.state().name, entry.path);
        let pieces = stream::once(async { Ok(first) }).chain(pieces).map(move |piece| match piece {
            Ok(piece) => {
                metrics.sent_bytes.inc_by(to_u64(piece.len()));
                Ok(piece)
            }
            Err(error) => {
                tracing::warn!(%path, %error, "a response was broken off");
                Err(io::Error::other(error))
            }
        });
        Ok(Body::from_stream(pieces))
    }
}

/// A range of a file in memory.
fn slice(file: &Bytes, range: &Range<u64>) -> Result<Bytes, SourceError> {
    let (start, end) = (to_usize(range.start), to_usize(range.end));
    if start > end || end > file.len() {
        return Err(SourceError::damaged(BadFile::TooShort));
    }
    Ok(file.slice(start..end))
}
