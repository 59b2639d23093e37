//! Answers with a file: whole or a range, its digests, and nothing at all where the reader has it already.

use crate::{
    cache::{FileCache, Kept, MAX_FILE},
    digest,
    metrics::Metrics,
    options::Options,
    page::content_type,
    rules::{self, HeaderRules, Redirects, RuleCache, Rules, Understood},
    source::{Site, Source, SourceError},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use futures::{StreamExt, TryStreamExt, stream};
use headers::{ETag, HeaderMapExt, IfNoneMatch, IfRange, Range};
use meganet_primitives::manifest::Entry;
use std::{io, ops, ops::Bound, sync::Arc};

/// What answers are made from. Cheap to clone.
#[derive(Clone)]
pub struct Responder {
    /// Where files come from.
    pub source: Arc<dyn Source>,
    /// How its operator wants it.
    pub options: Arc<Options>,
    /// Small files that were opened before.
    pub cache: FileCache,
    /// Rules of sites that were parsed before.
    pub redirects: RuleCache<Redirects>,
    /// Headers of sites that were parsed before.
    pub header_rules: RuleCache<HeaderRules>,
    /// Counters.
    pub metrics: Metrics,
}

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(u64, u64),
    Unsatisfiable,
}

impl Responder {
    /// Over a source, with empty caches of at most `cache_bytes` of content.
    pub fn new(source: Arc<dyn Source>, options: Options, cache_bytes: u64) -> Self {
        Responder {
            source,
            options: Arc::new(options),
            cache: FileCache::new(cache_bytes),
            redirects: RuleCache::default(),
            header_rules: RuleCache::default(),
            metrics: Metrics::default(),
        }
    }

    /// Answers a GET or HEAD for `entry` with `status`. Conditions and ranges are for files that were asked for (200), not
    /// for a site's page about an error.
    pub async fn file(
        &self,
        site: &dyn Site,
        entry: &Entry,
        status: StatusCode,
        method: &Method,
        request: &HeaderMap,
    ) -> Result<Response<Body>, SourceError> {
        let etag = etag(entry);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.typed_insert(etag.clone());
        set(headers, header::CONTENT_TYPE, &content_type(&entry.path));
        set(headers, header::ACCEPT_RANGES, "bytes");
        set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        let mut part = 0..entry.size;
        if status == StatusCode::OK {
            if has_it(request, &etag) {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return Ok(response);
            }
            // RFC 9110 knows ranges for GET only.
            let wanted = if method == Method::GET { wanted(request, entry.size, &etag) } else { Wanted::Whole };
            match wanted {
                Wanted::Whole => {}
                Wanted::Unsatisfiable => {
                    set(headers, header::CONTENT_RANGE, &format!("bytes */{}", entry.size));
                    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                    return Ok(response);
                }
                Wanted::Part(start, end) => {
                    set(headers, header::CONTENT_RANGE, &format!("bytes {start}-{}/{}", end - 1, entry.size));
                    part = start..end;
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                }
            }
        }
        let headers = response.headers_mut();
        set(headers, header::CONTENT_LENGTH, &(part.end - part.start).to_string());
        if entry.size <= MAX_FILE {
            let whole = self.small(site, entry).await?;
            let bytes = slice(&whole.bytes, &part)?;
            headers.extend(digest::field(&whole.sha256).map(|field| (digest::REPR_DIGEST, field)));
            if method != Method::HEAD {
                let sha256 = if part == (0..entry.size) { whole.sha256 } else { digest::sha256(&bytes) };
                headers.extend(digest::field(&sha256).map(|field| (digest::CONTENT_DIGEST, field)));
                self.metrics.sent_bytes.inc_by(part.end - part.start);
                *response.body_mut() = Body::from(bytes);
            }
        } else if method != Method::HEAD {
            *response.body_mut() = self.stream(site, entry, part).await?;
        }
        Ok(response)
    }

    /// A whole small file. Its bytes have the digest that the manifest says.
    pub async fn small(&self, site: &dyn Site, entry: &Entry) -> Result<Kept, SourceError> {
        let kept = match self.cache.get(&entry.hash) {
            Some(kept) => {
                self.metrics.cache_hits.inc();
                Some(kept)
            }
            None => {
                let pieces: Vec<Bytes> = site.read(entry, 0..entry.size).try_collect().await?;
                self.cache.put(&entry.hash, Bytes::from(pieces.concat()))
            }
        };
        let right = kept.filter(|kept| u64::try_from(kept.bytes.len()).is_ok_and(|len| len == entry.size));
        right.ok_or_else(|| {
            let path = &entry.path;
            SourceError::Damaged(format!(
                "{path:?} was published with a wrong digest: its owner should publish the site again"
            ))
        })
    }

