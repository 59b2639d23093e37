//! Sends ranges of files at the pace of their readers, with a bound for what all slow readers together keep in memory.

use crate::{
    file_cache::Slot,
    metrics::Metrics,
    shelf::{Kept, Shelf},
    source::{File, SourceError},
};
use axum::body::{Body, Bytes};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use meganet_primitives::convert::to_u64;
use std::{io, ops::Range, sync::Arc};

/// The largest slice of a file, in bytes, that a connection gets at once. It keeps some of them however slow its reader is.
pub const SLICE: usize = 32 << 10;
/// Most bytes that were fetched and wait for their readers, in addition to the slices that connections have.
const WAITING: usize = 24 << 20;
/// Bytes that a read takes in addition to what waits, approximately.
const READ_BYTES: usize = 4 << 10;

/// Sends files. Cheap to clone; clones share the bound.
#[derive(Clone)]
pub struct Sender {
    waiting: Shelf<Rest>,
    metrics: Metrics,
}

impl Sender {
    /// Counts what is sent in `metrics`.
    pub fn new(metrics: Metrics) -> Self {
        Sender { waiting: Shelf::new(WAITING), metrics }
    }

    fn begin(&self, file: Arc<dyn File>, range: Range<u64>, known: Option<(Bytes, Slot)>) -> Sending {
        let (bytes, slot) = known.unzip();
        let mut sending = Sending { sender: self.clone(), file, slot, range, rest: None };
        if let Some(bytes) = bytes {
            sending.keep(Rest::whole(bytes));
        }
        sending
    }

    /// Sends a range of a file. Its first slice is read before the response begins, so that a file that cannot be read at all
    /// still gets an error status; `known` are the bytes of the range and the place of their file in the cache, if they are in
    /// memory; `path` is for the log.
    ///
    /// # Errors
    /// [`SourceError`]. Once the body has begun, an error can only break it off.
    pub async fn send(
        &self,
        file: Arc<dyn File>,
        path: String,
        range: Range<u64>,
        known: Option<(Bytes, Slot)>,
    ) -> Result<Body, SourceError> {
        let sending = self.begin(file, range, known);
        let Some((first, sending)) = sending.next().await? else { return Ok(Body::empty()) };
        let metrics = self.metrics.clone();
        let slices = stream::once(async { Ok(first) })
            .chain(stream::try_unfold(sending, Sending::next))
            .inspect_ok(move |slice| {
                metrics.sent_bytes.inc_by(to_u64(slice.len()));
            })
            .map_err(move |error| {
                tracing::warn!(%path, %error, "a response was broken off");
                io::Error::other(error)
            });
        Ok(Body::from_stream(slices))
    }

    fn put(&self, rest: Rest) -> Kept<Rest> {
        let bytes = rest.held.saturating_add(READ_BYTES);
        self.waiting.put(rest, bytes)
    }
}

/// Bytes that were read and are not sent yet, and the read that goes on.
struct Rest {
    piece: Bytes,
    /// Bytes that the piece keeps in memory until its last one is sent: all that it had.
    held: usize,
    pieces: BoxStream<'static, Result<Bytes, SourceError>>,
}

impl Rest {
    fn new(piece: Bytes, pieces: BoxStream<'static, Result<Bytes, SourceError>>) -> Self {
        Rest { held: piece.len(), piece, pieces }
    }

    /// All that is left of a range.
    fn whole(bytes: Bytes) -> Self {
        Rest::new(bytes, stream::empty().boxed())
    }
}

/// A range that is being sent.
struct Sending {
    sender: Sender,
    file: Arc<dyn File>,
    /// The place of the file in the cache; `None` for large files.
    slot: Option<Slot>,
    /// The part that is not sent yet.
    range: Range<u64>,
    /// `None` if it is in the cache, or has to be read, for the first time or again.
    rest: Option<Kept<Rest>>,
}

impl Sending {
    /// The next slice; `None` at the end.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, SourceError> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let kept = self.rest.take().and_then(Kept::take);
        let known = kept.or_else(|| self.cached().map(Rest::whole));
        let mut rest = known.unwrap_or_else(|| Rest::new(Bytes::new(), self.file.read(self.range.clone())));
        while rest.piece.is_empty() {
            let piece = rest.pieces.next().await.unwrap_or_else(|| Err(SourceError::damaged(TooShort)))?;
            rest = Rest::new(piece, rest.pieces);
        }
        let slice = rest.piece.split_to(rest.piece.len().min(SLICE));
        // Copied, since a part of a piece keeps the whole piece in memory.
        let slice = Bytes::copy_from_slice(&slice);
        self.range.start = self.range.start.saturating_add(to_u64(slice.len()));
        if rest.piece.is_empty() {
            rest.held = 0;
        }
        self.keep(rest);
        Ok(Some((slice, self)))
    }

    /// Puts away what is not sent yet, unless it is in the cache: there it takes no more memory, and nothing has to make way.
    fn keep(&mut self, rest: Rest) {
        let has_to_be_put = !self.range.is_empty() && self.cached().is_none();
        self.rest = has_to_be_put.then(|| self.sender.put(rest));
    }

    /// The bytes that are not sent yet, if they are in the cache.
    fn cached(&self) -> Option<Bytes> {
        self.slot.as_ref()?.slice(&self.range)
    }
}

