//! The parts of the pipelines: each library alone, without any of our code, over the same bytes.

use super::pipeline::Stored;
use crate::rounds::Rounds;
use anyhow::{Result, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use blake2b_simd::{
    Params,
    many::{HashManyJob, hash_many},
};
use rustfs_erasure_codec::{CodecOptions, galois_8};
use std::hint::black_box;

const FRAME: usize = 64 * 1024;
const TAG: usize = 16;
/// Bytes of the hashed message of a leaf, and of a node, each with its tag.
const LEAF: usize = 1025;
const NODE: usize = 65;
/// Numbers of leaves and nodes in the tree of a frame.
const LEAVES: usize = 64;
const NODES: usize = 63;

/// The libraries and their input: the shards of an object, and the hashed messages of their trees.
pub(super) struct Parts<'a> {
    k: usize,
    key: LessSafeKey,
    code: galois_8::ReedSolomon,
    portable: reed_solomon_erasure::galois_8::ReedSolomon,
    shards: &'a [Vec<u8>],
    /// The object's sealed frames, in the order of shards.
    sealed: Vec<Vec<u8>>,
    leaves: Vec<Vec<u8>>,
    nodes: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(stored: &'a Stored) -> Result<Self> {
        let (k, shards) = (usize::from(stored.k()), stored.shards());
        let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| anyhow!("no AES-256-GCM"))?;
        let key = LessSafeKey::new(key);
        let mut sealed = shards[..k].to_vec();
        sealed.iter_mut().flat_map(|shard| shard.chunks_exact_mut(FRAME)).try_for_each(|frame| seal(&key, frame))?;
        let options = CodecOptions::builder().max_parallel_jobs(1).build();
        let leaves = |shard: &Vec<u8>| shard.chunks_exact(LEAF - 1).flat_map(|leaf| [&[0], leaf].concat()).collect();
        Ok(Self {
            k,
            key,
            code: galois_8::ReedSolomon::with_options(k, shards.len() - k, options)?,
            portable: reed_solomon_erasure::galois_8::ReedSolomon::new(k, shards.len() - k).map_err(refused)?,
            shards,
            sealed,
            leaves: shards.iter().map(leaves).collect(),
            nodes: vec![1; NODES * NODE],
        })
    }

    /// Adds all parts.
    pub(super) fn add_to<'b>(&'b self, rounds: &mut Rounds<'b>) {
        let (data, parity) = self.shards.split_at(self.k);
        let mut frames = data.to_vec();
        rounds.add("seal", move || {
            frames
                .iter_mut()
                .flat_map(|shard| shard.chunks_exact_mut(FRAME))
                .try_for_each(|frame| seal(&self.key, frame))
        });
        let mut room = vec![vec![0; FRAME]; parity.len()];
        rounds.add("encode", move || stripes(data).try_for_each(|data| Ok(self.code.encode_sep(&data, &mut room)?)));
        let mut room = vec![vec![0; FRAME]; parity.len()];
        rounds.add("encode_portable", move || {
            stripes(data).try_for_each(|data| self.portable.encode_sep(&data, &mut room).map_err(refused))
        });
        rounds.add("hash_all", move || hash(&self.leaves, &self.nodes));
        rounds.add("hash_k", move || hash(&self.leaves[..self.k], &self.nodes));
        let mut plain = vec![0; FRAME - TAG];
        rounds.add("open", move || {
            let mut frames = self.sealed.iter().flat_map(|shard| shard.chunks_exact(FRAME));
            frames.try_for_each(|frame| open(&self.key, frame, &mut plain))
        });
        // The first k parity shards exist, the data shards do not.
        let mut shards = self.shards[..2 * self.k].to_vec();
        rounds.add("decode", move || {
            let mut stripes: Vec<_> = shards.iter_mut().map(|shard| shard.chunks_exact_mut(FRAME)).collect();
            loop {
                let chunks = stripes.iter_mut().map_while(Iterator::next);
                let mut chunks: Vec<_> = chunks.enumerate().map(|(shard, chunk)| (chunk, shard >= self.k)).collect();
                if chunks.is_empty() {
                    return Ok(());
                }
                chunks.extend((chunks.len()..self.shards.len()).map(|_| (&mut [][..], false)));
                self.code.reconstruct_data(&mut chunks)?;
            }
        });
    }
}

/// The chunks of these shards, stripe by stripe.
fn stripes(shards: &[Vec<u8>]) -> impl Iterator<Item = Vec<&[u8]>> {
    let mut chunks: Vec<_> = shards.iter().map(|shard| shard.chunks_exact(FRAME)).collect();
    std::iter::from_fn(move || chunks.iter_mut().map(Iterator::next).collect())
}

fn nonce() -> Nonce {
    // The same frame is sealed again and again; its content is not secret.
    Nonce::assume_unique_for_key([0; 12])
}

/// The error of the portable library, which is an `Error` only with its feature `std`: the programs leave that out.
fn refused(error: reed_solomon_erasure::Error) -> anyhow::Error {
    anyhow!("the portable erasure code: {error:?}")
}

fn seal(key: &LessSafeKey, frame: &mut [u8]) -> Result<()> {
    let (plain, room) = frame.split_at_mut(FRAME - TAG);
    let tag = key.seal_in_place_separate_tag(nonce(), Aad::empty(), plain).map_err(|_| anyhow!("not sealed"))?;
    room.copy_from_slice(tag.as_ref());
    Ok(())
}

fn open(key: &LessSafeKey, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
    let (text, tag) = sealed.split_at(FRAME - TAG);
    key.open_separate_gather(nonce(), Aad::empty(), text, tag, plain).map_err(|_| anyhow!("not opened"))
}

/// Hashes the messages of all leaves of shards, and as many node messages as their trees have.
fn hash(shards: &[Vec<u8>], nodes: &[u8]) -> Result<()> {
    for leaves in shards.iter().flat_map(|leaves| leaves.chunks_exact(LEAF * LEAVES)) {
        hash_messages(leaves, LEAF);
        hash_messages(nodes, NODE);
    }
    Ok(())
}

fn hash_messages(messages: &[u8], len: usize) {
    let mut params = Params::new();
    params.hash_length(32);
    for batch in messages.chunks(16 * len) {
        let message = |index| batch.get(index * len..(index + 1) * len).unwrap_or_default();
        let mut jobs: [_; 16] = std::array::from_fn(|index| HashManyJob::new(&params, message(index)));
        hash_many(jobs.iter_mut().take(batch.len() / len));
        black_box(&jobs);
    }
}
