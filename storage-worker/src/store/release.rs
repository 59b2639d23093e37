//! Removing what is not kept any more: shards that were never promised, and, for [`super::lapse`], receipts and leaves with
//! everything that only they kept.
//!
//! Each operation first removes holds, then the shards that have none left, and is idempotent, so it can be repeated
//! after a crash. The files go last, once the removal of their records is durable.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table, page},
    keys::{Hold, LeafKey, ReceiptKey, ShardKey, batch_hold},
    readable,
    records::{Place, Seconds, ShardState, UploadRecord},
};
use crate::model::Lapse;
use meganet_primitives::{GroupId, hash::Hash, range::RangeLeaf, sum_tree::BatchEntry};
use std::collections::BTreeSet;

/// Entries that are released in one commit.
const AT_ONCE: usize = 1024;
/// Rows that are read in one go.
const PAGE: usize = 4096;
/// Marks the commit that makes earlier removals durable.
const REMOVED_KEY: &[u8] = b"removed";

impl Store {
    /// The leaves for which a shard is kept.
    pub fn leaves_of(&self, key: &ShardKey) -> Result<Vec<LeafKey>, StoreError> {
        let holds = page(&*self.engine, Table::Holds, &key.encode(), &[], usize::MAX)?;
        let leaf = |hold| match hold {
            Some(Hold::Leaf(leaf)) => Some(leaf),
            _ => None,
        };
        Ok(holds.iter().filter_map(|(key, _)| leaf(Hold::decode_of_shard(key))).collect())
    }

    /// The groups for whose leaves and receipts a shard is kept.
    pub fn groups_of(&self, key: &ShardKey) -> Result<BTreeSet<GroupId>, StoreError> {
        let holds = page(&*self.engine, Table::Holds, &key.encode(), &[], usize::MAX)?;
        let group = |hold| match hold {
            Hold::Leaf(leaf) => Some(leaf.group),
            Hold::Receipt(receipt) => Some(receipt.group),
            Hold::Adopted => None,
        };
        Ok(holds.iter().filter_map(|(key, _)| group(Hold::decode_of_shard(key)?)).collect())
    }

    /// Removes up to `limit` shards that were staged before `before` and have no receipt. Returns their number.
    pub fn drop_stale(&self, before: Seconds, limit: usize) -> Result<usize, StoreError> {
        let staged = self.usage.lock().staged;
        if staged == 0 {
            return Ok(0);
        }
        let (mut stale, uploaded) = self.stale_uploads(before, limit)?;
        if uploaded < staged && stale.len() < limit {
            // Some were not uploaded, but rebuilt when nothing kept them any more: only a walk over everything finds them.
            stale = self.stale_shards(before, limit)?;
        }
        let mut removed = 0;
        for keys in stale.chunks(AT_ONCE) {
            let _rows = self.alone();
            for key in keys {
                // A receipt may have been signed since the walk.
                removed += usize::from(self.remove_if_free(key)?);
            }
            self.unlink_removed()?;
        }
        Ok(removed)
    }

    /// Up to `limit` uploads that were staged before `before`, and the number of staged ones among those that were looked at.
    fn stale_uploads(&self, before: Seconds, limit: usize) -> Result<(Vec<ShardKey>, u64), StoreError> {
        let mut stale = Vec::new();
        let mut staged = 0;
        let mut from = Vec::new();
        loop {
            let uploads = page(&*self.engine, Table::Uploads, &[], &from, PAGE)?;
            let Some((last, _)) = uploads.last() else { return Ok((stale, staged)) };
            from = last.clone();
            from.push(0);
            for (key, value) in &uploads {
                let Some(key) = ShardKey::decode(key) else { continue };
                if decode::<UploadRecord>(value, "upload").is_ok_and(|upload| upload.promised.is_some()) {
                    continue;
                }
                let record = self.shard(&key)?.filter(|record| record.state == ShardState::Staged);
                let Some(record) = record else { continue };
                staged += 1;
                if record.stored_at < before {
                    stale.push(key);
                }
                if stale.len() >= limit {
                    return Ok((stale, staged));
                }
            }
        }
    }

    /// Up to `limit` shards that were staged before `before`. Reads every record.
    fn stale_shards(&self, before: Seconds, limit: usize) -> Result<Vec<ShardKey>, StoreError> {
        let mut stale = Vec::new();
        let mut after = None;
        loop {
            let shards = self.shards_after(after.as_ref(), PAGE)?;
            let Some((last, _)) = shards.last() else { return Ok(stale) };
            after = Some(*last);
            for (key, record) in shards {
                if record.state == ShardState::Staged && record.stored_at < before {
                    stale.push(key);
                }
                if stale.len() >= limit {
                    return Ok(stale);
                }
            }
        }
    }

    /// A leaf that is known and can be read.
    pub(super) fn leaf(&self, key: &LeafKey) -> Result<Option<RangeLeaf>, StoreError> {
        readable(self.load(Table::Leaves, &key.encode(), "leaf"))
    }