    /// The rules in a file of a site; `None` if the site has none.
    pub async fn rules<T: Rules>(
        &self,
        cache: &RuleCache<T>,
        site: &dyn Site,
    ) -> Result<Option<Understood<T>>, SourceError> {
        let Some(entry) = site.manifest().find(T::FILE) else { return Ok(None) };
        if entry.size > rules::MAX_BYTES {
            return Ok(Some(Arc::new(Err(rules::too_long(T::FILE)))));
        }
        if let Some(known) = cache.get(&entry.hash) {
            return Ok(Some(known));
        }
        let file = self.small(site, entry).await?;
        Ok(Some(cache.put(entry.hash, &file.bytes)))
    }

    /// The body of a range of a large file. Its first piece is here before the answer begins, so that what cannot be read at
    /// all is an error with a status and a sentence; later, only breaking off is left.
    async fn stream(&self, site: &dyn Site, entry: &Entry, part: ops::Range<u64>) -> Result<Body, SourceError> {
        let mut pieces = site.read(entry, part);
        let first = pieces.next().await.unwrap_or_else(|| Err(SourceError::Damaged("the file is empty".into())))?;
        let metrics = self.metrics.clone();
        let path = format!("{}/{}", site.resolved().name, entry.path);
        let pieces = stream::once(async { Ok(first) }).chain(pieces).map(move |piece| match piece {
            Ok(piece) => {
                metrics.sent_bytes.inc_by(u64::try_from(piece.len()).unwrap_or(0));
                Ok(piece)
            }
            Err(error) => {
                tracing::warn!(%path, %error, "an answer breaks off");
                Err(io::Error::other(error))
            }
        });
        Ok(Body::from_stream(pieces))
    }
}

/// A part of a file in memory.
fn slice(file: &Bytes, part: &ops::Range<u64>) -> Result<Bytes, SourceError> {
    let range = usize::try_from(part.start).ok().zip(usize::try_from(part.end).ok());
    match range {
        Some((start, end)) if start <= end && end <= file.len() => Ok(file.slice(start..end)),
        _ => Err(SourceError::Damaged("the file is shorter than its manifest says".into())),
    }
}

/// Whether the reader has what the tag names.
pub fn has_it(request: &HeaderMap, etag: &ETag) -> bool {
    request.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(etag))
}

/// The strong tag of a file: its content's hash, so it is the same in every version and at every gateway.
fn etag(entry: &Entry) -> ETag {
    tag_of(&entry.hash)
}

/// The strong tag of what has that digest.
pub fn tag_of(digest: &[u8; 32]) -> ETag {
    let text = format!("\"{}\"", hex::encode(&digest[..16]));
    // Hex digits between quotes are a valid tag.
    #[allow(clippy::expect_used)]
    text.parse().expect("hex digits between quotes are an entity tag")
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What part of a file of `size` bytes a request wants. One range is served; several at once, or a malformed header, give
/// the whole file, as RFC 9110 allows.
fn wanted(request: &HeaderMap, size: u64, etag: &ETag) -> Wanted {
    let Some(range) = request.typed_get::<Range>() else { return Wanted::Whole };
    if request.typed_get::<IfRange>().is_some_and(|condition| condition.is_modified(Some(etag), None)) {
        return Wanted::Whole;
    }
    let ranges: Vec<(Bound<u64>, Bound<u64>)> = range.satisfiable_ranges(size).collect();
    match ranges.as_slice() {
        [] => Wanted::Unsatisfiable,
        [(start, end)] => {
            let start = match start {
                Bound::Included(start) => *start,
                Bound::Excluded(start) => start.saturating_add(1),
                Bound::Unbounded => 0,
            };
            let end = match end {
                Bound::Included(last) => last.saturating_add(1).min(size),
                Bound::Excluded(end) => (*end).min(size),
                Bound::Unbounded => size,
            };
            if start < end { Wanted::Part(start, end) } else { Wanted::Unsatisfiable }
        }
        _ => Wanted::Whole,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ask(range: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        wanted(&headers, 100, &"\"a\"".parse().unwrap())
    }

    #[test]
    fn ranges_are_understood() {
        assert_eq!(ask("bytes=0-9"), Wanted::Part(0, 10));
        assert_eq!(ask("bytes=90-"), Wanted::Part(90, 100));
        assert_eq!(ask("bytes=-10"), Wanted::Part(90, 100));
        assert_eq!(ask("bytes=50-1000"), Wanted::Part(50, 100));
        assert_eq!(ask("bytes=100-"), Wanted::Unsatisfiable);
        assert_eq!(ask("bytes=0-1,5-6"), Wanted::Whole);
        assert_eq!(ask("lines=1-2"), Wanted::Whole);
        assert_eq!(wanted(&HeaderMap::new(), 100, &"\"a\"".parse().unwrap()), Wanted::Whole);
    }

    #[test]
    fn a_range_of_another_version_gives_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-9".parse().unwrap());
        headers.insert(header::IF_RANGE, "\"b\"".parse().unwrap());
        assert_eq!(wanted(&headers, 100, &"\"a\"".parse().unwrap()), Wanted::Whole);
        headers.insert(header::IF_RANGE, "\"a\"".parse().unwrap());
        assert_eq!(wanted(&headers, 100, &"\"a\"".parse().unwrap()), Wanted::Part(0, 10));
    }
}
