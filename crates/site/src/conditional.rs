//! Conditional and range requests (RFC 9110).

use headers::{ETag, HeaderMapExt, IfNoneMatch, IfRange, Range};
use http::HeaderMap;
use std::ops::Bound;

/// The part of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// From the first offset up to, but not including, the second.
    Bytes(u64, u64),
    /// A range outside the file.
    Unsatisfiable,
}

/// Returns the strong tag of content with this digest: the same in every version and at every gateway.
pub(crate) fn etag_of(digest: &[u8; 32]) -> ETag {
    let text = format!("\"{}\"", hex::encode(&digest[..16]));
    // Hex digits between quotes are a valid tag.
    #[allow(clippy::expect_used)]
    text.parse().expect("hex digits between quotes are an entity tag")
}

/// Returns true if the reader already has the content with this tag (`If-None-Match`).
pub(crate) fn is_fresh(request: &HeaderMap, etag: &ETag) -> bool {
    request.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(etag))
}

/// Returns the part of a file of `size` bytes that a request asks for. One range is served; several ranges, or a malformed
/// header, get the whole file, as RFC 9110 allows.
pub(crate) fn requested_part(request: &HeaderMap, size: u64, etag: &ETag) -> Part {
    let Some(range) = request.typed_get::<Range>() else { return Part::Whole };
    if request.typed_get::<IfRange>().is_some_and(|condition| condition.is_modified(Some(etag), None)) {
        return Part::Whole;
    }
    let ranges: Vec<(Bound<u64>, Bound<u64>)> = range.satisfiable_ranges(size).collect();
    match ranges.as_slice() {
        [] => Part::Unsatisfiable,
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
            if start < end { Part::Bytes(start, end) } else { Part::Unsatisfiable }
        }
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::header;

    fn part_of(range: &str) -> Part {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        requested_part(&headers, 100, &"\"a\"".parse().unwrap())
    }

    #[test]
    fn ranges_are_understood() {
        assert_eq!(part_of("bytes=0-9"), Part::Bytes(0, 10));
        assert_eq!(part_of("bytes=90-"), Part::Bytes(90, 100));
        assert_eq!(part_of("bytes=-10"), Part::Bytes(90, 100));
        assert_eq!(part_of("bytes=50-1000"), Part::Bytes(50, 100));
        assert_eq!(part_of("bytes=100-"), Part::Unsatisfiable);
        assert_eq!(part_of("bytes=0-1,5-6"), Part::Whole);
        assert_eq!(part_of("lines=1-2"), Part::Whole);
        assert_eq!(requested_part(&HeaderMap::new(), 100, &"\"a\"".parse().unwrap()), Part::Whole);
    }

    #[test]
    fn a_range_of_another_version_gives_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-9".parse().unwrap());
        headers.insert(header::IF_RANGE, "\"b\"".parse().unwrap());
        assert_eq!(requested_part(&headers, 100, &"\"a\"".parse().unwrap()), Part::Whole);
        headers.insert(header::IF_RANGE, "\"a\"".parse().unwrap());
        assert_eq!(requested_part(&headers, 100, &"\"a\"".parse().unwrap()), Part::Bytes(0, 10));
    }
}
