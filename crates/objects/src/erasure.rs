//! Reed–Solomon over GF(2⁸): parity of a stripe, and missing chunks from any k others.

mod rebuild;

pub use rebuild::Rebuilder;

use crate::backend::{Backend, Code, DefaultBackend, Want};
use meganet_primitives::{
    SlotIndex,
    convert::{to_u64, to_usize},
    object::{Layout, MAX_SHARDS},
};
use std::sync::Arc;

/// Why chunks were not coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// The shape is impossible.
    #[error("no code has {k} data shards of {n}: it takes 1 <= k < n <= {MAX_SHARDS}")]
    Shape {
        /// Data shards.
        k: u8,
        /// All shards.
        n: u8,
    },
    /// Too few chunks to work from.
    #[error("{have} chunks of stripe {stripe} are present and {need} are needed: fetch from further workers")]
    TooFew {
        /// The stripe.
        stripe: u64,
        /// Chunks present.
        have: usize,
        /// Chunks needed: k.
        need: usize,
    },
    /// There is not one place for every shard, or the shard does not exist.
    #[error("shard {shard} is not one of the object's {n}: check the slot number")]
    NoSuchShard {
        /// The shard asked for.
        shard: usize,
        /// All shards.
        n: u8,
    },
    /// A chunk's length is not that of the stripe.
    #[error("a chunk of shard {shard} in stripe {stripe} has {len} bytes instead of {expected}: fetch it again")]
    ChunkLen {
        /// The stripe.
        stripe: u64,
        /// The shard.
        shard: usize,
        /// Its bytes.
        len: usize,
        /// Bytes of each chunk of the stripe.
        expected: u64,
    },
    /// The object has no such stripe.
    #[error("the object has no stripe {0}: ask for one within its length")]
    NoSuchStripe(u64),
    /// The same shard was named twice.
    #[error("shard {0} is named twice as a source: name k different ones")]
    Twice(SlotIndex),
}

/// A code of `k` data and `n - k` parity shards. Cheap to make and clone: the matrix of each shape is computed once for a
/// process.
pub struct ErasureCode<B: Backend = DefaultBackend> {
    k: u8,
    n: u8,
    code: Arc<B::Code>,
}

impl<B: Backend> Clone for ErasureCode<B> {
    fn clone(&self) -> Self {
        Self { k: self.k, n: self.n, code: self.code.clone() }
    }
}

impl ErasureCode {
    /// Returns the code with this shape, computed by the default backend.
    ///
    /// # Errors
    /// [`ErasureError::Shape`] unless `1 <= k < n <=` [`MAX_SHARDS`].
    pub fn new(k: u8, n: u8) -> Result<Self, ErasureError> {
        Self::with_backend(k, n)
    }
}

impl<B: Backend> ErasureCode<B> {
    /// Returns the code with this shape, computed by backend `B`.
    ///
    /// # Errors
    /// [`ErasureError::Shape`] unless `1 <= k < n <=` [`MAX_SHARDS`].
    pub fn with_backend(k: u8, n: u8) -> Result<Self, ErasureError> {
        let shape = ErasureError::Shape { k, n };
        if k == 0 || k >= n || u32::from(n) > MAX_SHARDS {
            return Err(shape);
        }
        Ok(Self { k, n, code: B::code(k, n - k).map_err(|_| shape)? })
    }

    /// Data shards: k.
    pub fn k(&self) -> u8 {
        self.k
    }

    /// All shards: n.
    pub fn n(&self) -> u8 {
        self.n
    }

