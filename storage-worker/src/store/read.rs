//! Reading shards: nothing leaves the disk that does not match the shard's tree, and the tree the shard's root.

use super::{
    ReadError, Store, StoreError,
    engine::{Batch, Durability, EngineError, Table},
    keys::ShardKey,
    records::{Place, ShardRecord},
};
use meganet_objects::{ChunkHasher, ShardHasher};
use meganet_primitives::{
    convert::to_u64,
    hash::Hash,
    merkle::{FrameTree, RangeProof},
    object::{FRAME_LEN, LEAF_LEN},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// The most frames of all shard trees in the cache; each costs 64 bytes.
const CACHED_FRAMES: u64 = 128 * 1024;

/// Length of a frame in bytes.
const FRAME: usize = 64 * 1024;

/// Frames of a shard, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramesRead {
    /// The concatenated frames.
    pub bytes: Vec<u8>,
    /// The proof that their leaves belong to the shard.
    pub proof: RangeProof,
}

/// The trees of recently read shards; the first one in is the first one out.
#[derive(Default)]
pub(super) struct TreeCache {
    trees: HashMap<ShardKey, Arc<FrameTree>>,
    order: VecDeque<ShardKey>,
    frames: u64,
}

impl TreeCache {
    pub(super) fn get(&self, key: &ShardKey) -> Option<Arc<FrameTree>> {
        self.trees.get(key).cloned()
    }

    pub(super) fn put(&mut self, key: ShardKey, tree: Arc<FrameTree>) {
        self.remove(&key);
        self.frames = self.frames.saturating_add(tree.frames());
        self.trees.insert(key, tree);
        self.order.push_back(key);
        while self.frames > CACHED_FRAMES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(tree) = self.trees.remove(&oldest) {
                self.frames = self.frames.saturating_sub(tree.frames());
            }
        }
    }

    pub(super) fn remove(&mut self, key: &ShardKey) {
        if let Some(tree) = self.trees.remove(key) {
            self.frames = self.frames.saturating_sub(tree.frames());
            self.order.retain(|other| other != key);
        }
    }
}

/// The tops of the frames in `bytes`, which begin at a frame.
fn tops_of(bytes: &[u8]) -> Option<Vec<Hash>> {
    let mut hasher = ChunkHasher::new();
    bytes.chunks(FRAME).map(|frame| hasher.top(frame).ok()).collect()
}

impl Store {
    /// Frames `first .. first + count` of a shard, checked against its tree.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the bytes on disk differ from those that were stored; the caller then asks
    /// [`Store::is_newly_damaged`].
    pub fn frames(&self, key: &ShardKey, first: u64, count: u64) -> Result<FramesRead, ReadError> {
        let record = self.shard(key)?.ok_or(ReadError::NotHere)?;
        let tree = self.cached_tree(key, &record)?;
        self.frames_by(key, &record, &tree, first, count)
    }

    /// Reads a frame that was found damaged once more; returns true if it is damaged, in a shard that is not known to be.
    /// A shard can be marked as damaged and written anew while another reader is at its old bytes, and marking it again
    /// would cost the other members a second rebuild.
    pub fn is_newly_damaged(&self, key: &ShardKey, frame: u64) -> Result<bool, StoreError> {
        let Some(record) = self.shard(key)?.filter(|record| !record.damaged) else { return Ok(false) };
        // Not from the cache: the damage may be in the tree, or in the row of the object.
        match self.tree(key, &record).and_then(|tree| self.frames_by(key, &record, &tree, frame, 1)) {
            Err(ReadError::Damaged { .. }) => Ok(true),
            Err(ReadError::Store(error)) => Err(error),
            Ok(_) | Err(ReadError::NotHere | ReadError::OutOfRange { .. }) => Ok(false),
        }
    }

    /// The tree of a shard, from the cache or from disk; verified.
    pub(super) fn cached_tree(&self, key: &ShardKey, record: &ShardRecord) -> Result<Arc<FrameTree>, ReadError> {
        if let Some(tree) = self.trees.lock().get(key) {
            return Ok(tree);
        }
        let tree = Arc::new(self.tree(key, record)?);
        self.trees.lock().put(*key, tree.clone());
        Ok(tree)
    }

