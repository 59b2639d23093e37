//! The bound on what a connection has received and its streams have not taken yet.
//!
//! Yamux gives each stream a window of at least 256 KiB, and has none for a whole connection, as QUIC has. So the bytes of
//! streams are counted here when they are read from the connection, and again when the streams are read. Where too many lie
//! between, no more are read from the connection until a stream takes some.
//!
//! Yamux keeps every frame apart until it is taken, so a short one counts as [`LEAST_FRAME`] bytes. Frames of a byte would
//! otherwise take up a hundred times what they count as.

use ::yamux::Stream;
use futures::{AsyncRead, AsyncWrite};
use meganet_primitives::convert::to_usize;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

/// Bytes of a frame's header.
const HEADER: usize = 12;
/// The type of frames whose length is that of a body: the bytes of a stream.
const DATA: u8 = 0;
/// Bytes that a frame with a body counts as at least. One takes up to 96 bytes in addition to its own. The rest keeps queues
/// short: that of a stream keeps the size that it had when it was longest, 32 bytes for a frame.
pub(super) const LEAST_FRAME: usize = 4096;
/// The longest body of a frame that is accepted, since Yamux allocates it when the header arrives. Ours have at most 16 KiB.
/// Shorter than every window, so that a frame fits in once all before it are taken.
const LONGEST_FRAME: usize = 64 * 1024;

/// The count of one connection. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Held(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    most: usize,
    total: usize,
    /// Of the streams that are open here.
    open: HashMap<u32, Waiting>,
    /// Of others: a stream that is about to open, or one that was closed here, whose bytes are discarded.
    others: HashMap<u32, Waiting>,
    /// The part of a header that has arrived.
    header: Vec<u8>,
    /// The stream of the frame that is being read, and the bytes that its body still lacks.
    stream: u32,
    missing: usize,
    /// Woken when bytes can be read again.
    reading: Option<Waker>,
}

/// The part of a stream that it has not taken.
#[derive(Debug, Default)]
struct Waiting {
    /// Bytes that have arrived.
    bytes: usize,
    /// The addition for short frames.
    padding: usize,
    /// For each frame the bytes that are not taken, whether they have arrived or not, and its part of the addition.
    frames: VecDeque<(usize, usize)>,
}

impl Waiting {
    /// The number of bytes that all of it counts as.
    fn count(&self) -> usize {
        self.bytes.saturating_add(self.padding)
    }

    /// Takes bytes; returns the number that they counted as.
    fn take(&mut self, bytes: usize) -> usize {
        let before = self.count();
        let mut taken = bytes.min(self.bytes);
        self.bytes -= taken;
        while let Some((left, padding)) = self.frames.front_mut() {
            let part = taken.min(*left);
            *left -= part;
            taken -= part;
            if *left > 0 {
                break;
            }
            self.padding = self.padding.saturating_sub(*padding);
            self.frames.pop_front();
        }
        before.saturating_sub(self.count())
    }
}

impl Counts {
    /// The most bytes that may be read now. Headers are always read: windows of outgoing streams are among them.
    fn room(&self) -> usize {
        match self.missing {
            0 => HEADER.saturating_sub(self.header.len()),
            _ => self.most.saturating_sub(self.total),
        }
    }

