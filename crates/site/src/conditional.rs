//! Conditional and range requests (RFC 9110, sections 13 and 14). The content of a path has a strong tag and no date.

use headers::{ETag, HeaderMapExt, IfMatch, IfNoneMatch, IfRange};
use http::{HeaderMap, header};

/// Whether the conditions of a request hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conditions {
    /// They hold, or the request has no conditions.
    Hold,
    /// The reader has the content already (304).
    Fresh,
    /// The reader wants other content than this (412).
    Fail,
}

/// The part of a file that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Evaluates `If-Match` and `If-None-Match`. Conditions on dates are ignored, as they are for content without a date.
pub(crate) fn conditions(request: &HeaderMap, etag: &ETag) -> Conditions {
    if request.typed_get::<IfMatch>().is_some_and(|condition| !condition.precondition_passes(etag)) {
        return Conditions::Fail;
    }
    let is_fresh = request.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(etag));
    if is_fresh { Conditions::Fresh } else { Conditions::Hold }
}

/// Returns the part of a file of `size` bytes that a request asks for. One range is served; several ranges, or a malformed
/// header, get the whole file, as RFC 9110 allows.
pub(crate) fn requested_part(request: &HeaderMap, size: u64, etag: &ETag) -> Part {
    let mut lines = request.get_all(header::RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Part::Whole };
    let Some(ranges) = line.to_str().ok().and_then(|line| parse(line, size)) else { return Part::Whole };
    // A condition that cannot be read, such as a date, does not hold.
    let is_other = |condition: IfRange| condition.is_modified(Some(etag), None);
    if request.contains_key(header::IF_RANGE) && request.typed_get::<IfRange>().is_none_or(is_other) {
        return Part::Whole;
    }
    match *ranges.as_slice() {
        [Some((start, end))] if start < end => Part::Bytes(start, end),
        _ if ranges.iter().any(Option::is_some) => Part::Whole,
        _ => Part::Unsatisfiable,
    }
}

/// The ranges of a header, each cut to the file, `None` for one outside it. The last bytes of an empty file are within it, though
/// there are none. `None` if the header is malformed, or of another unit.
fn parse(line: &str, size: u64) -> Option<Vec<Option<(u64, u64)>>> {
    let (unit, ranges) = line.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let within = |start: u64, end: u64| (start < end).then_some((start, end));
    let mut parsed = Vec::new();
    // Empty elements of a list are ignored (RFC 9110, 5.6.1).
    for range in ranges.split(',').map(|range| range.trim_matches([' ', '\t'])).filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-')?;
        parsed.push(match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => within(first, last.saturating_add(1).min(size)),
            (Some(first), None) if last.is_empty() => within(first, size),
            (None, Some(0)) if first.is_empty() => None,
            (None, Some(suffix)) if first.is_empty() => Some((size.saturating_sub(suffix), size)),
            _ => return None,
        });
    }
    (!parsed.is_empty()).then_some(parsed)
}