    /// Computes the parity of a stripe. `data` and `parity` are its k data and n − k parity chunks, each of `chunk_len`
    /// bytes, one after another.
    ///
    /// # Errors
    /// [`ErasureError::ChunkLen`] if the lengths do not fit.
    pub fn encode(&self, stripe: u64, chunk_len: usize, data: &[u8], parity: &mut [u8]) -> Result<(), ErasureError> {
        let wrong =
            |shard: u8, len| ErasureError::ChunkLen { stripe, shard: shard.into(), len, expected: to_u64(chunk_len) };
        if chunk_len == 0 || data.len() != chunk_len * usize::from(self.k) {
            return Err(wrong(0, data.len()));
        }
        let parity_len = parity.len();
        if parity_len != chunk_len * usize::from(self.n - self.k) {
            return Err(wrong(self.k, parity_len));
        }
        let data: Vec<&[u8]> = data.chunks_exact(chunk_len).collect();
        let mut parity: Vec<&mut [u8]> = parity.chunks_exact_mut(chunk_len).collect();
        self.code.encode(&data, &mut parity).map_err(|_| wrong(self.k, parity_len))
    }

    /// Computes the wanted chunks that are missing from any k of the same stripe, each of `chunk_len` bytes.
    fn reconstruct(
        &self,
        stripe: u64,
        chunk_len: u64,
        chunks: &mut [Option<Vec<u8>>],
        want: Want,
    ) -> Result<(), ErasureError> {
        if chunks.len() != usize::from(self.n) {
            return Err(ErasureError::NoSuchShard { shard: chunks.len(), n: self.n });
        }
        for (shard, chunk) in chunks.iter().enumerate() {
            match chunk {
                Some(chunk) if to_u64(chunk.len()) != chunk_len => {
                    return Err(ErasureError::ChunkLen { stripe, shard, len: chunk.len(), expected: chunk_len });
                }
                _ => (),
            }
        }
        let mut wanted = vec![false; chunks.len()];
        match want {
            Want::All => wanted.fill(true),
            Want::Data => wanted[..usize::from(self.k)].fill(true),
            Want::Shard(shard) => match wanted.get_mut(usize::from(shard)) {
                Some(place) => *place = true,
                None => return Err(ErasureError::NoSuchShard { shard: shard.into(), n: self.n }),
            },
        }
        if wanted.iter().zip(&*chunks).all(|(wanted, chunk)| !wanted || chunk.is_some()) {
            return Ok(());
        }
        let have = chunks.iter().flatten().count();
        let too_few = ErasureError::TooFew { stripe, have, need: self.k.into() };
        if have < usize::from(self.k) {
            return Err(too_few);
        }
        self.code.reconstruct(chunks, want).map_err(|_| too_few)
    }
}

/// Computes the wanted chunks of a stripe that are missing from any k that are present, with the default backend. `chunks`
/// has a place for each of the n shards; the present ones must have been verified, because any k chunks give *some*
/// stripe.
///
/// # Errors
/// [`ErasureError`] if fewer than k chunks are present, a length is wrong, or there is no such stripe or shard.
pub fn reconstruct_stripe(
    layout: &Layout,
    stripe: u64,
    chunks: &mut [Option<Vec<u8>>],
    want: Want,
) -> Result<(), ErasureError> {
    reconstruct_stripe_with::<DefaultBackend>(layout, stripe, chunks, want)
}

/// As [`reconstruct_stripe`], with backend `B`.
///
/// # Errors
/// As [`reconstruct_stripe`].
pub fn reconstruct_stripe_with<B: Backend>(
    layout: &Layout,
    stripe: u64,
    chunks: &mut [Option<Vec<u8>>],
    want: Want,
) -> Result<(), ErasureError> {
    let chunk_len = chunk_len(layout, stripe)?;
    ErasureCode::<B>::with_backend(layout.k(), layout.n())?.reconstruct(stripe, chunk_len, chunks, want)
}

/// Bytes of each chunk of a stripe.
pub(crate) fn chunk_len(layout: &Layout, stripe: u64) -> Result<u64, ErasureError> {
    match layout.chunk_len(stripe) {
        0 => Err(ErasureError::NoSuchStripe(stripe)),
        len => Ok(len),
    }
}

/// As [`chunk_len`], to index with.
pub(crate) fn chunk_size(layout: &Layout, stripe: u64) -> Result<usize, ErasureError> {
    chunk_len(layout, stripe).map(to_usize)
}
