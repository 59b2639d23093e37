//! Checking received bytes against an object's id, without a key.

use meganet_primitives::{
    SlotIndex,
    convert::to_u64,
    hash::Hash,
    merkle::{self, MerkleError, RangeProof},
    object::{self, LEAF_LEN, Layout, ObjectError, ObjectHeader, ObjectId},
};

use crate::{
    tree::{ChunkHasher, TreeError},
    units::FRAME,
};

/// Why bytes are not those of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The header is invalid.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The header is another object's.
    #[error("the header is that of object {got}, not of {expected}: ask another worker")]
    OtherObject {
        /// The object asked for.
        expected: ObjectId,
        /// The object whose header came.
        got: ObjectId,
    },
    /// The shard roots are not those that the header commits to.
    #[error("the shard roots do not match the object's header: ask another worker")]
    ShardRoots,
    /// There is no such shard.
    #[error("shard {shard} is not one of the object's {n}: check the slot number")]
    NoSuchShard {
        /// The shard.
        shard: SlotIndex,
        /// All shards.
        n: u8,
    },
    /// Frames that do not exist, or bytes that are not whole frames.
    #[error("{len} bytes from frame {first} are not whole frames of the shard: fetch them again")]
    NotFrames {
        /// The first frame.
        first: u64,
        /// Bytes that came.
        len: usize,
    },
    /// The bytes are not leaves.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The proof is refused.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

/// An object's header and shard roots, which belong together. Every chunk of every shard is checked against them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    header: ObjectHeader,
    layout: Layout,
    shard_roots: Vec<Hash>,
}

impl Commitment {
    /// Checks a header and its shard roots. To check them for a certain object use [`Self::of`].
    ///
    /// # Errors
    /// [`VerifyError::Object`] if the header is invalid, [`VerifyError::ShardRoots`] if the roots are not the header's.
    pub fn new(header: ObjectHeader, shard_roots: Vec<Hash>) -> Result<Self, VerifyError> {
        let layout = header.layout()?;
        if shard_roots.len() != usize::from(header.n) || object::shards_root(&shard_roots) != header.shards_root {
            return Err(VerifyError::ShardRoots);
        }
        Ok(Self { header, layout, shard_roots })
    }

    /// Checks what should be the header and the shard roots of `object`.
    ///
    /// # Errors
    /// [`VerifyError::OtherObject`] if it is another object's, else as [`Self::new`].
    pub fn of(object: &ObjectId, header: ObjectHeader, shard_roots: Vec<Hash>) -> Result<Self, VerifyError> {
        let got = header.id();
        if got != *object {
            return Err(VerifyError::OtherObject { expected: *object, got });
        }
        Self::new(header, shard_roots)
    }

    /// Returns the object's id.
    pub fn id(&self) -> ObjectId {
        self.header.id()
    }

    /// The header.
    pub fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// Returns the object's layout.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The root of each shard, in order.
    pub fn shard_roots(&self) -> &[Hash] {
        &self.shard_roots
    }

    /// Returns the root of a shard.
    ///
    /// # Errors
    /// [`VerifyError::NoSuchShard`] if the object has fewer shards.
    pub fn shard_root(&self, shard: SlotIndex) -> Result<&Hash, VerifyError> {
        self.shard_roots.get(usize::from(shard)).ok_or(VerifyError::NoSuchShard { shard, n: self.header.n })
    }

    /// Checks that `bytes` are the frames of a shard from frame `first`, that is its chunks from stripe `first`.
    ///
    /// # Errors
    /// [`VerifyError`] if they are any other bytes, or of another place or shard.
    pub fn verify_frames(
        &self,
        shard: SlotIndex,
        first: u64,
        bytes: &[u8],
        proof: &RangeProof,
    ) -> Result<(), VerifyError> {
        verify_frames(self.shard_root(shard)?, self.layout.shard_len(), first, bytes, proof)
    }
}

/// Checks that `bytes` are whole frames, from frame `first`, of the shard of `shard_len` bytes with this root.
///
/// # Errors
/// [`VerifyError::NotFrames`] if their number can't be right, [`VerifyError::Merkle`] if they or their place are wrong.
pub fn verify_frames(
    root: &Hash,
    shard_len: u64,
    first: u64,
    bytes: &[u8],
    proof: &RangeProof,
) -> Result<(), VerifyError> {
    let not_frames = VerifyError::NotFrames { first, len: bytes.len() };
    let start = first.checked_mul(to_u64(FRAME)).ok_or(not_frames)?;
    let end = start.checked_add(to_u64(bytes.len())).ok_or(not_frames)?;
    if bytes.is_empty() || end > shard_len || (end < shard_len && !bytes.len().is_multiple_of(FRAME)) {
        return Err(not_frames);
    }
    let mut hasher = ChunkHasher::new();
    let tops = bytes.chunks(FRAME).map(|frame| hasher.top(frame)).collect::<Result<Vec<_>, _>>()?;
    Ok(merkle::verify_frames(root, shard_len / LEAF_LEN, first, &tops, proof)?)
}