/// A number in decimal digits; numbers that do not fit are larger than any file.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TAG: &str = "\"a\"";

    fn headers(lines: &[(header::HeaderName, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn part_of(range: &str, size: u64) -> Part {
        requested_part(&headers(&[(header::RANGE, range)]), size, &TAG.parse().unwrap())
    }

    #[test]
    fn ranges_are_as_rfc_9110_has_them() {
        use Part::{Bytes, Unsatisfiable, Whole};
        let table = [
            // First and last.
            ("bytes=0-9", 100, Bytes(0, 10)),
            ("bytes=0-0", 100, Bytes(0, 1)),
            ("bytes=99-99", 100, Bytes(99, 100)),
            ("bytes=50-1000", 100, Bytes(50, 100)),
            ("bytes=0-99999999999999999999999999", 100, Bytes(0, 100)),
            ("bytes=100-200", 100, Unsatisfiable),
            ("bytes=99999999999999999999999999-", 100, Unsatisfiable),
            ("bytes=9-0", 100, Whole),
            // From an offset on.
            ("bytes=90-", 100, Bytes(90, 100)),
            ("bytes=0-", 100, Bytes(0, 100)),
            ("bytes=100-", 100, Unsatisfiable),
            // The last bytes, also more of them than there are.
            ("bytes=-10", 100, Bytes(90, 100)),
            ("bytes=-27", 26, Bytes(0, 26)),
            ("bytes=-1000", 26, Bytes(0, 26)),
            ("bytes=-99999999999999999999999999", 26, Bytes(0, 26)),
            ("bytes=-0", 100, Unsatisfiable),
            // An empty file has no first byte, and its last bytes are all of it, which no part can express.
            ("bytes=0-", 0, Unsatisfiable),
            ("bytes=-0", 0, Unsatisfiable),
            ("bytes=-5", 0, Whole),
            ("bytes=0-,-5", 0, Whole),
            // Units and white space.
            ("BYTES=0-9", 100, Bytes(0, 10)),
            ("bytes=\t0-9 ,", 100, Bytes(0, 10)),
            ("lines=1-2", 100, Whole),
            // Several.
            ("bytes=0-1,5-6", 100, Whole),
            ("bytes=0-1, 200-", 100, Whole),
            ("bytes=200-,300-400", 100, Unsatisfiable),
            // Malformed.
            ("bytes", 100, Whole),
            ("bytes=", 100, Whole),
            ("bytes=-", 100, Whole),
            ("bytes=,", 100, Whole),
            ("bytes=a-b", 100, Whole),
            ("bytes=1-2-3", 100, Whole),
            ("bytes=+1-2", 100, Whole),
            ("bytes= 1 - 2", 100, Whole),
            ("bytes=0x1-2", 100, Whole),
            ("bytes=0-1,a", 100, Whole),
        ];
        for (range, size, expected) in table {
            assert_eq!(part_of(range, size), expected, "{range} of {size}");
        }
        assert_eq!(requested_part(&HeaderMap::new(), 100, &TAG.parse().unwrap()), Whole);
        let mut twice = headers(&[(header::RANGE, "bytes=0-9")]);
        twice.append(header::RANGE, "bytes=5-6".parse().unwrap());
        assert_eq!(requested_part(&twice, 100, &TAG.parse().unwrap()), Whole);
    }

    #[test]
    fn a_range_is_of_the_version_that_the_reader_has() {
        let table = [
            ("\"a\"", Part::Bytes(0, 10)),
            ("\"b\"", Part::Whole),
            // A weak tag and a date say nothing about bytes.
            ("W/\"a\"", Part::Whole),
            ("Sat, 29 Oct 1994 19:43:31 GMT", Part::Whole),
            ("nonsense", Part::Whole),
        ];
        for (condition, expected) in table {
            let request = headers(&[(header::RANGE, "bytes=0-9"), (header::IF_RANGE, condition)]);
            assert_eq!(requested_part(&request, 100, &TAG.parse().unwrap()), expected, "{condition}");
        }
    }

    #[test]
    fn conditions_are_evaluated_in_order() {
        use Conditions::{Fail, Fresh, Hold};
        let (matches, none) = (header::IF_MATCH, header::IF_NONE_MATCH);
        let table: &[(&[(header::HeaderName, &str)], Conditions)] = &[
            (&[], Hold),
            (&[(none.clone(), "\"a\"")], Fresh),
            (&[(none.clone(), "\"b\"")], Hold),
            (&[(none.clone(), "\"b\", \"a\"")], Fresh),
            (&[(none.clone(), "W/\"a\"")], Fresh),
            (&[(none.clone(), "*")], Fresh),
            (&[(matches.clone(), "\"a\"")], Hold),
            (&[(matches.clone(), "\"b\"")], Fail),
            (&[(matches.clone(), "\"b\", \"a\"")], Hold),
            (&[(matches.clone(), "W/\"a\"")], Fail),
            (&[(matches.clone(), "*")], Hold),
            (&[(matches.clone(), "\"b\""), (none.clone(), "\"a\"")], Fail),
            (&[(matches.clone(), "\"a\""), (none.clone(), "\"a\"")], Fresh),
            // Without a date there is nothing to compare.
            (&[(header::IF_MODIFIED_SINCE, "Sat, 29 Oct 2044 19:43:31 GMT")], Hold),
            (&[(header::IF_UNMODIFIED_SINCE, "Sat, 29 Oct 1994 19:43:31 GMT")], Hold),
        ];
        for (lines, expected) in table {
            assert_eq!(conditions(&headers(lines), &TAG.parse().unwrap()), *expected, "{lines:?}");
        }
    }
}
