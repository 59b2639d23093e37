//! An encoder that passes chunks to a sink.

use super::{EncodeError, Encoded, StripeEncoder};
use crate::backend::{Backend, DefaultBackend};
use meganet_primitives::{SlotIndex, content::ReadKey, object::Layout};
use std::io;

/// Takes the chunks of an object that is being encoded. Closures `FnMut(stripe, shard, bytes) -> io::Result<()>` implement it.
pub trait ShardSink {
    /// Takes the chunk of `shard` in `stripe`. Stripes come in order, and in each the shards in order; the chunks of one
    /// shard, one after another, are the shard.
    ///
    /// # Errors
    /// Any error that keeps it from taking the chunk. The object cannot be finished after that.
    fn chunk(&mut self, stripe: u64, shard: SlotIndex, data: &[u8]) -> io::Result<()>;
}

impl<F: FnMut(u64, SlotIndex, &[u8]) -> io::Result<()>> ShardSink for F {
    fn chunk(&mut self, stripe: u64, shard: SlotIndex, data: &[u8]) -> io::Result<()> {
        self(stripe, shard, data)
    }
}

/// Seals, encodes and hashes an object and passes its chunks to a sink. It runs in the caller's thread.
pub struct Encoder<S, B: Backend = DefaultBackend> {
    stripes: StripeEncoder<B>,
    sink: S,
}

impl<S: ShardSink> Encoder<S> {
    /// As [`StripeEncoder::new`].
    ///
    /// # Errors
    /// As [`StripeEncoder::new`].
    pub fn new(key: &ReadKey, k: u8, n: u8, plain_len: u64, sink: S) -> Result<Self, EncodeError> {
        Self::with_backend(key, k, n, plain_len, sink)
    }
}

impl<S: ShardSink, B: Backend> Encoder<S, B> {
    /// As [`StripeEncoder::with_backend`].
    ///
    /// # Errors
    /// As [`StripeEncoder::new`].
    pub fn with_backend(key: &ReadKey, k: u8, n: u8, plain_len: u64, sink: S) -> Result<Self, EncodeError> {
        Ok(Self { stripes: StripeEncoder::with_backend(key, k, n, plain_len)?, sink })
    }

    /// Returns the object's layout.
    pub fn layout(&self) -> Layout {
        self.stripes.layout()
    }

    /// Encodes the next plaintext. Pieces may have any length.
    ///
    /// # Errors
    /// [`EncodeError::TooMuch`] if more comes than was announced, [`EncodeError::Sink`] if the sink failed. Drop the
    /// encoder then.
    pub fn write(&mut self, mut plain: &[u8]) -> Result<(), EncodeError> {
        while !plain.is_empty() {
            if let Some(stripe) = self.stripes.push(&mut plain)? {
                for (shard, chunk) in (0..).zip(stripe.chunks()) {
                    self.sink.chunk(stripe.index(), shard, chunk)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the object and returns its header, its shard roots and the sink.
    ///
    /// # Errors
    /// [`EncodeError::TooLittle`] if less plaintext came than was announced.
    pub fn finish(self) -> Result<(Encoded, S), EncodeError> {
        Ok((self.stripes.finish()?, self.sink))
    }
}
