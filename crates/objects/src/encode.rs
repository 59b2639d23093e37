//! Making shards from plaintext: seal, encode and hash, a stripe at a time.
//!
//! [`StripeEncoder`] takes plaintext and returns finished stripes, so the caller decides how their chunks travel and
//! when to continue. [`Encoder`] passes them to a sink.

mod sink;

pub use sink::{Encoder, ShardSink};

use meganet_primitives::{
    SlotIndex,
    content::ReadKey,
    convert::{to_u64, to_usize},
    hash::Hash,
    object::{self, CODEC_RS_GF8, FRAME_PLAIN_LEN, Layout, OBJECT_VERSION, ObjectError, ObjectHeader, ObjectId},
};

use crate::{
    backend::{Backend, DefaultBackend},
    erasure::{ErasureCode, ErasureError, chunk_size},
    seal::{FrameCipher, SealError},
    tree::{ChunkHasher, RootHasher, TreeError},
    units::{FRAME, FRAME_PLAIN, LEAF, TAG},
};

/// Why an object was not encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// An object can't have that length or shape.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// More plaintext came than was announced.
    #[error("more than the announced {announced} bytes came: the file grew while it was read; encode it again")]
    TooMuch {
        /// Bytes announced.
        announced: u64,
    },
    /// The plaintext ended early.
    #[error(
        "only {written} of the announced {announced} bytes came: the file shrank while it was read; encode it again"
    )]
    TooLittle {
        /// Bytes announced.
        announced: u64,
        /// Bytes that came.
        written: u64,
    },
    /// The code refused.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// The cipher refused.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The tree refused.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The sink could not take a chunk.
    #[error("a shard could not be stored or sent: {0}")]
    Sink(#[from] std::io::Error),
}

/// The commitment to an encoded object, which its readers and workers check its bytes against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The header.
    pub header: ObjectHeader,
    /// The root of each shard, in order.
    pub shard_roots: Vec<Hash>,
}

impl Encoded {
    /// Returns the object's id.
    pub fn id(&self) -> ObjectId {
        self.header.id()
    }
}

/// The chunks of one stripe, sealed and encoded.
#[derive(Clone, Copy)]
pub struct Stripe<'a> {
    index: u64,
    chunk_len: usize,
    data: &'a [u8],
    parity: &'a [u8],
}

impl<'a> Stripe<'a> {
    /// Its number, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Bytes of each chunk: at most 64 KiB and a multiple of 1 KiB.
    pub fn chunk_len(&self) -> usize {
        self.chunk_len
    }

    /// The chunks of shards `0..n`, in order.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + 'a {
        let (len, data, parity) = (self.chunk_len, self.data, self.parity);
        (0..(data.len() + parity.len()) / len).map(move |shard| match (shard * len).checked_sub(data.len()) {
            None => &data[shard * len..(shard + 1) * len],
            Some(start) => &parity[start..start + len],
        })
    }

    /// The chunk of a shard, if there is such a shard.
    pub fn chunk(&self, shard: SlotIndex) -> Option<&'a [u8]> {
        self.chunks().nth(shard.into())
    }
}

/// Seals, encodes and hashes an object whose plaintext is pushed into it. Its memory is one stripe: n × 64 KiB, less
/// for small objects.
pub struct StripeEncoder<B: Backend = DefaultBackend> {
    cipher: FrameCipher<B>,
    code: ErasureCode<B>,
    layout: Layout,
    plain_len: u64,
    /// Plaintext bytes taken.
    taken: u64,
    /// The frame that is being filled.
    frame: u64,
    /// Plaintext bytes of it that have come.
    filled: usize,
    frames: u64,
    /// The stripe's data chunks, one after another; sealed up to the frame being filled, which is plaintext.
    data: Vec<u8>,
    parity: Vec<u8>,
    hasher: ChunkHasher,
    roots: Vec<RootHasher>,
}

impl StripeEncoder {
    /// Encodes `plain_len` bytes into `n` shards of which any `k` suffice, sealed with `key`, with the default backend. The
    /// key must be random and used for this object only.
    ///
    /// # Errors
    /// [`EncodeError::Object`] unless it is 1 byte to 1 TiB, [`EncodeError::Erasure`] if no code has that shape.
    pub fn new(key: &ReadKey, k: u8, n: u8, plain_len: u64) -> Result<Self, EncodeError> {
        Self::with_backend(key, k, n, plain_len)
    }
}