    /// The tree of a shard, from disk, checked against the shard's root.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the tree is lost or damaged and the shard is not whole, or if the shard's root is lost.
    pub fn tree(&self, key: &ShardKey, record: &ShardRecord) -> Result<FrameTree, ReadError> {
        // A shard that was released meanwhile has none either: that shows when it is read once more.
        let root = self.root_of(key)?.ok_or(ReadError::Damaged { frame: 0 })?;
        match FrameTree::new(self.tops(key)?, record.len / LEAF_LEN) {
            Ok(tree) if tree.root() == root => Ok(tree),
            _ => self.hash_again(key, record, &root),
        }
    }

    fn root_of(&self, key: &ShardKey) -> Result<Option<Hash>, StoreError> {
        let object = self.object(&key.object)?;
        Ok(object.and_then(|object| object.roots.get(usize::from(key.shard)).copied()))
    }

    /// The tops of a shard's frames as the index has them, unchecked; empty if they are lost.
    pub(super) fn tops(&self, key: &ShardKey) -> Result<Vec<Hash>, EngineError> {
        let tops = self.load_long(Table::Trees, &key.encode())?.unwrap_or_default();
        Ok(tops.chunks_exact(32).filter_map(|top| top.try_into().ok()).collect())
    }

    /// Computes a lost or damaged tree from the shard, if that is whole.
    fn hash_again(&self, key: &ShardKey, record: &ShardRecord, root: &Hash) -> Result<FrameTree, ReadError> {
        let mut hasher = ShardHasher::new();
        let mut offset = 0;
        while offset < record.len {
            let bytes = self.bytes(key, record, offset, FRAME_LEN.min(record.len - offset))?;
            hasher.push(&bytes.ok_or(ReadError::Damaged { frame: offset / FRAME_LEN })?);
            offset = offset.saturating_add(FRAME_LEN);
        }
        match hasher.finish() {
            Ok((found, tree)) if found == *root => {
                let mut batch = Batch::default();
                batch.put(Table::Trees, key.encode(), tree.tops().concat());
                self.engine.commit(batch, Durability::Buffered)?;
                Ok(tree)
            }
            _ => Err(ReadError::Damaged { frame: 0 }),
        }
    }

    /// Frames of a shard, checked against a tree that the caller has.
    ///
    /// # Errors
    /// As [`Self::frames`].
    pub fn frames_by(
        &self,
        key: &ShardKey,
        record: &ShardRecord,
        tree: &FrameTree,
        first: u64,
        count: u64,
    ) -> Result<FramesRead, ReadError> {
        let beyond = || ReadError::OutOfRange { frames: tree.frames() };
        let proof = tree.prove_frames(first, count).map_err(|_| beyond())?;
        let offset = first.saturating_mul(FRAME_LEN);
        let end = first.saturating_add(count).saturating_mul(FRAME_LEN).min(record.len);
        let damaged = ReadError::Damaged { frame: first };
        let Some(bytes) = self.bytes(key, record, offset, end.saturating_sub(offset))? else {
            return Err(damaged);
        };
        let start = usize::try_from(first).map_err(|_| beyond())?;
        let wanted = tree.tops().get(start..).unwrap_or_default();
        let found = tops_of(&bytes).ok_or(damaged)?;
        match found.iter().zip(wanted).position(|(found, wanted)| found != wanted) {
            None => Ok(FramesRead { bytes, proof }),
            Some(bad) => Err(ReadError::Damaged { frame: first.saturating_add(to_u64(bad)) }),
        }
    }

    /// Bytes of a shard, unverified; `None` if there are fewer.
    pub(super) fn bytes(
        &self,
        key: &ShardKey,
        record: &ShardRecord,
        offset: u64,
        len: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (Ok(start), Ok(len)) = (usize::try_from(offset), usize::try_from(len)) else {
            return Ok(None);
        };
        match record.place {
            Place::Inline => {
                let bytes = self.load_long(Table::Inline, &key.encode())?;
                Ok(bytes.and_then(|bytes| bytes.get(start..start.checked_add(len)?).map(<[u8]>::to_vec)))
            }
            Place::File => {
                let mut bytes = vec![0; len];
                Ok(self.files.read(key, offset, &mut bytes)?.then_some(bytes))
            }
        }
    }

    /// The path of a shard's file, if it has one: for tests.
    pub fn path_of(&self, key: &ShardKey) -> std::path::PathBuf {
        self.files.path(key)
    }
}
