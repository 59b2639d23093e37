//! Reed–Solomon over GF(2⁸): parity of a stripe, and missing chunks from any k others.
//!
//! The matrix is that of `reed-solomon-erasure` 6 (Vandermonde made systematic, polynomial 0x11D), computed with
//! `rustfs-erasure-codec`, its maintained descendant, which picks the processor's vector instructions when it runs. A
//! test compares the two byte by byte.

mod rebuild;

pub use rebuild::Rebuilder;

use meganet_primitives::{
    SlotIndex,
    convert::{to_u64, to_usize},
    object::Layout,
    placement::MAX_SLOTS,
};
use rustfs_erasure_codec::{CodecOptions, galois_8};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Why chunks were not coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    /// No code has this shape.
    #[error("no code has {k} data shards of {n}: it takes 1 <= k < n <= {MAX_SLOTS}")]
    Shape {
        /// Data shards.
        k: u8,
        /// All shards.
        n: u8,
    },
    /// Too few chunks to work from.
    #[error("{have} chunks of stripe {stripe} are here and {need} are needed: fetch from further workers")]
    TooFew {
        /// The stripe.
        stripe: u64,
        /// Chunks present.
        have: usize,
        /// Chunks needed: k.
        need: usize,
    },
    /// Not one place for every shard, or a shard that does not exist.
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

/// Which missing chunks to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// All n.
    All,
    /// The k data chunks.
    Data,
    /// One.
    Shard(SlotIndex),
}

/// A code of `k` data and `n - k` parity shards. Cheap to clone: codes are made once for each shape and kept.
#[derive(Clone)]
pub struct ErasureCode {
    k: u8,
    n: u8,
    code: Arc<galois_8::ReedSolomon>,
}

impl ErasureCode {
    /// The code with this shape.
    ///
    /// # Errors
    /// [`ErasureError::Shape`] unless `1 <= k < n <=` [`MAX_SLOTS`].
    pub fn new(k: u8, n: u8) -> Result<Self, ErasureError> {
        static CODES: OnceLock<Mutex<BTreeMap<(u8, u8), ErasureCode>>> = OnceLock::new();
        let shape = ErasureError::Shape { k, n };
        if k == 0 || k >= n || u32::from(n) > MAX_SLOTS {
            return Err(shape);
        }
        let codes = CODES.get_or_init(Mutex::default);
        // Nothing can panic half-way through a change of the map.
        let mut codes = codes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = codes.get(&(k, n)) {
            return Ok(code.clone());
        }
        // Threads are the caller's business: chunks of 64 KiB are too small to be worth splitting.
        let options = CodecOptions::builder().max_parallel_jobs(1).build();
        let code = galois_8::ReedSolomon::with_options(k.into(), (n - k).into(), options).map_err(|_| shape)?;
        let code = Self { k, n, code: Arc::new(code) };
        codes.insert((k, n), code.clone());
        Ok(code)
    }

    /// Data shards.
    pub fn k(&self) -> u8 {
        self.k
    }

    /// All shards.
    pub fn n(&self) -> u8 {
        self.n
    }

    /// Computes the parity of a stripe. `data` and `parity` are its chunks one after another, each `chunk_len` bytes:
    /// k and n − k of them.
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
        self.code.encode_sep(&data, &mut parity).map_err(|_| wrong(self.k, parity_len))
    }

    /// Computes wanted chunks that are missing from any k of the same stripe, each of `chunk_len` bytes.
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
        let done = match want {
            Want::All => self.code.reconstruct(chunks),
            Want::Data => self.code.reconstruct_data(chunks),
            Want::Shard(_) => self.code.reconstruct_some(chunks, &wanted),
        };
        done.map_err(|_| too_few)
    }
}

/// Fills in the wanted ones of a stripe's missing chunks from any k that are there. `chunks` has a place for each of the
/// n shards. Verify chunks before: k of them always give *some* data. It takes memory for the missing chunks, and for
/// `Want::Shard` of parity for the stripe; [`Rebuilder`] is faster for one shard of many stripes.
///
/// # Errors
/// [`ErasureError`] if fewer than k chunks are there, a length is wrong or there is no such stripe or shard.
pub fn reconstruct_stripe(
    layout: &Layout,
    stripe: u64,
    chunks: &mut [Option<Vec<u8>>],
    want: Want,
) -> Result<(), ErasureError> {
    let chunk_len = chunk_len(layout, stripe)?;
    ErasureCode::new(layout.k(), layout.n())?.reconstruct(stripe, chunk_len, chunks, want)
}

/// Bytes of each chunk of a stripe.
pub(crate) fn chunk_len(layout: &Layout, stripe: u64) -> Result<u64, ErasureError> {
    match layout.chunk_len(stripe) {
        0 => Err(ErasureError::NoSuchStripe(stripe)),
        len => Ok(len),
    }
}

/// The same, to index with.
pub(crate) fn chunk_size(layout: &Layout, stripe: u64) -> Result<usize, ErasureError> {
    chunk_len(layout, stripe).map(to_usize)
}