    /// Forgets a leaf, and what only it kept, as long as `lapse` stands: a batch of many objects is released in several steps,
    /// between which the worker may get its slot back.
    pub(super) fn drop_leaf(&self, key: &LeafKey, lapse: &Lapse) -> Result<(), StoreError> {
        let encoded = key.encode();
        let mut mark = Batch::default();
        mark.delete(Table::Unresolved, encoded.clone());
        {
            // From here on the leaf cannot be applied any more.
            let _rows = self.alone();
            if !self.ends_leaves(lapse)? {
                return Ok(());
            }
            self.engine.commit(mark, Durability::Buffered)?;
        }
        let leaf = self.leaf(key)?;
        let mut rows = Batch::default();
        for (tombstone, _) in page(&*self.engine, Table::Tombstones, &encoded, &[], usize::MAX)? {
            rows.delete(Table::Tombstones, tombstone);
        }
        rows.delete(Table::Leaves, encoded);
        let Some(leaf) = leaf else {
            return self.drop_unreadable(Hold::Leaf(*key), rows, lapse);
        };
        let hold = Hold::Leaf(*key);
        if let Some(entries) = self.batch(&leaf.batch.root)? {
            for slot in self.slots_ended(lapse, key.group)? {
                self.release_entries(hold, slot, &entries, lapse)?;
            }
        } else {
            self.release_unlisted(hold, &leaf.batch.root, lapse)?;
        }
        let _rows = self.alone();
        if !self.ends_leaves(lapse)? {
            // The leaf is marked to be applied again, which lists the shards that have gone.
            return Ok(());
        }
        self.release_batch(hold, &leaf.batch.root, rows)
    }

    /// Forgets what only an unreadable leaf kept. Its batch is found by the hold on it. Commits `rows` with that.
    fn drop_unreadable(&self, hold: Hold, rows: Batch, lapse: &Lapse) -> Result<(), StoreError> {
        let mut root = None;
        self.engine.scan(Table::BatchHolds, &[], &mut |key, _| {
            root = batch_hold(key).filter(|(_, of)| *of == hold).map(|(root, _)| root);
            root.is_none()
        })?;
        if let Some(root) = &root {
            self.release_unlisted(hold, root, lapse)?;
        }
        let _rows = self.alone();
        if !self.ends_leaves(lapse)? {
            return Ok(());
        }
        match &root {
            Some(root) => self.release_batch(hold, root, rows),
            None => Ok(self.engine.commit(rows, Durability::Synced)?),
        }
    }

    /// Removes a hold from all shards, and the shards that have no other, where the entries of its batch cannot tell which they
    /// are, as long as `lapse` stands. Reads the holds of every shard, so it is not done for a leaf that was never applied, of
    /// which there may be many: that one has no hold on its batch, which comes before those on shards.
    fn release_unlisted(&self, hold: Hold, root: &Hash, lapse: &Lapse) -> Result<(), StoreError> {
        if self.engine.get(Table::BatchHolds, &hold.of_batch(root))?.is_none() {
            return Ok(());
        }
        let mut from = Vec::new();
        loop {
            let mut found = Vec::new();
            self.engine.scan(Table::Holds, &from, &mut |key, _| {
                if Hold::decode_of_shard(key) == Some(hold) {
                    found.push(key.to_vec());
                }
                found.len() < AT_ONCE
            })?;
            let Some(last) = found.last() else { return Ok(()) };
            from = [&last[..], &[0]].concat();
            let shards: Vec<ShardKey> = found.iter().filter_map(|key| ShardKey::decode(key)).collect();
            let _rows = self.alone();
            let stands = match hold {
                Hold::Leaf(_) => self.ends_leaves(lapse)?,
                _ => self.has_lapsed(lapse)?,
            };
            if !stands {
                return Ok(());
            }
            let mut batch = Batch::default();
            for key in found {
                batch.delete(Table::Holds, key);
            }
            self.engine.commit(batch, Durability::Buffered)?;
            for shard in &shards {
                self.remove_if_free(shard)?;
            }
            self.unlink_removed()?;
        }
    }

    /// Forgets a receipt, and what only it kept, as long as `lapse` stands.
    pub(super) fn drop_receipt(&self, key: &ReceiptKey, lapse: &Lapse) -> Result<(), StoreError> {
        let hold = Hold::Receipt(*key);
        if let Some(entries) = self.batch(&key.batch)? {
            self.release_entries(hold, key.slot, &entries, lapse)?;
        } else {
            self.release_unlisted(hold, &key.batch, lapse)?;
        }
        let mut batch = Batch::default();
        batch.delete(Table::Receipts, key.encode());
        let _rows = self.alone();
        if !self.has_lapsed(lapse)? {
            return Ok(());
        }
        self.end_lapse(&Lapse::Receipt(*key), &mut batch)?;
        self.release_batch(hold, &key.batch, batch)
    }

