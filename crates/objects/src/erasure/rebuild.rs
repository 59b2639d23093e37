//! One shard from k others, stripe by stripe.

use super::{ErasureCode, ErasureError, chunk_size};
use crate::backend::{Backend, Code, DefaultBackend, Want};
use meganet_primitives::{SlotIndex, convert::to_u64, object::Layout};
use std::marker::PhantomData;

/// Bytes summed up at a time: few enough to stay in the first-level cache while all sources are added.
const BLOCK: usize = 16 * 1024;

/// Rebuilds one shard from the same k others in every stripe, in memory of one chunk. The contribution of each source is
/// one factor, computed once; so a stripe costs k multiplications of a chunk, even if the shard is parity and data is
/// missing.
pub struct Rebuilder<B: Backend = DefaultBackend> {
    layout: Layout,
    /// Each source shard with its factor.
    sources: Vec<(SlotIndex, u8)>,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend> Clone for Rebuilder<B> {
    fn clone(&self) -> Self {
        Self { layout: self.layout, sources: self.sources.clone(), backend: PhantomData }
    }
}

impl Rebuilder {
    /// Rebuilds `shard` of an object from the chunks of the k shards `sources`, which [`Self::chunk`] takes in this order,
    /// with the default backend.
    ///
    /// # Errors
    /// [`ErasureError`] if `sources` are not k different shards of the object, or it has no shard `shard`.
    pub fn new(layout: Layout, shard: SlotIndex, sources: &[SlotIndex]) -> Result<Self, ErasureError> {
        Self::with_backend(layout, shard, sources)
    }
}

impl<B: Backend> Rebuilder<B> {
    /// As [`Rebuilder::new`], with backend `B`.
    ///
    /// # Errors
    /// As [`Rebuilder::new`].
    pub fn with_backend(layout: Layout, shard: SlotIndex, sources: &[SlotIndex]) -> Result<Self, ErasureError> {
        let code = ErasureCode::<B>::with_backend(layout.k(), layout.n())?;
        let (k, n) = (usize::from(code.k), usize::from(code.n));
        if sources.len() != k {
            return Err(ErasureError::TooFew { stripe: 0, have: sources.len(), need: k });
        }
        // The code is linear, so the factors are its result for unit vectors: in byte i of these chunks of k bytes, only
        // source i is one.
        let mut chunks = vec![None; n];
        for (index, source) in sources.iter().enumerate() {
            let place = chunks.get_mut(usize::from(*source));
            let place = place.ok_or(ErasureError::NoSuchShard { shard: (*source).into(), n: code.n })?;
            if place.is_some() {
                return Err(ErasureError::Twice(*source));
            }
            let mut unit = vec![0; k];
            unit[index] = 1;
            *place = Some(unit);
        }
        code.reconstruct(0, u64::from(code.k), &mut chunks, Want::Shard(shard))?;
        let factors = chunks.into_iter().nth(shard.into()).flatten().unwrap_or_default();
        Ok(Self { layout, sources: sources.iter().copied().zip(factors).collect(), backend: PhantomData })
    }

    /// The shards whose chunks [`Self::chunk`] takes, in order.
    pub fn sources(&self) -> impl Iterator<Item = SlotIndex> + '_ {
        self.sources.iter().map(|(shard, _)| *shard)
    }

    /// Appends the shard's chunk of a stripe to `out`, computed from the sources' chunks of that stripe, in order and
    /// already verified. Check the rebuilt shard's root at the end: an owner may have encoded wrongly.
    ///
    /// # Errors
    /// [`ErasureError`] if there are not k chunks of the stripe's length, or no such stripe.
    pub fn chunk(&self, stripe: u64, chunks: &[&[u8]], out: &mut Vec<u8>) -> Result<(), ErasureError> {
        let len = chunk_size(&self.layout, stripe)?;
        if chunks.len() != self.sources.len() {
            return Err(ErasureError::TooFew { stripe, have: chunks.len(), need: self.sources.len() });
        }
        if let Some(((shard, _), chunk)) = self.sources.iter().zip(chunks).find(|(_, chunk)| chunk.len() != len) {
            let expected = to_u64(len);
            return Err(ErasureError::ChunkLen { stripe, shard: (*shard).into(), len: chunk.len(), expected });
        }
        let start = out.len();
        out.resize(start + len, 0);
        for (place, block) in (0..).step_by(BLOCK).zip(out[start..].chunks_mut(BLOCK)) {
            for ((_, factor), chunk) in self.sources.iter().zip(chunks) {
                B::Code::add_scaled(*factor, &chunk[place..place + block.len()], block);
            }
        }
        Ok(())
    }
}
