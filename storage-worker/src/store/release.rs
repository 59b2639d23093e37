//! Releasing what expired, was deleted by its owner, or was never registered, and groups that this worker has left.
//!
//! Each operation first removes holds, then the shards that have none left, and is idempotent, so it can be repeated
//! after a crash. A file is removed after its record, so that every recorded file exists.

use super::{
    Store, StoreError,
    engine::{Batch, Durability, Table, page},
    keys::{Hold, LeafKey, ReceiptKey, ShardKey, tombstone},
    records::{Seconds, ShardState},
};
use meganet_primitives::{
    BlockNumber, Epoch, GroupId, hash::Hash, object::ObjectId, range::RangeLeaf, sum_tree::BatchEntry,
};

/// Entries that are released in one commit.
const AT_ONCE: usize = 1024;

impl Store {
    /// Drops up to `limit` leaves and receipts that expire at the beginning of `epoch` or before, and what only they
    /// kept. Returns the number of dropped ones; fewer than `limit` if no more are left.
    pub fn expire(&self, epoch: Epoch, limit: usize) -> Result<usize, StoreError> {
        let slots = self.slots()?;
        let mut dropped = 0;
        for (key, _) in page(&*self.engine, Table::Leaves, &[], &[], limit)? {
            let leaf = LeafKey::decode(&key).ok_or(StoreError::BadRecord("leaf key"))?;
            if leaf.expiry > epoch {
                break;
            }
            let slot = slots.iter().find(|(group, _)| *group == leaf.group).map(|(_, slot)| *slot);
            self.drop_leaf(&leaf, slot)?;
            dropped += 1;
        }
        for (key, _) in page(&*self.engine, Table::Receipts, &[], &[], limit.saturating_sub(dropped))? {
            let receipt = ReceiptKey::decode(&key).ok_or(StoreError::BadRecord("receipt key"))?;
            if receipt.expiry > epoch {
                break;
            }
            self.drop_receipt(&receipt)?;
            dropped += 1;
        }
        Ok(dropped)
    }

    /// Forgets a group in which this worker has lost its slot: its leaves and receipts, and what only they kept.
    pub fn leave_group(&self, group: GroupId) -> Result<(), StoreError> {
        let slot = self.slots()?.into_iter().find(|(of, _)| *of == group).map(|(_, slot)| slot);
        for (key, _) in page(&*self.engine, Table::Leaves, &[], &[], usize::MAX)? {
            if let Some(leaf) = LeafKey::decode(&key).filter(|leaf| leaf.group == group) {
                self.drop_leaf(&leaf, slot)?;
            }
        }
        for (key, _) in page(&*self.engine, Table::Receipts, &[], &[], usize::MAX)? {
            if let Some(receipt) = ReceiptKey::decode(&key).filter(|receipt| receipt.group == group) {
                self.drop_receipt(&receipt)?;
            }
        }
        let mut batch = Batch::default();
        batch.delete(Table::Meta, super::meta::slot_key(group));
        Ok(self.engine.commit(batch, Durability::Synced)?)
    }

    /// Releases objects that their owners deleted early, each from one batch. This is final: applying
    /// the batch again does not bring them back. Returns the number of objects that were not already released.
    pub fn tombstone(&self, deleted: &[(LeafKey, ObjectId)]) -> Result<usize, StoreError> {
        let _rows = self.alone();
        let mut news = 0;
        for (leaf, object) in deleted {
            let key = tombstone(leaf, object);
            if self.engine.get(Table::Tombstones, &key)?.is_some() {
                continue;
            }
            news += 1;
            let mut batch = Batch::default();
            batch.put(Table::Tombstones, key, Vec::new());
            let mut released = Vec::new();
            for (key, _) in page(&*self.engine, Table::Holds, &object.0, &[], usize::MAX)? {
                if Hold::decode_of_shard(&key) == Some(Hold::Leaf(*leaf)) {
                    released.extend(ShardKey::decode(&key));
                    batch.delete(Table::Holds, key);
                }
            }
            self.engine.commit(batch, Durability::Synced)?;
            for shard in &released {
                self.remove_if_free(shard)?;
            }
        }
        Ok(news)
    }

    /// The leaves for which a shard is kept.
    pub fn leaves_of(&self, key: &ShardKey) -> Result<Vec<LeafKey>, StoreError> {
        let holds = page(&*self.engine, Table::Holds, &key.encode(), &[], usize::MAX)?;
        let leaf = |hold| match hold {
            Some(Hold::Leaf(leaf)) => Some(leaf),
            _ => None,
        };
        Ok(holds.iter().filter_map(|(key, _)| leaf(Hold::decode_of_shard(key))).collect())
    }

