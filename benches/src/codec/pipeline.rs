//! The pipelines of `meganet-objects`, used as its callers use them.

use anyhow::{Context, Result};
use meganet_objects::{Commitment, RangeOpener, Rebuilder, ShardHasher, StripeEncoder, random_key};
use meganet_primitives::{
    SlotIndex,
    content::ReadKey,
    merkle::RangeProof,
    object::{FRAME_LEN, FRAME_PLAIN_LEN},
};
use std::{borrow::Cow, hint::black_box};

/// Bytes read from a file at a time.
const READ_LEN: usize = 256 * 1024;

/// An object of full stripes with its shards, as workers store them, and a proof for each of their frames.
pub(super) struct Stored {
    key: ReadKey,
    k: u8,
    n: u8,
    plain: Vec<u8>,
    commitment: Commitment,
    shards: Vec<Vec<u8>>,
    proofs: Vec<Vec<RangeProof>>,
}

impl Stored {
    pub(super) fn new(k: u8, n: u8, stripes: u64) -> Result<Self> {
        let key = random_key()?;
        let len = usize::try_from(stripes * u64::from(k) * FRAME_PLAIN_LEN)?;
        let plain: Vec<u8> = (0..=250).cycle().take(len).collect();
        let mut shards = vec![Vec::new(); n.into()];
        let mut encoder = StripeEncoder::new(&key, k, n, u64::try_from(len)?)?;
        let mut rest = plain.as_slice();
        while !rest.is_empty() {
            if let Some(stripe) = encoder.push(&mut rest)? {
                shards.iter_mut().zip(stripe.chunks()).for_each(|(shard, chunk)| shard.extend_from_slice(chunk));
            }
        }
        let encoded = encoder.finish()?;
        let commitment = Commitment::new(encoded.header, encoded.shard_roots)?;
        let mut proofs = Vec::new();
        for shard in &shards {
            let mut hasher = ShardHasher::new();
            hasher.push(shard);
            let (_, tree) = hasher.finish()?;
            proofs.push((0..stripes).map(|frame| tree.prove_frames(frame, 1)).collect::<Result<_, _>>()?);
        }
        Ok(Self { key, k, n, plain, commitment, shards, proofs })
    }

    pub(super) fn k(&self) -> u8 {
        self.k
    }

    pub(super) fn shards(&self) -> &[Vec<u8>] {
        &self.shards
    }

    pub(super) fn plain_len(&self) -> usize {
        self.plain.len()
    }

    /// Seals, encodes and hashes the object.
    pub(super) fn write(&self) -> Result<()> {
        let mut encoder = StripeEncoder::new(&self.key, self.k, self.n, u64::try_from(self.plain.len())?)?;
        for mut read in self.plain.chunks(READ_LEN) {
            while !read.is_empty() {
                if let Some(stripe) = encoder.push(&mut read)? {
                    stripe.chunks().for_each(|chunk| assert!(!black_box(chunk).is_empty()));
                }
            }
        }
        anyhow::ensure!(encoder.finish()?.header == *self.commitment.header(), "the object is another one now");
        Ok(())
    }

    /// Reads the whole object from k shards, starting with shard `first`: verifies each chunk, restores missing data chunks, and
    /// opens all.
    pub(super) fn read(&self, first: SlotIndex) -> Result<()> {
        let layout = self.commitment.layout();
        let opener = RangeOpener::new(&self.key, layout, 0..layout.plain_len())?;
        let sources: Vec<SlotIndex> = (first..first + self.k).collect();
        let mut rebuilders = Vec::new();
        for shard in (0..self.k).filter(|shard| !sources.contains(shard)) {
            rebuilders.push((shard, Rebuilder::new(layout, shard, &sources)?));
        }
        let mut plain = Vec::new();
        for stripe in opener.stripes() {
            let mut chunks = Vec::new();
            for shard in &sources {
                chunks.push(self.verified(*shard, stripe)?);
            }
            let mut data: Vec<Cow<'_, [u8]>> = Vec::new();
            for shard in opener.shards(stripe) {
                data.push(match rebuilders.iter().find(|(missing, _)| *missing == shard) {
                    None => Cow::Borrowed(chunks[usize::from(shard - first)]),
                    Some((_, rebuilder)) => {
                        let mut chunk = Vec::new();
                        rebuilder.chunk(stripe, &chunks, &mut chunk)?;
                        Cow::Owned(chunk)
                    }
                });
            }
            plain.clear();
            opener.open(stripe, &data, &mut plain)?;
            black_box(&plain);
        }
        Ok(())
    }

    fn verified(&self, shard: SlotIndex, stripe: u64) -> Result<&[u8]> {
        let start = usize::try_from(stripe * FRAME_LEN)?;
        let bytes = self.shards[usize::from(shard)].get(start..start + usize::try_from(FRAME_LEN)?);
        let bytes = bytes.context("no such stripe")?;
        let proof = &self.proofs[usize::from(shard)][usize::try_from(stripe)?];
        self.commitment.verify_frames(shard, stripe, bytes, proof)?;
        Ok(bytes)
    }
}
