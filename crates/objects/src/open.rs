//! Opening a range of plaintext from verified data chunks, stripe by stripe.

use meganet_primitives::{
    SlotIndex,
    content::ReadKey,
    convert::{to_u64, to_usize},
    object::{FRAME_LEN, FRAME_PLAIN_LEN, Layout, ObjectError},
};
use std::ops::Range;

use crate::{
    backend::{Backend, DefaultBackend},
    erasure::{ErasureError, chunk_len},
    seal::{FrameCipher, SealError},
};

/// Why a range of an object was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The range is not within the object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Other chunks than [`RangeOpener::shards`] asks for.
    #[error("stripe {stripe} needs the chunks of {need} shards and got {got}: fetch those it asks for")]
    Chunks {
        /// The stripe.
        stripe: u64,
        /// Chunks needed.
        need: usize,
        /// Chunks given.
        got: usize,
    },
    /// A chunk has the wrong length, or the stripe does not exist.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// A frame did not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Opens a range of an object's plaintext. It keeps no bytes: ask which stripes and which of their data chunks it
/// needs, fetch and verify those (or reconstruct them from any k), and open stripe after stripe, in any order.
pub struct RangeOpener<B: Backend = DefaultBackend> {
    cipher: FrameCipher<B>,
    layout: Layout,
    range: Range<u64>,
}

impl RangeOpener {
    /// Opens the plaintext bytes `range` of the object with this layout and key, with the default backend. Take the layout
    /// from the object's header, checked against its id: then an object that was cut short or extended is refused.
    ///
    /// # Errors
    /// [`OpenError::Object`] if the range reaches beyond the end, [`OpenError::Seal`] if the cipher is unavailable.
    pub fn new(key: &ReadKey, layout: Layout, range: Range<u64>) -> Result<Self, OpenError> {
        Self::with_backend(key, layout, range)
    }
}

impl<B: Backend> RangeOpener<B> {
    /// As [`RangeOpener::new`], with backend `B`.
    ///
    /// # Errors
    /// As [`RangeOpener::new`].
    pub fn with_backend(key: &ReadKey, layout: Layout, range: Range<u64>) -> Result<Self, OpenError> {
        let len = layout.plain_len();
        if range.start > range.end || range.end > len {
            return Err(ObjectError::OutOfRange { offset: range.start.max(range.end), len }.into());
        }
        Ok(Self { cipher: FrameCipher::with_backend(key)?, layout, range })
    }

    /// Returns the plaintext bytes that it opens.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Returns the stripes that hold the range; an empty one if the range is empty.
    pub fn stripes(&self) -> Range<u64> {
        let frames = self.frames();
        frames.start / self.k()..frames.end.div_ceil(self.k())
    }

    /// Returns the data shards whose chunks of a stripe hold frames of the range; an empty range if the stripe holds
    /// none of it.
    pub fn shards(&self, stripe: u64) -> Range<SlotIndex> {
        let (bytes, chunk) = (self.sealed_in(stripe), self.layout.chunk_len(stripe));
        if bytes.is_empty() || chunk == 0 {
            return 0..0;
        }
        // Sealed bytes of a stripe end within its k data chunks.
        let shard = |index: u64| SlotIndex::try_from(index).unwrap_or(self.layout.k());
        shard(bytes.start / chunk)..shard(bytes.end.div_ceil(chunk))
    }

    /// Returns the number of plaintext bytes of the range that a stripe holds, which [`Self::open`] appends.
    pub fn plain_len(&self, stripe: u64) -> u64 {
        self.frames_in(stripe).map(|frame| self.wanted(frame)).map(|wanted| wanted.end - wanted.start).sum()
    }

