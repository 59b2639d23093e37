//! The response to a request, complete but for the bytes of files.

use http::{HeaderMap, StatusCode};
use meganet_primitives::manifest::Entry;
use std::ops::Range;

/// A response whose file, if any, has still to be read.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: StatusCode,
    /// All headers, except the digests of a file's bytes.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody<'a>,
}

/// The body of an [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerBody<'a> {
    /// No body.
    Empty,
    /// Generated text.
    Text(String),
    /// The headers of a file without its bytes (HEAD).
    FileHead(&'a Entry),
    /// Bytes of a file.
    File {
        /// The file.
        entry: &'a Entry,
        /// The bytes to send.
        range: Range<u64>,
    },
}