    /// Follows the frames in bytes that were read. Returns an error if one of them is too long.
    fn arrived(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let lacking = if self.missing > 0 { self.missing } else { HEADER.saturating_sub(self.header.len()) };
            let (part, rest) = bytes.split_at(lacking.min(bytes.len()));
            bytes = rest;
            if self.missing > 0 {
                self.missing -= part.len();
                self.total = self.total.saturating_add(part.len());
                let waiting = self.current();
                waiting.bytes = waiting.bytes.saturating_add(part.len());
                continue;
            }
            self.header.extend_from_slice(part);
            if let [_, kind, _, _, a, b, c, d, e, f, g, h] = self.header[..] {
                self.header.clear();
                if kind == DATA {
                    self.stream = u32::from_be_bytes([a, b, c, d]);
                    self.begun(to_usize(u32::from_be_bytes([e, f, g, h]).into()))?;
                }
            }
        }
        Ok(())
    }

    /// Counts a frame with a body of this length, of which nothing has arrived yet.
    fn begun(&mut self, len: usize) -> io::Result<()> {
        if len > LONGEST_FRAME {
            let error = format!("a frame of {len} bytes: the peer must not send longer ones than {LONGEST_FRAME}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        self.missing = len;
        if len > 0 {
            let padding = LEAST_FRAME.saturating_sub(len);
            self.total = self.total.saturating_add(padding);
            let waiting = self.current();
            waiting.padding = waiting.padding.saturating_add(padding);
            waiting.frames.push_back((len, padding));
        }
        Ok(())
    }

    /// The stream of the frame that is being read.
    fn current(&mut self) -> &mut Waiting {
        match self.open.get_mut(&self.stream) {
            Some(waiting) => waiting,
            None => self.others.entry(self.stream).or_default(),
        }
    }

    fn opened(&mut self, stream: u32) {
        let waiting = self.others.remove(&stream).unwrap_or_default();
        self.open.insert(stream, waiting);
    }

    fn taken(&mut self, stream: u32, bytes: usize) {
        let taken = self.open.get_mut(&stream).map(|waiting| waiting.take(bytes));
        self.freed(taken.unwrap_or_default());
    }

    fn closed(&mut self, stream: u32) {
        let waiting = self.open.remove(&stream).unwrap_or_default();
        self.freed(waiting.count());
    }

    /// Forgets the bytes that were discarded: those of whole frames of streams that are not open.
    fn settle(&mut self) {
        let current = (self.missing > 0).then_some(self.stream);
        let mut discarded: usize = 0;
        self.others.retain(|stream, waiting| {
            let is_current = current == Some(*stream);
            if !is_current {
                discarded = discarded.saturating_add(waiting.count());
            }
            is_current
        });
        self.freed(discarded);
    }

    fn freed(&mut self, bytes: usize) {
        self.total = self.total.saturating_sub(bytes);
        if bytes > 0
            && self.room() > 0
            && let Some(reading) = self.reading.take()
        {
            reading.wake();
        }
    }
}

impl Held {
    /// At most this many bytes lie between a connection and its streams.
    pub(super) fn new(most: usize) -> Self {
        Held(Arc::new(Mutex::new(Counts { most, ..Counts::default() })))
    }

    /// Counts what this stream takes.
    pub(super) fn count(&self, stream: Stream) -> Counted {
        let id = stream.id().val();
        self.0.lock().opened(id);
        Counted { stream, id, held: self.clone() }
    }

    /// Bytes that lie between the connection and its streams, as they count.
    #[cfg(test)]
    pub(super) fn total(&self) -> usize {
        self.0.lock().total
    }

    /// Called when everything that was read has reached its stream or was discarded.
    pub(super) fn settle(&self) {
        self.0.lock().settle();
    }
}

/// A connection that is not read while too much waits to be taken from its streams.
pub(super) struct Metered<C> {
    io: C,
    held: Held,
}

impl<C> Metered<C> {
    pub(super) fn new(io: C, held: Held) -> Self {
        Metered { io, held }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Metered<C> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let room = {
            let mut counts = self.held.0.lock();
            let room = counts.room();
            if room == 0 {
                counts.reading = Some(context.waker().clone());
                return Poll::Pending;
            }
            room.min(buffer.len())
        };
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        let count = ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        self.held.0.lock().arrived(buffer.get(..count).unwrap_or_default())?;
        Poll::Ready(Ok(count))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Metered<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_close(context)
    }
}

/// A stream whose reads are counted.
pub(crate) struct Counted {
    stream: Stream,
    id: u32,
    held: Held,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.held.0.lock().taken(self.id, count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.held.0.lock().closed(self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::io::Cursor;

    fn frame(kind: u8, stream: u32, len: u32, body: &[u8]) -> Vec<u8> {
        [&[0, kind, 0, 0][..], &stream.to_be_bytes(), &len.to_be_bytes(), body].concat()
    }

    fn data(stream: u32, len: usize) -> Vec<u8> {
        frame(DATA, stream, u32::try_from(len).unwrap(), &vec![7; len])
    }

    fn metered(bytes: &[Vec<u8>], most: usize) -> Metered<Cursor<Vec<u8>>> {
        Metered::new(Cursor::new(bytes.concat()), Held::new(most))
    }

    /// Reads in small pieces until no more can be read; returns the number of bytes.
    fn read(metered: &mut Metered<Cursor<Vec<u8>>>) -> usize {
        let (mut context, mut piece, mut total) = (Context::from_waker(Waker::noop()), [0; 7], 0);
        while let Poll::Ready(Ok(count @ 1..)) = Pin::new(&mut *metered).poll_read(&mut context, &mut piece) {
            total += count;
        }
        total
    }

    #[test]
    fn what_streams_have_not_taken_is_bounded() {
        let window_update = frame(1, 9, 1_000_000, &[]);
        let mut metered = metered(&[window_update, data(1, 6000), data(3, 6000), data(3, 500)], 10_000);
        let held = metered.held.clone();
        held.0.lock().opened(1);
        held.0.lock().opened(3);
        assert_eq!(read(&mut metered), 12 + 12 + 6000 + 12 + 4000);
        assert_eq!(read(&mut metered), 0);
        held.0.lock().taken(3, 100);
        assert_eq!(read(&mut metered), 100);
        held.0.lock().closed(1);
        assert_eq!(read(&mut metered), 1900 + 12 + 500);
        assert_eq!(held.total(), 5900 + LEAST_FRAME);
        held.0.lock().closed(3);
        assert_eq!(held.total(), 0);
    }

    #[test]
    fn what_is_discarded_does_not_count_and_a_stream_begins_with_its_first_frame() {
        let mut metered = metered(&[data(1, 4000), data(3, 5000), data(5, 5000)], 10_000);
        let held = metered.held.clone();
        assert_eq!(read(&mut metered), 12 + 4000 + 12 + 5000 + 12 + 904);
        held.0.lock().opened(1);
        // The second was of a stream that is closed; the third has not arrived as a whole.
        held.settle();
        assert_eq!(held.total(), LEAST_FRAME + 904);
        held.0.lock().opened(5);
        assert_eq!(read(&mut metered), 4096);
        held.0.lock().taken(1, 4000);
        held.0.lock().taken(5, 5000);
        let counts = held.0.lock();
        assert_eq!((counts.total, counts.others.len()), (0, 0));
    }

    #[test]
    fn short_frames_count_as_longer_ones() {
        let frames: Vec<_> = (0..10_000).map(|_| data(1, 1)).collect();
        let mut metered = metered(&frames, 10 * LEAST_FRAME);
        let held = metered.held.clone();
        held.0.lock().opened(1);
        // Headers are read before it is known that there is no room for a body.
        assert_eq!(read(&mut metered), 10 * 13 + 12);
        held.0.lock().taken(1, 1);
        assert_eq!(read(&mut metered), 13);
        held.0.lock().taken(1, 10);
        assert_eq!(read(&mut metered), 10 * 13);
        assert_eq!(held.total(), 11 * LEAST_FRAME - 1);
        held.0.lock().closed(1);
        assert_eq!(held.total(), 0);
    }

    #[test]
    fn ordinary_frames_count_as_their_bytes() {
        let frames: Vec<_> = (0..100).map(|_| data(1, 16 * 1024)).collect();
        let mut metered = metered(&frames, 256 * 1024);
        let held = metered.held.clone();
        held.0.lock().opened(1);
        // A stream that always has some left is read without a pause all the same.
        let mut all = read(&mut metered);
        assert_eq!(all, 16 * (12 + 16 * 1024) + 12);
        for _ in 0..84 {
            held.0.lock().taken(1, 16 * 1024);
            all += read(&mut metered);
        }
        assert_eq!(all, 100 * (12 + 16 * 1024));
        assert_eq!(held.total(), 256 * 1024);
    }

    #[test]
    fn a_frame_that_is_too_long_breaks_the_connection() {
        let mut context = Context::from_waker(Waker::noop());
        for (len, is_accepted) in [(LONGEST_FRAME, true), (LONGEST_FRAME + 1, false)] {
            let mut metered = metered(&[data(1, len)], 1 << 20);
            let result = Pin::new(&mut metered).poll_read(&mut context, &mut [0; HEADER]);
            assert_eq!(matches!(result, Poll::Ready(Ok(HEADER))), is_accepted, "{result:?}");
            assert_eq!(matches!(result, Poll::Ready(Err(_))), !is_accepted, "{result:?}");
        }
    }
}
