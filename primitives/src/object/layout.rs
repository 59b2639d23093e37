//! The places of an object's bytes: frames, stripes, chunks and shards.

use super::{FRAME_LEN, LEAF_LEN, MAX_SEALED_LEN, MAX_SHARDS, ObjectError, plain_len};

/// How one object is cut into chunks, computed from its shard counts and sealed length. All lengths and offsets are in bytes.
///
/// The sealed bytes fill stripe after stripe, and within a stripe data chunk after data chunk. Full stripes have
/// chunks of [`FRAME_LEN`]; what is left over at the end is one more stripe, the *tail*, whose chunks have
/// [`Layout::tail_chunk_len`] bytes and where zeros follow the sealed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    k: u8,
    n: u8,
    sealed_len: u64,
}

/// A place in a data chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPos {
    /// The stripe, from 0.
    pub stripe: u64,
    /// The data shard, `0..k`.
    pub shard: u8,
    /// Bytes from the beginning of the chunk.
    pub offset: u64,
}

impl Layout {
    /// Returns the layout of an object of `sealed_len` bytes in `k` data shards of `n`.
    ///
    /// # Errors
    /// [`ObjectError::BadShardCounts`] or [`ObjectError::BadSealedLen`] if there is no such object.
    pub fn new(k: u8, n: u8, sealed_len: u64) -> Result<Self, ObjectError> {
        if k == 0 || k >= n || u32::from(n) > MAX_SHARDS {
            return Err(ObjectError::BadShardCounts { k, n });
        }
        plain_len(sealed_len)?;
        Ok(Self { k, n, sealed_len })
    }

    /// Data shards.
    pub fn k(&self) -> u8 {
        self.k
    }

    /// All shards.
    pub fn n(&self) -> u8 {
        self.n
    }

    /// Sealed bytes of the object.
    pub fn sealed_len(&self) -> u64 {
        self.sealed_len
    }

    /// Plaintext bytes of the object.
    pub fn plain_len(&self) -> u64 {
        self.sealed_len - self.frame_count_sealed() * super::TAG_LEN
    }

    /// Sealed bytes that a full stripe holds.
    pub fn stripe_len(&self) -> u64 {
        u64::from(self.k) * FRAME_LEN
    }

    /// Stripes whose chunks are full frames.
    pub fn full_stripes(&self) -> u64 {
        self.sealed_len / self.stripe_len()
    }

    /// Bytes of a chunk of the tail stripe, a multiple of [`LEAF_LEN`]; 0 if there is no tail.
    pub fn tail_chunk_len(&self) -> u64 {
        (self.sealed_len % self.stripe_len()).div_ceil(u64::from(self.k)).next_multiple_of(LEAF_LEN)
    }

    /// All stripes, the tail included. Also the frames (chunks) of each shard.
    pub fn stripes(&self) -> u64 {
        self.sealed_len.div_ceil(self.stripe_len())
    }

    /// Frames (chunks) of each shard, that of the tail included: one for each stripe.
    pub fn frames(&self) -> u64 {
        self.stripes()
    }

    /// Bytes of each shard, a multiple of [`LEAF_LEN`].
    pub fn shard_len(&self) -> u64 {
        self.full_stripes() * FRAME_LEN + self.tail_chunk_len()
    }

    /// Merkle leaves of each shard.
    pub fn leaves(&self) -> u64 {
        self.shard_len() / LEAF_LEN
    }

    /// Frames of the sealed object.
    pub fn frame_count_sealed(&self) -> u64 {
        self.sealed_len.div_ceil(FRAME_LEN)
    }

    /// Sealed bytes of frame `index`: [`FRAME_LEN`] except for the last one, 0 beyond it.
    pub fn frame_len(&self, index: u64) -> u64 {
        self.sealed_len.saturating_sub(index.saturating_mul(FRAME_LEN)).min(FRAME_LEN)
    }

    /// Returns the stripe that holds sealed byte `sealed_offset`.
    ///
    /// # Errors
    /// [`ObjectError::OutOfRange`] beyond the end.
    pub fn stripe_of(&self, sealed_offset: u64) -> Result<u64, ObjectError> {
        if sealed_offset >= self.sealed_len {
            return Err(ObjectError::OutOfRange { offset: sealed_offset, len: self.sealed_len });
        }
        Ok(sealed_offset / self.stripe_len())
    }

    /// Bytes of each chunk of a stripe; 0 if there is no such stripe.
    pub fn chunk_len(&self, stripe: u64) -> u64 {
        match stripe {
            full if full < self.full_stripes() => FRAME_LEN,
            tail if tail == self.full_stripes() => self.tail_chunk_len(),
            _ => 0,
        }
    }

    /// Sealed bytes, without padding, in a stripe; 0 if there is no such stripe.
    pub fn stripe_sealed_len(&self, stripe: u64) -> u64 {
        self.sealed_len.saturating_sub(stripe.saturating_mul(self.stripe_len())).min(self.stripe_len())
    }

    /// Returns the place of sealed byte `sealed_offset`.
    ///
    /// # Errors
    /// [`ObjectError::OutOfRange`] beyond the end.
    pub fn chunk_of(&self, sealed_offset: u64) -> Result<ChunkPos, ObjectError> {
        let stripe = self.stripe_of(sealed_offset)?;
        let (within, chunk_len) = (sealed_offset % self.stripe_len(), self.chunk_len(stripe));
        // The quotient is below k, which is a u8.
        let shard = u8::try_from(within / chunk_len).unwrap_or(u8::MAX);
        Ok(ChunkPos { stripe, shard, offset: within % chunk_len })
    }
}

// A stripe's end is computed without overflow because no object is longer than this.
const _: () = assert!(MAX_SEALED_LEN < u64::MAX / 2);
