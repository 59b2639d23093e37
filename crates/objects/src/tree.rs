//! The Merkle tree of a shard, computed while its bytes stream by.
//!
//! All digests are those of [`meganet_primitives::merkle`], computed several at a time. [`ShardHasher`] is for workers, which
//! keep the shard and have to prove its frames; [`RootHasher`] is for callers that need only the root.

mod many;

use many::Batch;
use meganet_primitives::{
    convert::to_u64,
    hash::{Hash, Tag},
    merkle::{self, FrameTree, MerkleError},
};

use crate::units::{FRAME, LEAF};

/// Why a shard's bytes have no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The shard has no bytes, or not a whole number of leaves.
    #[error("a shard of {0} bytes is not a whole number of 1 KiB leaves: it was cut short or never was a shard")]
    NotLeaves(u64),
    /// The tree refused the tops.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

/// Hashes chunks of a shard. Reuse one for many chunks: it holds 20 KiB of room for their leaves.
pub struct ChunkHasher {
    // Boxed, because hashers are moved between threads and kept in futures.
    room: Box<Room>,
}

struct Room {
    leaves: Batch<{ 1 + LEAF }>,
    nodes: Batch<65>,
    digests: [Hash; FRAME / LEAF],
}

impl Default for ChunkHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkHasher {
    /// Makes a hasher.
    pub fn new() -> Self {
        let (leaves, nodes) = (Batch::new(Tag::Leaf), Batch::new(Tag::Node));
        Self { room: Box::new(Room { leaves, nodes, digests: [[0; 32]; FRAME / LEAF] }) }
    }

    /// Returns the digests of the leaves of a chunk.
    ///
    /// # Errors
    /// [`TreeError::NotLeaves`] unless it is 1 to 64 leaves of 1 KiB.
    pub fn leaves(&mut self, chunk: &[u8]) -> Result<&[Hash], TreeError> {
        if chunk.is_empty() || chunk.len() > FRAME || !chunk.len().is_multiple_of(LEAF) {
            return Err(TreeError::NotLeaves(to_u64(chunk.len())));
        }
        let Room { leaves, digests, .. } = &mut *self.room;
        let digests = &mut digests[..chunk.len() / LEAF];
        leaves.hash_pieces(chunk, digests);
        Ok(digests)
    }

    /// Returns the top of the subtree over a chunk, equal to [`merkle::subtree_hash`] of the digests of its leaves.
    ///
    /// # Errors
    /// [`TreeError::NotLeaves`] unless it is 1 to 64 leaves of 1 KiB.
    pub fn top(&mut self, chunk: &[u8]) -> Result<Hash, TreeError> {
        let mut count = self.leaves(chunk)?.len();
        let Room { nodes, digests, .. } = &mut *self.room;
        while count > 1 {
            count = nodes.lift(digests, count);
        }
        Ok(digests[0])
    }
}

/// Computes a shard's root from the tops of its chunks, in memory logarithmic in their number.
#[derive(Clone, Debug, Default)]
pub struct RootHasher {
    /// Tops of full subtrees with the numbers of chunks below them, each at least twice as large as the next.
    peaks: Vec<(u64, Hash)>,
    leaves: u64,
}

impl RootHasher {
    /// Starts with an empty shard.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a chunk of `leaves` leaves by its top. Every chunk but the last is a full frame of 64 leaves.
    pub fn push(&mut self, top: Hash, leaves: u64) {
        self.leaves = self.leaves.saturating_add(leaves);
        let (mut size, mut hash) = (1, top);
        while let Some((_, left)) = self.peaks.pop_if(|(left_size, _)| *left_size == size) {
            hash = merkle::node_hash(&left, &hash);
            size *= 2;
        }
        self.peaks.push((size, hash));
    }

    /// Returns the root, with the number of leaves bound in. The root of an empty tree if nothing was pushed.
    pub fn root(&self) -> Hash {
        let top = self.peaks.iter().rev().map(|(_, hash)| *hash).reduce(|right, left| merkle::node_hash(&left, &right));
        merkle::root_hash(self.leaves, &top.unwrap_or(merkle::EMPTY_TOP))
    }
}

/// Hashes a shard that comes in pieces of any length, and keeps the tops of its frames: 32 bytes for each 64 KiB.
pub struct ShardHasher {
    chunks: ChunkHasher,
    /// Bytes of a frame that is not complete yet.
    pending: Vec<u8>,
    tops: Vec<Hash>,
    len: u64,
}

impl Default for ShardHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl ShardHasher {
    /// Starts with an empty shard.
    pub fn new() -> Self {
        Self { chunks: ChunkHasher::new(), pending: Vec::new(), tops: Vec::new(), len: 0 }
    }

    /// Bytes pushed so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns true if nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends bytes of the shard.
    pub fn push(&mut self, mut bytes: &[u8]) {
        self.len = self.len.saturating_add(to_u64(bytes.len()));
        if !self.pending.is_empty() {
            let (missing, rest) = bytes.split_at(bytes.len().min(FRAME - self.pending.len()));
            self.pending.extend_from_slice(missing);
            bytes = rest;
            if self.pending.len() == FRAME {
                let frame = core::mem::take(&mut self.pending);
                self.push_frame(&frame);
                self.pending = frame;
                self.pending.clear();
            }
        }
        let frames = bytes.chunks_exact(FRAME);
        self.pending.extend_from_slice(frames.remainder());
        frames.for_each(|frame| self.push_frame(frame));
    }

    fn push_frame(&mut self, frame: &[u8]) {
        // A full frame always is a whole number of leaves.
        self.tops.extend(self.chunks.top(frame));
    }

    /// Returns the root, and the tree to prove frames from.
    ///
    /// # Errors
    /// [`TreeError::NotLeaves`] if nothing was pushed or the last leaf is not whole.
    pub fn finish(mut self) -> Result<(Hash, FrameTree), TreeError> {
        let leaf = to_u64(LEAF);
        if self.len == 0 || !self.len.is_multiple_of(leaf) {
            return Err(TreeError::NotLeaves(self.len));
        }
        if !self.pending.is_empty() {
            self.tops.push(self.chunks.top(&self.pending)?);
        }
        let tree = FrameTree::new(self.tops, self.len / leaf)?;
        Ok((tree.root(), tree))
    }
}
