//! Storing a shard: streamed, hashed on the way, durable before it counts.

use super::{
    INLINE_MAX, Store, StoreError, WriteError,
    engine::{Batch, Durability, Table},
    files::UnfinishedFile,
    footer,
    keys::{Hold, ShardKey},
    records::{ObjectRecord, Place, Seconds, ShardRecord, ShardState, UploadRecord},
};
use codec::Encode;
use meganet_objects::ShardHasher;
use meganet_primitives::{AccountId, GroupId, convert::to_u64, hash::Hash, merkle::FrameTree, receipt::PeerKey};
use std::sync::Arc;

enum Bytes {
    Inline(Vec<u8>),
    File(UnfinishedFile),
}

/// A shard that is being written. Needs constant memory, except for small shards and the digests of frames (32 bytes for
/// each 64 KiB). Dropped before it is committed, it leaves nothing.
pub struct IncomingShard {
    announced: u64,
    received: u64,
    hasher: ShardHasher,
    bytes: Bytes,
}

/// A shard that is complete and hashed, but not in the store yet.
pub struct FinishedShard {
    len: u64,
    root: Hash,
    tree: FrameTree,
    bytes: Bytes,
}

impl FinishedShard {
    /// The Merkle root of its bytes.
    pub fn root(&self) -> &Hash {
        &self.root
    }
}

impl IncomingShard {
    /// Appends bytes.
    ///
    /// # Errors
    /// [`WriteError::Length`] beyond the announced length, or an error of the disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let more = to_u64(bytes.len());
        let received = self.received.saturating_add(more);
        if received > self.announced {
            return Err(WriteError::Length { announced: self.announced, received });
        }
        self.received = received;
        self.hasher.push(bytes);
        match &mut self.bytes {
            Bytes::Inline(held) => held.extend_from_slice(bytes),
            Bytes::File(file) => file.write(bytes)?,
        }
        Ok(())
    }

    /// Ends the shard.
    ///
    /// # Errors
    /// [`WriteError::Length`] if bytes are missing.
    pub fn finish(self) -> Result<FinishedShard, WriteError> {
        let short = WriteError::Length { announced: self.announced, received: self.received };
        if self.received != self.announced {
            return Err(short);
        }
        let (root, tree) = self.hasher.finish().map_err(|_| short)?;
        Ok(FinishedShard { len: self.received, root, tree, bytes: self.bytes })
    }
}

/// A shard that is being placed. Ends when it is dropped, also by a panic: the shard could otherwise never be stored.
pub(super) struct Placing<'a> {
    store: &'a Store,
    key: ShardKey,
}

impl<'a> Placing<'a> {
    /// Returns `None` while another thread places the same shard.
    pub(super) fn begin(store: &'a Store, key: ShardKey) -> Option<Self> {
        store.placing.lock().insert(key).then(|| Self { store, key })
    }
}

impl Drop for Placing<'_> {
    fn drop(&mut self) {
        self.store.placing.lock().remove(&self.key);
    }
}

impl Store {
    /// Begins to write a shard of `len` bytes.
    pub fn begin(&self, len: u64) -> Result<IncomingShard, StoreError> {
        let bytes = if len <= INLINE_MAX { Bytes::Inline(Vec::new()) } else { Bytes::File(self.files.begin()?) };
        Ok(IncomingShard { announced: len, received: 0, hasher: ShardHasher::new(), bytes })
    }

    /// Stores a shard that somebody uploads.
    ///
    /// # Errors
    /// As of [`Self::commit`].
    pub fn commit_upload(
        &self,
        shard: FinishedShard,
        key: &ShardKey,
        object: &ObjectRecord,
        group: GroupId,
        (account, peer): (AccountId, PeerKey),
        now: Seconds,
    ) -> Result<(), WriteError> {
        let upload = UploadRecord { account, peer, len: shard.len, promised: None };
        self.commit_as(shard, key, object, group, Some(upload), now)
    }

    /// Stores a shard. When this returns the shard is durable, and no longer missing or damaged.
    ///
    /// `object` must have been checked: its header hashes to the key's object, its roots to the header. The root of
    /// the shard is checked here, so that callers cannot forget it.
    ///
    /// # Errors
    /// [`WriteError::Mismatch`] if it is not the shard that the object has at that index.
    pub fn commit(
        &self,
        shard: FinishedShard,
        key: &ShardKey,
        object: &ObjectRecord,
        group: GroupId,
        now: Seconds,
    ) -> Result<(), WriteError> {
        self.commit_as(shard, key, object, group, None, now)
    }