    /// Removes up to `limit` shards that were staged before `before` and have no receipt. Returns their number.
    pub fn drop_stale(&self, before: Seconds, limit: usize) -> Result<usize, StoreError> {
        let mut stale = Vec::new();
        let mut after = None;
        'pages: loop {
            let shards = self.shards_after(after.as_ref(), 4096)?;
            let Some((last, _)) = shards.last() else { break };
            after = Some(*last);
            for (key, record) in shards {
                if record.state == ShardState::Staged && record.stored_at < before {
                    stale.push(key);
                    if stale.len() >= limit {
                        break 'pages;
                    }
                }
            }
        }
        let _rows = self.alone();
        let mut removed = 0;
        for key in &stale {
            // A receipt may have been signed since the walk.
            removed += usize::from(self.remove_if_free(key)?);
        }
        Ok(removed)
    }

    /// Drops up to `limit` receipts of some groups that were not registered in time, and what only they kept. Returns
    /// their number. All registrations of these groups up to the finalized block `known` must have been applied.
    pub fn drop_unregistered(&self, known: BlockNumber, groups: &[GroupId], limit: usize) -> Result<usize, StoreError> {
        let mut stale = Vec::new();
        let mut from = Vec::new();
        'pages: loop {
            let rows = page(&*self.engine, Table::Receipts, &[], &from, 4096)?;
            let Some((last, _)) = rows.last() else { break };
            from = last.clone();
            from.push(0);
            for (key, _) in rows {
                let receipt = ReceiptKey::decode(&key).ok_or(StoreError::BadRecord("receipt key"))?;
                if receipt.valid_until <= known && groups.contains(&receipt.group) {
                    stale.push(receipt);
                    if stale.len() >= limit {
                        break 'pages;
                    }
                }
            }
        }
        for receipt in &stale {
            self.drop_receipt(receipt)?;
        }
        Ok(stale.len())
    }

    fn drop_leaf(&self, key: &LeafKey, slot: Option<u8>) -> Result<(), StoreError> {
        let encoded = key.encode();
        let leaf: Option<RangeLeaf> = self.load(Table::Leaves, &encoded, "leaf")?;
        let mut mark = Batch::default();
        mark.delete(Table::Unresolved, encoded.clone());
        {
            // From here on the leaf cannot be applied any more.
            let _rows = self.alone();
            self.engine.commit(mark, Durability::Buffered)?;
        }
        let mut rows = Batch::default();
        for (tombstone, _) in page(&*self.engine, Table::Tombstones, &encoded, &[], usize::MAX)? {
            rows.delete(Table::Tombstones, tombstone);
        }
        rows.delete(Table::Leaves, encoded);
        let Some(leaf) = leaf else {
            let _rows = self.alone();
            return Ok(self.engine.commit(rows, Durability::Synced)?);
        };
        let hold = Hold::Leaf(*key);
        if let (Some(slot), Some(entries)) = (slot, self.batch(&leaf.batch.root)?) {
            self.release(hold, slot, &entries)?;
        }
        let _rows = self.alone();
        self.release_batch(hold, &leaf.batch.root, rows)
    }

    fn drop_receipt(&self, key: &ReceiptKey) -> Result<(), StoreError> {
        let hold = Hold::Receipt(*key);
        if let Some(entries) = self.batch(&key.batch)? {
            self.release(hold, key.slot, &entries)?;
        }
        let mut batch = Batch::default();
        batch.delete(Table::Receipts, key.encode());
        let _rows = self.alone();
        self.release_batch(hold, &key.batch, batch)
    }

    /// Removes a hold from the shards of a batch, and the shards that have no other.
    fn release(&self, hold: Hold, slot: u8, entries: &[BatchEntry]) -> Result<(), StoreError> {
        for entries in entries.chunks(AT_ONCE) {
            let _rows = self.alone();
            let shards = entries.iter().map(|entry| ShardKey { object: entry.object, shard: slot });
            let mut batch = Batch::default();
            for shard in shards.clone() {
                batch.delete(Table::Holds, hold.of_shard(&shard));
            }
            self.engine.commit(batch, Durability::Buffered)?;
            for shard in shards {
                self.remove_if_free(&shard)?;
            }
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
    fn remove_if_free(&self, key: &ShardKey) -> Result<bool, StoreError> {
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

    /// Removes a shard and its records, and its object if no other shard of it is held.
    pub(super) fn remove_shard(&self, key: &ShardKey) -> Result<(), StoreError> {
        let encoded = key.encode();
        let record = self.shard(key)?;
        let was_missing = self.engine.get(Table::Missing, &encoded)?.is_some();
        let mut batch = Batch::default();
        for table in [Table::Shards, Table::Inline, Table::Trees, Table::Missing] {
            batch.delete(table, encoded.clone());
        }
        let shards = page(&*self.engine, Table::Shards, &key.object.0, &[], 2)?;
        if shards.iter().all(|(other, _)| *other == encoded) {
            batch.delete(Table::Objects, key.object.0.to_vec());
        }
        self.engine.commit(batch, Durability::Buffered)?;
        self.files.reached("shard-unrecorded");
        self.files.remove(key)?;
        self.trees.lock().remove(key);
        let mut usage = self.usage.lock();
        if let Some(record) = &record {
            usage.remove(record);
        }
        usage.missing = usage.missing.saturating_sub(u64::from(was_missing));
        Ok(())
    }
}