    /// Opens the part of the range that a stripe holds and appends it to `out`, which is unchanged after an error.
    /// `chunks` are those of [`Self::shards`], in order.
    ///
    /// # Errors
    /// [`OpenError::Chunks`] or [`OpenError::Erasure`] for other chunks, [`OpenError::Seal`] if a frame does not open.
    pub fn open<C: AsRef<[u8]>>(&self, stripe: u64, chunks: &[C], out: &mut Vec<u8>) -> Result<(), OpenError> {
        let shards = self.shards(stripe);
        if chunks.len() != shards.len() {
            return Err(OpenError::Chunks { stripe, need: shards.len(), got: chunks.len() });
        }
        if chunks.is_empty() {
            return Ok(());
        }
        let expected = chunk_len(&self.layout, stripe)?;
        for (shard, chunk) in shards.clone().zip(chunks) {
            let len = chunk.as_ref().len();
            if to_u64(len) != expected {
                return Err(ErasureError::ChunkLen { stripe, shard: shard.into(), len, expected }.into());
            }
        }
        let start = out.len();
        // Where in the stripe the given chunks begin.
        let base = u64::from(shards.start) * expected;
        out.reserve(to_usize(self.plain_len(stripe)));
        let mut gathered = Vec::new();
        for frame in self.frames_in(stripe) {
            let offset = to_usize(frame * FRAME_LEN - stripe * self.layout.stripe_len() - base);
            let len = to_usize(self.layout.frame_len(frame));
            let sealed = gather(chunks, to_usize(expected), offset..offset + len, &mut gathered);
            if let Err(error) = self.open_frame(frame, sealed, out) {
                out.truncate(start);
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn open_frame(&self, frame: u64, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let start = out.len();
        self.cipher.open(frame, frame + 1 == self.layout.frame_count_sealed(), sealed, out)?;
        let wanted = self.wanted(frame);
        out.truncate(start + to_usize(wanted.end));
        out.drain(start..start + to_usize(wanted.start));
        Ok(())
    }

    /// The part of a frame's plaintext that is in the range; the frame must hold some of it.
    fn wanted(&self, frame: u64) -> Range<u64> {
        let start = frame * FRAME_PLAIN_LEN;
        self.range.start.saturating_sub(start)..(self.range.end - start).min(FRAME_PLAIN_LEN)
    }

    /// The frames that hold the range.
    fn frames(&self) -> Range<u64> {
        if self.range.is_empty() {
            return 0..0;
        }
        self.range.start / FRAME_PLAIN_LEN..self.range.end.div_ceil(FRAME_PLAIN_LEN)
    }

    fn frames_in(&self, stripe: u64) -> Range<u64> {
        let (frames, first) = (self.frames(), stripe.saturating_mul(self.k()));
        frames.start.max(first)..frames.end.min(first.saturating_add(self.k()))
    }

    /// The sealed bytes of a stripe's frames that hold the range, from the stripe's beginning.
    fn sealed_in(&self, stripe: u64) -> Range<u64> {
        let frames = self.frames_in(stripe);
        if frames.is_empty() {
            return 0..0;
        }
        let base = stripe * self.layout.stripe_len();
        frames.start * FRAME_LEN - base..(frames.end * FRAME_LEN).min(self.layout.sealed_len()) - base
    }

    fn k(&self) -> u64 {
        self.layout.k().into()
    }
}

/// Bytes `range` of chunks of `len` bytes that follow one another, copied only where they cross from one to the next.
fn gather<'a, C: AsRef<[u8]>>(chunks: &'a [C], len: usize, range: Range<usize>, room: &'a mut Vec<u8>) -> &'a [u8] {
    let (first, last) = (range.start / len, (range.end - 1) / len);
    if first == last {
        return &chunks[first].as_ref()[range.start - first * len..range.end - first * len];
    }
    room.clear();
    for (index, chunk) in chunks.iter().enumerate().take(last + 1).skip(first) {
        let start = range.start.saturating_sub(index * len);
        room.extend_from_slice(&chunk.as_ref()[start..len.min(range.end - index * len)]);
    }
    room
}
