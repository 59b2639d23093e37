//! A worker's store, filled as if owners had uploaded objects and the chain had registered them.

use super::read_count::CountingEngine;
use anyhow::{Context, Result, ensure};
use codec::{DecodeAll, Encode};
use meganet_objects::ChunkHasher;
use meganet_primitives::{
    Epoch, GroupId, SlotIndex,
    hash::{Hash, Tag, tagged},
    merkle::FrameTree,
    object::{CODEC_RS_GF8, FRAME_LEN, LEAF_LEN, Layout, OBJECT_VERSION, ObjectHeader, sealed_len, shards_root},
    placement::{Profile, ProfileId},
    range::{RangeLeaf, RangeState},
    sum_tree::{BatchEntry, summarize},
};
use meganet_worker::store::{
    self, AddLeaf, INLINE_MAX, InitOptions, Store,
    engine::{Batch, Durability, Engine, Table},
    keys::{LeafKey, ShardKey},
    no_hook,
    records::{ObjectRecord, Place, ShardRecord, ShardState},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The profile whose objects have the longest shards.
pub(super) const PROFILE: Profile = ProfileId::Compact.profile();
pub(super) const GROUP: GroupId = 1;
pub(super) const SLOT: SlotIndex = 3;
pub(super) const EXPIRY: Epoch = 90;

/// The content of a store: shards of equal length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Number of shards.
    pub shards: u64,
    /// Plaintext bytes of each object.
    pub plain_len: u64,
    /// Objects of a batch.
    pub per_batch: u64,
}

impl Shape {
    /// Divides the size by `scale`: fewer shards if there are many, otherwise shorter ones.
    pub(super) fn scaled(self, scale: u64) -> Self {
        if self.shards > scale {
            Self { shards: self.shards / scale, ..self }
        } else {
            Self { plain_len: (self.plain_len / scale).max(1), ..self }
        }
    }

    fn layout(&self) -> Result<Layout> {
        Ok(Layout::new(PROFILE.k, PROFILE.n, sealed_len(self.plain_len)?)?)
    }
}

/// The folder of a worker's data, and the chain's record of them.
pub(super) struct FilledStore {
    folder: PathBuf,
    /// The range of its group, in which everything is registered.
    pub range: RangeState,
}

impl FilledStore {
    /// Fills a new folder.
    pub(super) fn prepare(folder: &Path, shape: &Shape) -> Result<Self> {
        let mut filled = Self { folder: folder.into(), range: RangeState::default() };
        store::init(&filled.base(), "bench", InitOptions::default())?;
        let engine = CountingEngine::open(&filled.index(), false)?;
        let store = Store::with(&filled.base(), Box::new(engine.clone()), no_hook())?;
        let writer = Writer { store, engine, layout: shape.layout()?, zeros: zeros(&shape.layout()?)? };
        let mut objects = 0..shape.shards;
        for index in 0.. {
            let entries = objects
                .by_ref()
                .take(usize::try_from(shape.per_batch)?)
                .map(|object| writer.put(object))
                .collect::<Result<Vec<_>>>()?;
            if entries.is_empty() {
                break;
            }
            let leaf = writer.register(index, &entries)?;
            filled.range.append(&leaf)?;
        }
        fs::write(filled.range_file(), filled.range.encode())?;
        Ok(filled)
    }

    /// Opens a folder filled by [`Self::prepare`].
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut filled = Self { folder: folder.into(), range: RangeState::default() };
        filled.range = RangeState::decode_all(&mut &*fs::read(filled.range_file())?)?;
        Ok(filled)
    }

    /// The worker's base path.
    pub(super) fn base(&self) -> PathBuf {
        self.folder.join("worker")
    }

    /// The folder of the store's index.
    pub(super) fn index(&self) -> PathBuf {
        self.base().join("index")
    }

    fn range_file(&self) -> PathBuf {
        self.folder.join("range")
    }
}

struct Writer {
    store: Store,
    engine: CountingEngine,
    layout: Layout,
    zeros: FrameTree,
}

