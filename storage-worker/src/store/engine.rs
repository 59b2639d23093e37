//! The small ordered key-value store under the index: tables, atomic batches, scans. [`super::rocks`] implements it on
//! disk, [`super::memory`] in memory for tests.

use std::path::PathBuf;

/// The tables of the index. Keys are in [`super::keys`], values in [`super::records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Facts about the store itself: format, cursors, the last followed block.
    Meta,
    /// Object → header and shard roots.
    Objects,
    /// Object and shard → where its bytes are, and their state. Present only while bytes are held.
    Shards,
    /// Object and shard → the bytes of a small shard.
    Inline,
    /// Object and shard → the frame tops of its Merkle tree.
    Trees,
    /// Why a shard is kept: object, shard, reason.
    Holds,
    /// Batch root → its entries.
    Batches,
    /// Why a batch is kept: root, reason.
    BatchHolds,
    /// Expiry, group, index → a leaf of a group's range.
    Leaves,
    /// Leaves whose batch has not been fetched and applied yet.
    Unresolved,
    /// Receipts that were signed and not seen on chain yet, by expiry.
    Receipts,
    /// Shards to be rebuilt: missing or damaged.
    Missing,
    /// Leaf and object: deleted early by its owner.
    Tombstones,
    /// Promises that the chain is reported to have ended; the bytes are kept for a while.
    Lapsed,
    /// Object and shard → who uploaded it, until it is registered or removed.
    Uploads,
    /// Shards whose records are removed, and whose files may still be there.
    Removed,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 16] = [
        Self::Meta,
        Self::Objects,
        Self::Shards,
        Self::Inline,
        Self::Trees,
        Self::Holds,
        Self::Batches,
        Self::BatchHolds,
        Self::Leaves,
        Self::Unresolved,
        Self::Receipts,
        Self::Missing,
        Self::Tombstones,
        Self::Lapsed,
        Self::Uploads,
        Self::Removed,
    ];

    /// The table's name on disk. Never changed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Objects => "objects",
            Self::Shards => "shards",
            Self::Inline => "inline",
            Self::Trees => "trees",
            Self::Holds => "holds",
            Self::Batches => "batches",
            Self::BatchHolds => "batch-holds",
            Self::Leaves => "leaves",
            Self::Unresolved => "unresolved",
            Self::Receipts => "receipts",
            Self::Missing => "missing",
            Self::Tombstones => "tombstones",
            Self::Lapsed => "lapsed",
            Self::Uploads => "uploads",
            Self::Removed => "removed",
        }
    }
}

/// One change of a batch.
#[derive(Clone, Debug)]
pub enum Write {
    /// Sets a value.
    Put(Table, Vec<u8>, Vec<u8>),
    /// Removes a key, present or not.
    Delete(Table, Vec<u8>),
}

/// Changes that are applied in order, all or none.
#[derive(Clone, Debug, Default)]
pub struct Batch(pub Vec<Write>);

impl Batch {
    /// Sets a value.
    pub fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.0.push(Write::Put(table, key, value));
    }

    /// Removes a key.
    pub fn delete(&mut self, table: Table, key: Vec<u8>) {
        self.0.push(Write::Delete(table, key));
    }
}

/// The guarantee of a commit when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The change survives a kill of the process, but not a power cut.
    Buffered,
    /// The change and every earlier commit survive a power cut.
    Synced,
}

/// Why the index cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process has it open.
    #[error("{path:?} is in use by another meganet-worker: stop that one, or give this one its own --base-path")]
    Locked {
        /// The index folder.
        path: PathBuf,
    },
    /// Bytes on disk do not match their checksums.
    #[error(
        "the index is damaged ({0}): if this repeats, stop the worker, move the folder `index` away and start again: shard files are adopted, the rest is rebuilt from the other workers"
    )]
    Corrupt(String),
    /// The disk or the operating system failed.
    #[error("the index could not be read or written ({0}): check that the disk is mounted, writable and not full")]
    Io(String),
}

/// Called by a scan for each key and value; the scan continues while it returns true.
pub type Visitor<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> bool;

/// A key and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// An ordered key-value store.
pub trait Engine: Send + Sync + 'static {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;

    /// Visits keys from `from` on (inclusive), in ascending byte order, until the visitor returns false.
    fn scan(&self, table: Table, from: &[u8], visit: Visitor<'_>) -> Result<(), EngineError>;

    /// The pair with the greatest key that begins with `prefix`.
    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<KeyValue>, EngineError>;

    /// Applies a batch atomically.
    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), EngineError>;
}

/// Consecutive keys and their values.
pub type Page = Vec<KeyValue>;

/// Returns up to `limit` pairs whose keys begin with `prefix` and are not less than `from`.
pub fn page(engine: &dyn Engine, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Result<Page, EngineError> {
    let mut found = Page::new();
    if limit == 0 {
        return Ok(found);
    }
    let start = if from > prefix { from } else { prefix };
    engine.scan(table, start, &mut |key, value| {
        if !key.starts_with(prefix) {
            return false;
        }
        found.push((key.to_vec(), value.to_vec()));
        found.len() < limit
    })?;
    Ok(found)
}
