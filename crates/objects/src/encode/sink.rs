//! An encoder that passes chunks on by itself.

use super::{EncodeError, Encoded, StripeEncoder};
use meganet_primitives::{SlotIndex, content::ReadKey, object::Layout};
use std::io;

/// Takes the chunks of an object being encoded. A closure `FnMut(stripe, shard, bytes) -> io::Result<()>` is one.
pub trait ShardSink {
    /// Takes the chunk of `shard` in `stripe`. Stripes come in order, and in each the shards in order; the chunks of one
    /// shard, one after another, are the shard.
    ///
    /// # Errors
    /// Whatever keeps it from taking the chunk. The object can't be finished then.
    fn chunk(&mut self, stripe: u64, shard: SlotIndex, data: &[u8]) -> io::Result<()>;
}

impl<F: FnMut(u64, SlotIndex, &[u8]) -> io::Result<()>> ShardSink for F {
    fn chunk(&mut self, stripe: u64, shard: SlotIndex, data: &[u8]) -> io::Result<()> {
        self(stripe, shard, data)
    }
}

/// Seals, encodes and hashes an object and passes its chunks to a sink. It runs in the caller's thread.
pub struct Encoder<S> {
    stripes: StripeEncoder,
    sink: S,
}

impl<S: ShardSink> Encoder<S> {
    /// As [`StripeEncoder::new`].
    ///
    /// # Errors
    /// As [`StripeEncoder::new`].
    pub fn new(key: &ReadKey, k: u8, n: u8, plain_len: u64, sink: S) -> Result<Self, EncodeError> {
        Ok(Self { stripes: StripeEncoder::new(key, k, n, plain_len)?, sink })
    }

    /// How the object is laid out.
    pub fn layout(&self) -> Layout {
        self.stripes.layout()
    }

    /// Takes the next plaintext. Pieces may have any length.
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

    /// Ends the object and gives the sink back.
    ///
    /// # Errors
    /// [`EncodeError::TooLittle`] if less plaintext came than was announced.
    pub fn finish(self) -> Result<(Encoded, S), EncodeError> {
        Ok((self.stripes.finish()?, self.sink))
    }
}