/// A file that contradicts its manifest.
#[derive(Debug, thiserror::Error)]
#[error("the file is shorter than its manifest declares: its owner should publish the site again")]
pub struct TooShort;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::file_cache::{FileCache, FileKey};
    use meganet_client::pack::content_hash;
    use meganet_primitives::convert::to_usize;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const PIECE: usize = 3 * SLICE + 1;

    /// A file that counts how often it is read.
    #[derive(Default)]
    struct Counted {
        bytes: Bytes,
        reads: AtomicUsize,
    }

    impl Counted {
        fn of(pieces: usize) -> Arc<Self> {
            let bytes = (0..pieces * PIECE).map(|at| u8::try_from(at % 251).unwrap()).collect();
            Arc::new(Counted { bytes, reads: AtomicUsize::new(0) })
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::Relaxed)
        }
    }

    impl File for Counted {
        fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            let bytes = self.bytes.slice(to_usize(range.start)..to_usize(range.end));
            let pieces: Vec<_> = bytes.chunks(PIECE).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            stream::iter(pieces).boxed()
        }
    }

    fn sender(waiting: usize) -> Sender {
        Sender { waiting: Shelf::new(waiting), metrics: Metrics::default() }
    }

    async fn rest_of(mut sending: Sending) -> Vec<u8> {
        let mut sent = Vec::new();
        while let Some((slice, next)) = sending.next().await.unwrap() {
            assert!(slice.len() <= SLICE);
            sent.extend_from_slice(&slice);
            sending = next;
        }
        sent
    }

    #[tokio::test]
    async fn a_range_is_sent_in_slices_and_read_once() {
        let (sender, file) = (sender(WAITING), Counted::of(3));
        let range = 5..to_u64(file.bytes.len() - 7);
        let sent = rest_of(sender.begin(file.clone(), range, None)).await;
        assert_eq!(sent, file.bytes[5..file.bytes.len() - 7]);
        assert_eq!(file.reads(), 1);
    }

    /// The place of a file in a cache of this many bytes.
    fn slot(file: &Counted, cache: u64) -> Slot {
        let cache = FileCache::new(cache);
        let key = FileKey::new("hello", content_hash(&file.bytes));
        cache.put(key.clone(), file.bytes.clone()).unwrap();
        cache.slot(key)
    }

    #[tokio::test]
    async fn what_is_in_memory_already_is_not_read() {
        let (sender, file) = (sender(WAITING), Counted::of(2));
        let range = 0..to_u64(file.bytes.len());
        // With a cache that keeps nothing.
        let known = Some((file.bytes.clone(), slot(&file, 0)));
        let sent = rest_of(sender.begin(file.clone(), range, known)).await;
        assert_eq!((sent, file.reads()), (file.bytes.to_vec(), 0));
    }

    #[tokio::test]
    async fn what_is_cached_is_not_read_and_nothing_makes_way_for_it() {
        let (sender, slow, cached) = (sender(PIECE + READ_BYTES), Counted::of(2), Counted::of(3));
        let range = 0..to_u64(slow.bytes.len());
        let (first, waiting) = sender.begin(slow.clone(), range, None).next().await.unwrap().unwrap();
        let known = Some((cached.bytes.clone(), slot(&cached, 1 << 20)));
        let sent = rest_of(sender.begin(cached.clone(), 0..to_u64(cached.bytes.len()), known)).await;
        assert_eq!((sent, cached.reads()), (cached.bytes.to_vec(), 0));
        let sent = [first.to_vec(), rest_of(waiting).await].concat();
        assert_eq!((sent, slow.reads()), (slow.bytes.to_vec(), 1));
    }

    #[tokio::test]
    async fn a_slow_reader_makes_way_and_gets_every_byte() {
        // Room for what one reader waits for, also if only its last slice is lacking.
        let (sender, slow, fast) = (sender(PIECE + READ_BYTES), Counted::of(2), Counted::of(2));
        let range = 0..to_u64(slow.bytes.len());
        let (first, waiting) = sender.begin(slow.clone(), range.clone(), None).next().await.unwrap().unwrap();
        assert_eq!(rest_of(sender.begin(fast.clone(), range, None)).await, fast.bytes);
        assert_eq!(fast.reads(), 1);
        let sent = [first.to_vec(), rest_of(waiting).await].concat();
        assert_eq!((sent, slow.reads()), (slow.bytes.to_vec(), 2));
    }

    #[tokio::test]
    async fn a_file_that_ends_early_is_an_error() {
        let file = Counted::of(1);
        let known = Some((file.bytes.slice(..SLICE), slot(&file, 0)));
        let sending = sender(WAITING).begin(file, 0..2 * to_u64(SLICE), known);
        let (_, sending) = sending.next().await.unwrap().unwrap();
        assert!(sending.next().await.is_err());
    }
}