impl<B: Backend> StripeEncoder<B> {
    /// As [`StripeEncoder::new`], with backend `B`.
    ///
    /// # Errors
    /// As [`StripeEncoder::new`].
    pub fn with_backend(key: &ReadKey, k: u8, n: u8, plain_len: u64) -> Result<Self, EncodeError> {
        let code = ErasureCode::<B>::with_backend(k, n)?;
        let layout = Layout::new(k, n, object::sealed_len(plain_len)?)?;
        // The first stripe is the longest.
        let chunk = chunk_size(&layout, 0)?;
        Ok(Self {
            cipher: FrameCipher::with_backend(key)?,
            code,
            layout,
            plain_len,
            taken: 0,
            frame: 0,
            filled: 0,
            frames: layout.frame_count_sealed(),
            data: vec![0; chunk * usize::from(k)],
            parity: vec![0; chunk * usize::from(n - k)],
            hasher: ChunkHasher::new(),
            roots: vec![RootHasher::new(); n.into()],
        })
    }

    /// Returns the object's layout.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Takes plaintext from the front of `plain` until `plain` is empty or a stripe is complete, and returns that stripe.
    /// Call it until `plain` is empty.
    ///
    /// # Errors
    /// [`EncodeError::TooMuch`] if more comes than was announced.
    pub fn push(&mut self, plain: &mut &[u8]) -> Result<Option<Stripe<'_>>, EncodeError> {
        if to_u64(plain.len()) > self.plain_len - self.taken {
            return Err(EncodeError::TooMuch { announced: self.plain_len });
        }
        while !plain.is_empty() {
            let start = to_usize(self.frame % u64::from(self.code.k())) * FRAME;
            let last = self.frame + 1 == self.frames;
            let len = if last { to_usize(self.plain_len - self.frame * FRAME_PLAIN_LEN) } else { FRAME_PLAIN };
            let (now, rest) = plain.split_at(plain.len().min(len - self.filled));
            self.data[start + self.filled..][..now.len()].copy_from_slice(now);
            *plain = rest;
            self.taken += to_u64(now.len());
            self.filled += now.len();
            if self.filled < len {
                break;
            }
            self.cipher.seal(self.frame, last, &mut self.data[start..start + len + TAG])?;
            self.filled = 0;
            self.frame += 1;
            if last || self.frame.is_multiple_of(u64::from(self.code.k())) {
                return self.complete(start + len + TAG).map(Some);
            }
        }
        Ok(None)
    }

    /// Encodes and hashes the stripe that ends with the frame before this one and has `sealed` sealed bytes.
    fn complete(&mut self, sealed: usize) -> Result<Stripe<'_>, EncodeError> {
        let (k, n) = (usize::from(self.code.k()), usize::from(self.code.n()));
        let index = (self.frame - 1) / u64::from(self.code.k());
        let chunk_len = chunk_size(&self.layout, index)?;
        let data = &mut self.data[..k * chunk_len];
        data[sealed..].fill(0);
        let parity = &mut self.parity[..(n - k) * chunk_len];
        self.code.encode(index, chunk_len, data, parity)?;
        let stripe = Stripe { index, chunk_len, data, parity };
        for (root, chunk) in self.roots.iter_mut().zip(stripe.chunks()) {
            root.push(self.hasher.top(chunk)?, to_u64(chunk_len / LEAF));
        }
        Ok(stripe)
    }

    /// Ends the object and returns its header and shard roots.
    ///
    /// # Errors
    /// [`EncodeError::TooLittle`] if less plaintext came than was announced.
    pub fn finish(self) -> Result<Encoded, EncodeError> {
        if self.taken != self.plain_len {
            return Err(EncodeError::TooLittle { announced: self.plain_len, written: self.taken });
        }
        let shard_roots: Vec<Hash> = self.roots.iter().map(RootHasher::root).collect();
        let header = ObjectHeader {
            version: OBJECT_VERSION,
            codec: CODEC_RS_GF8,
            k: self.layout.k(),
            n: self.layout.n(),
            sealed_len: self.layout.sealed_len(),
            shards_root: object::shards_root(&shard_roots),
        };
        Ok(Encoded { header, shard_roots })
    }
}
