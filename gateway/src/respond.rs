//! Answers with a file: whole or a range, its headers, and nothing at all where the reader has it already.

use crate::{
    cache::{FileCache, MAX_FILE},
    metrics::Metrics,
    page::content_type,
    source::{Site, Source, SourceError},
};
use axum::{
    body::{Body, Bytes},
    http::{header, HeaderMap, HeaderValue, Method, Response, StatusCode},
};
use futures::{stream, StreamExt, TryStreamExt};
use headers::{ETag, HeaderMapExt, IfNoneMatch, IfRange, Range};
use meganet_primitives::manifest::Entry;
use std::{io, ops::Bound, sync::Arc};

/// Names the site's version in every answer, so that a reader can tell one from another.
pub const VERSION_HEADER: &str = "x-meganet-version";
/// Names the site.
pub const NAME_HEADER: &str = "x-meganet-name";

/// What answers are made from.
#[derive(Clone)]
pub struct Responder {
    /// Where files come from.
    pub source: Arc<dyn Source>,
    /// Small files that were opened before.
    pub cache: FileCache,
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
    /// Answers a GET or HEAD for `entry` with `status` (200, or 404 for a site's own error page).
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
        describe(response.headers_mut(), site, entry, &etag);
        if status == StatusCode::OK {
            if request.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(&etag)) {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return Ok(response);
            }
            match wanted(request, entry.size, &etag) {
                Wanted::Whole => {}
                Wanted::Unsatisfiable => {
                    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                    set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", entry.size));
                    return Ok(response);
                }
                Wanted::Part(start, end) => {
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                    let range = format!("bytes {start}-{}/{}", end - 1, entry.size);
                    set(response.headers_mut(), header::CONTENT_RANGE, &range);
                    return self.with_body(response, site, entry, start, end, method).await;
                }
            }
        }
        *response.status_mut() = status;
        self.with_body(response, site, entry, 0, entry.size, method).await
    }

    async fn with_body(
        &self,
        mut response: Response<Body>,
        site: &dyn Site,
        entry: &Entry,
        start: u64,
        end: u64,
        method: &Method,
    ) -> Result<Response<Body>, SourceError> {
        set(response.headers_mut(), header::CONTENT_LENGTH, &(end - start).to_string());
        if method != Method::HEAD && end > start {
            *response.body_mut() = self.body(site, entry, start, end).await?;
        }
        Ok(response)
    }

    /// The body of a range. Its first piece is here before the answer begins, so that what cannot be read at all is an
    /// error with a status and a sentence; later, only breaking off is left.
    async fn body(&self, site: &dyn Site, entry: &Entry, start: u64, end: u64) -> Result<Body, SourceError> {
        if let Some(file) = self.cache.get(&entry.hash) {
            self.metrics.cache_hits.inc();
            self.metrics.sent_bytes.inc_by(end - start);
            return Ok(Body::from(slice(&file, start, end)?));
        }
        if entry.size <= MAX_FILE {
            let pieces: Vec<Bytes> = site.read(entry, 0..entry.size).try_collect().await?;
            let file = Bytes::from(pieces.concat());
            let part = slice(&file, start, end)?;
            self.cache.put(entry.hash, file);
            self.metrics.sent_bytes.inc_by(end - start);
            return Ok(Body::from(part));
        }
        let mut pieces = site.read(entry, start..end);
        let first = pieces.next().await.unwrap_or_else(|| Err(SourceError::Damaged("the file is empty".into())))?;
        let metrics = self.metrics.clone();
        let path = format!("{}/{}", site.label(), entry.path);
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
fn slice(file: &Bytes, start: u64, end: u64) -> Result<Bytes, SourceError> {
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match range {
        Some((start, end)) if start <= end && end <= file.len() => Ok(file.slice(start..end)),
        _ => Err(SourceError::Damaged("the file is shorter than its manifest says".into())),
    }
}

/// The strong tag of a file: its content's hash, so it is the same in every version and at every gateway.
fn etag(entry: &Entry) -> ETag {
    let text = format!("\"{}\"", hex::encode(&entry.hash[..16]));
    // Hex digits between quotes are a valid tag.
    #[allow(clippy::expect_used)]
    text.parse().expect("hex digits between quotes are an entity tag")
}

fn describe(headers: &mut HeaderMap, site: &dyn Site, entry: &Entry, etag: &ETag) {
    headers.typed_insert(etag.clone());
    set(headers, header::CONTENT_TYPE, &content_type(&entry.path));
    set(headers, header::ACCEPT_RANGES, "bytes");
    // A name may point elsewhere any moment: keep it, but ask.
    set(headers, header::CACHE_CONTROL, "public, no-cache");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let (Ok(label), Ok(version)) =
        (HeaderValue::from_str(site.label()), HeaderValue::from_str(&site.version().to_string()))
    {
        headers.insert(NAME_HEADER, label);
        headers.insert(VERSION_HEADER, version);
    }
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
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
            if start < end {
                Wanted::Part(start, end)
            } else {
                Wanted::Unsatisfiable
            }
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