    /// Removes a hold from the shards of a batch, and the shards that have no other, as long as `lapse` stands.
    pub(super) fn release_entries(
        &self,
        hold: Hold,
        slot: u8,
        entries: &[BatchEntry],
        lapse: &Lapse,
    ) -> Result<(), StoreError> {
        for entries in entries.chunks(AT_ONCE) {
            let _rows = self.alone();
            if !self.has_lapsed(lapse)? {
                return Ok(());
            }
            let shards = entries.iter().map(|entry| ShardKey { object: entry.object, shard: slot });
            let mut batch = Batch::default();
            for shard in shards.clone() {
                batch.delete(Table::Holds, hold.of_shard(&shard));
            }
            self.engine.commit(batch, Durability::Buffered)?;
            for shard in shards {
                self.remove_if_free(&shard)?;
            }
            self.unlink_removed()?;
        }
        Ok(())
    }

    /// Removes a hold from a batch, and the batch if it has no other. Commits `rows` with that.
    fn release_batch(&self, hold: Hold, root: &Hash, mut rows: Batch) -> Result<(), StoreError> {
        let key = hold.of_batch(root);
        let others = page(&*self.engine, Table::BatchHolds, root, &[], 2)?;
        if others.iter().all(|(other, _)| *other == key) {
            rows.delete(Table::Batches, root.to_vec());
        }
        rows.delete(Table::BatchHolds, key);
        Ok(self.engine.commit(rows, Durability::Synced)?)
    }

    /// Removes a shard, held or missing, if it has no hold; otherwise updates its state. Returns true if it was removed.
    pub(super) fn remove_if_free(&self, key: &ShardKey) -> Result<bool, StoreError> {
        let state = self.state_of(key)?;
        if state == ShardState::Staged {
            self.remove_shard(key)?;
            return Ok(true);
        }
        if let Some(record) = self.shard(key)?.filter(|record| record.state != state) {
            let after = super::records::ShardRecord { state, ..record.clone() };
            self.save(Table::Shards, key.encode(), &after, Durability::Buffered)?;
            self.recount(&[(record, after)]);
        }
        Ok(false)
    }

    /// Removes a shard's records, and its object's if no other shard of it is held. Its file, if it has one, is removed by
    /// [`Self::unlink_removed`], which the caller calls before it releases the lock of the rows.
    pub(super) fn remove_shard(&self, key: &ShardKey) -> Result<(), StoreError> {
        let encoded = key.encode();
        let record = self.shard(key)?;
        let was_missing = self.engine.get(Table::Missing, &encoded)?.is_some();
        let mut batch = Batch::default();
        for table in [Table::Shards, Table::Inline, Table::Trees, Table::Missing] {
            batch.delete(table, encoded.clone());
        }
        if record.as_ref().is_some_and(|record| record.place == Place::File) {
            batch.put(Table::Removed, encoded.clone(), Vec::new());
        }
        let upload = self.end_upload(key, &mut batch)?;
        let shards = page(&*self.engine, Table::Shards, &key.object.0, &[], 2)?;
        if shards.iter().all(|(other, _)| *other == encoded) {
            batch.delete(Table::Objects, key.object.0.to_vec());
        }
        self.engine.commit(batch, Durability::Buffered)?;
        self.files.reached("shard-unrecorded")?;
        self.trees.lock().remove(key);
        let mut usage = self.usage.lock();
        if let Some(record) = &record {
            usage.remove(record);
        }
        if let Some(upload) = &upload {
            usage.remove_upload(upload);
        }
        usage.missing = usage.missing.saturating_sub(u64::from(was_missing));
        Ok(())
    }

    /// Adds the end of an upload to `batch`: it is registered or removed. Returns it, to be taken out of the count.
    pub(super) fn end_upload(&self, key: &ShardKey, batch: &mut Batch) -> Result<Option<UploadRecord>, StoreError> {
        let encoded = key.encode();
        let upload = readable(self.load(Table::Uploads, &encoded, "upload"))?;
        batch.delete(Table::Uploads, encoded);
        Ok(upload)
    }

    /// Removes the files of shards whose records are removed. Makes the removal of the records durable first: otherwise a
    /// power cut could bring back the record of a file that is gone.
    pub(super) fn unlink_removed(&self) -> Result<(), StoreError> {
        let rows = page(&*self.engine, Table::Removed, &[], &[], usize::MAX)?;
        if rows.is_empty() {
            return Ok(());
        }
        self.save(Table::Meta, REMOVED_KEY.to_vec(), &(), Durability::Synced)?;
        self.files.reached("removal-synced")?;
        let mut batch = Batch::default();
        for (key, _) in rows {
            if let Some(shard) = ShardKey::decode(&key) {
                self.files.remove(&shard)?;
            }
            batch.delete(Table::Removed, key);
        }
        self.files.reached("file-removed")?;
        Ok(self.engine.commit(batch, Durability::Buffered)?)
    }
}