impl Writer {
    /// Stores this worker's shard of an object.
    fn put(&self, object: u64) -> Result<BatchEntry> {
        let len = self.layout.shard_len();
        let (record, key) = if len <= INLINE_MAX { self.upload(object)? } else { self.assume(object)? };
        Ok(BatchEntry { object: key.object, shards_root: record.header.shards_root, shard_len: len })
    }

    /// Through the store's interface.
    fn upload(&self, object: u64) -> Result<(ObjectRecord, ShardKey)> {
        let len = usize::try_from(self.layout.shard_len())?;
        let mut writer = self.store.begin(self.layout.shard_len())?;
        writer.write(&filler("bytes", &[object]).repeat(len / 32))?;
        let shard = writer.finish()?;
        let (record, key) = self.object(object, *shard.root());
        self.store.commit(shard, &key, &record, GROUP, 0)?;
        Ok((record, key))
    }

    /// Writes what an upload of zeros would leave: a sparse file, and the rows of the index.
    fn assume(&self, object: u64) -> Result<(ObjectRecord, ShardKey)> {
        let (record, key) = self.object(object, self.zeros.root());
        let path = self.store.path_of(&key);
        fs::create_dir_all(path.parent().context("a shard's file is in a folder")?)?;
        File::create(path)?.set_len(self.layout.shard_len())?;
        let shard = ShardRecord {
            group: GROUP,
            len: self.layout.shard_len(),
            place: Place::File,
            state: ShardState::Staged,
            damaged: false,
            stored_at: 0,
        };
        let mut rows = Batch::default();
        rows.put(Table::Trees, key.encode(), self.zeros.tops().concat());
        rows.put(Table::Objects, key.object.0.to_vec(), record.encode());
        rows.put(Table::Shards, key.encode(), shard.encode());
        self.engine.commit(rows, Durability::Buffered)?;
        Ok((record, key))
    }

    /// An object in which the shard of this worker has this root; those of the others are invented.
    fn object(&self, object: u64, own: Hash) -> (ObjectRecord, ShardKey) {
        let root = |slot: u8| if slot == SLOT { own } else { filler("root", &[object, slot.into()]) };
        let roots: Vec<Hash> = (0..PROFILE.n).map(root).collect();
        let header = ObjectHeader {
            version: OBJECT_VERSION,
            codec: CODEC_RS_GF8,
            k: PROFILE.k,
            n: PROFILE.n,
            sealed_len: self.layout.sealed_len(),
            shards_root: shards_root(&roots),
        };
        (ObjectRecord { header, roots }, ShardKey { object: header.id(), shard: SLOT })
    }

    /// Records that the chain has registered a batch.
    fn register(&self, index: u64, entries: &[BatchEntry]) -> Result<RangeLeaf> {
        let leaf =
            RangeLeaf { batch: summarize(entries)?, owner: filler("owner", &[]), signed: 1 << SLOT, registered: 1 };
        let key = LeafKey { expiry: EXPIRY, group: GROUP, index };
        ensure!(self.store.add_leaf(&key, &leaf)? == AddLeaf::Added, "leaf {index} was not taken");
        self.store.resolve(&key, &leaf, SLOT, entries, 0)?;
        Ok(leaf)
    }
}

/// The tree of a shard of zeros: all its full frames are equal.
fn zeros(layout: &Layout) -> Result<FrameTree> {
    let mut hasher = ChunkHasher::new();
    let whole = hasher.top(&vec![0; usize::try_from(FRAME_LEN)?])?;
    let mut tops = vec![whole; usize::try_from(layout.full_stripes())?];
    if layout.tail_chunk_len() > 0 {
        tops.push(hasher.top(&vec![0; usize::try_from(layout.tail_chunk_len())?])?);
    }
    Ok(FrameTree::new(tops, layout.shard_len() / LEAF_LEN)?)
}

/// An arbitrary digest, different from all others.
pub(super) fn filler(purpose: &str, numbers: &[u64]) -> Hash {
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    tagged(Tag::Seed, &[purpose.as_bytes(), &numbers])
}