    fn commit_as(
        &self,
        mut shard: FinishedShard,
        key: &ShardKey,
        object: &ObjectRecord,
        group: GroupId,
        upload: Option<UploadRecord>,
        now: Seconds,
    ) -> Result<(), WriteError> {
        if object.roots.get(usize::from(key.shard)) != Some(&shard.root) {
            return Err(WriteError::Mismatch);
        }
        if let Bytes::File(file) = &mut shard.bytes {
            // The group of the record, which a shard that is stored again keeps.
            let group = self.shard(key)?.map_or(group, |record| record.group);
            file.write(&footer::encode(group, object))?;
            // The slow part, before anything is locked.
            self.files.reached("shard-written")?;
            file.sync()?;
            self.files.reached("shard-synced")?;
        }
        let _rows = self.shared();
        let _placing = Placing::begin(self, *key).ok_or(WriteError::Concurrent)?;
        self.place(shard, key, object, group, upload, now)
    }

    fn place(
        &self,
        shard: FinishedShard,
        key: &ShardKey,
        object: &ObjectRecord,
        group: GroupId,
        upload: Option<UploadRecord>,
        now: Seconds,
    ) -> Result<(), WriteError> {
        let before = self.shard(key)?;
        // What is overdue and uploaded again has an uploader and an age anew, as if it had been removed.
        let (is_whole, again) = match &before {
            Some(record) => (self.whole(key, record)?.is_some(), upload.is_some() && self.is_overdue(key, record)?),
            None => (false, false),
        };
        if is_whole {
            if let Some(upload) = upload.filter(|_| again) {
                let mut batch = Batch::default();
                let earlier = self.put_upload(key, &upload, &mut batch)?;
                self.engine.commit(batch, Durability::Synced)?;
                self.recount_uploads(&[(earlier, upload)]);
            }
            return Ok(());
        }
        let place = match &shard.bytes {
            Bytes::Inline(_) => Place::Inline,
            Bytes::File(_) => Place::File,
        };
        let (group, state, stored_at) = match &before {
            Some(record) => (record.group, record.state, record.stored_at),
            None => (group, self.state_of(key)?, now),
        };
        let record = ShardRecord { group, len: shard.len, place, state, damaged: false, stored_at };
        let mut batch = Batch::default();
        match shard.bytes {
            Bytes::Inline(bytes) => batch.put(Table::Inline, key.encode(), bytes),
            Bytes::File(file) => self.files.place(file, key)?,
        }
        // A registered shard is nobody's upload any more.
        let upload = upload.filter(|_| (before.is_none() || again) && state < ShardState::Registered);
        let upload = match upload {
            Some(upload) => Some((self.put_upload(key, &upload, &mut batch)?, upload)),
            None => None,
        };
        self.note_held(key, object, &record, before.as_ref(), shard.tree, batch)?;
        self.recount_uploads(upload.as_slice());
        Ok(())
    }

    /// Commits `batch` with the rows of a shard whose bytes are durable, and counts the shard.
    pub(super) fn note_held(
        &self,
        key: &ShardKey,
        object: &ObjectRecord,
        record: &ShardRecord,
        before: Option<&ShardRecord>,
        tree: FrameTree,
        mut batch: Batch,
    ) -> Result<(), StoreError> {
        let encoded = key.encode();
        batch.put(Table::Objects, key.object.0.to_vec(), object.encode());
        batch.put(Table::Trees, encoded.clone(), tree.tops().concat());
        batch.put(Table::Shards, encoded.clone(), record.encode());
        batch.delete(Table::Missing, encoded.clone());
        // The file is this shard's again, whatever was to be removed.
        batch.delete(Table::Removed, encoded.clone());
        let was_missing = self.engine.get(Table::Missing, &encoded)?.is_some();
        self.engine.commit(batch, Durability::Synced)?;
        self.files.reached("shard-recorded")?;
        self.trees.lock().put(*key, Arc::new(tree));
        let mut usage = self.usage.lock();
        if let Some(before) = before {
            usage.remove(before);
        }
        usage.add(record);
        usage.missing = usage.missing.saturating_sub(u64::from(was_missing));
        Ok(())
    }

    /// The state of a shard, by its holds.
    pub(super) fn state_of(&self, key: &ShardKey) -> Result<ShardState, StoreError> {
        let mut state = ShardState::Staged;
        let prefix = key.encode();
        self.engine.scan(Table::Holds, &prefix, &mut |held, _| {
            if !held.starts_with(&prefix) {
                return false;
            }
            state = state.max(match Hold::decode_of_shard(held) {
                Some(Hold::Leaf(_)) => ShardState::Registered,
                Some(Hold::Adopted) => ShardState::Adopted,
                // A shard is better kept too long than lost to an unreadable hold.
                Some(Hold::Receipt(_)) | None => ShardState::Receipted,
            });
            state < ShardState::Registered
        })?;
        Ok(state)
    }
}
