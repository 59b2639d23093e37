//! The shards and lists that must be kept, by the chain's registrations and this worker's receipts.
//!
//! A leaf is noted first ([`Store::add_leaf`]); once the entries of its batch are known it is applied
//! ([`Store::resolve`]), which holds every shard of it and lists those that are missing. Both are
//! idempotent, so they can be repeated after a crash.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table, page},
    keys::{Hold, LeafKey, ReceiptKey, ShardKey, tombstone},
    records::{MissingRecord, ObjectRecord, Place, Reason, Seconds, ShardRecord, ShardState},
};
use crate::model::Lapse;
use codec::Encode;
use meganet_primitives::{SlotIndex, hash::Hash, range::RangeLeaf, sum_tree::BatchEntry};

/// Entries that are applied in one commit. Bounds the memory for large batches.
const AT_ONCE: usize = 1024;

impl Store {
    /// Up to `limit` leaves, after `after`, whose batch has not been applied.
    pub fn unresolved(&self, after: Option<&LeafKey>, limit: usize) -> Result<Vec<(LeafKey, RangeLeaf)>, StoreError> {
        let mut from = after.map(LeafKey::encode).unwrap_or_default();
        if after.is_some() {
            from.push(0);
        }
        let mut found = Vec::new();
        let mut bad = Batch::default();
        for (key, _) in page(&*self.engine, Table::Unresolved, &[], &from, limit)? {
            match (LeafKey::decode(&key), self.load(Table::Leaves, &key, "leaf")) {
                (Some(key), Ok(Some(leaf))) => found.push((key, leaf)),
                (_, Err(error @ (StoreError::Engine(_) | StoreError::File { .. }))) => return Err(error),
                // The leaf and its mark are written and removed together: one of them is damaged.
                (place, leaf) => {
                    if let (Some(place), Err(_)) = (place, leaf) {
                        self.end_range(&place);
                    }
                    bad.delete(Table::Unresolved, key);
                }
            }
        }
        if !bad.0.is_empty() {
            tracing::warn!(rows = bad.0.len(), "the index has marks of leaves that cannot be read: passing over them");
            self.engine.commit(bad, Durability::Buffered)?;
        }
        Ok(found)
    }

    /// The entries of a batch, if they are known and can be read.
    pub fn batch(&self, root: &Hash) -> Result<Option<Vec<BatchEntry>>, StoreError> {
        let entries = self.load_long(Table::Batches, root)?;
        Ok(entries.and_then(|entries| decode(&entries, "batch").ok()))
    }

    /// Length of a batch's entries in bytes, as they are stored and sent; `None` if it is not known.
    pub fn batch_len(&self, root: &Hash) -> Result<Option<usize>, StoreError> {
        Ok(self.load_long(Table::Batches, root)?.map(|entries| entries.len()))
    }

    /// The record of a shard that is held whole and matches a batch entry.
    pub fn held(&self, shard: &ShardKey, entry: &BatchEntry) -> Result<Option<ShardRecord>, StoreError> {
        let Some(record) = self.shard(shard)?.filter(|record| record.len == entry.shard_len) else { return Ok(None) };
        let object = self.whole(shard, &record)?;
        Ok(object.filter(|object| object.header.shards_root == entry.shards_root).map(|_| record))
    }

    /// The object of a shard that is whole, as far as can be told without reading it. The index may name a file that is gone, or
    /// have lost the object: nothing is promised on its word, and no upload is refused.
    pub(super) fn whole(&self, shard: &ShardKey, record: &ShardRecord) -> Result<Option<ObjectRecord>, StoreError> {
        if record.damaged || (record.place == Place::File && !self.files.has(shard, record.len)?) {
            return Ok(None);
        }
        self.object(&shard.object)
    }

    /// Applies a leaf whose batch is known: holds this worker's shard of every object, lists the missing ones, and
    /// removes the receipts for the batch. `entries` must have been checked against the leaf's batch. Does nothing if the
    /// leaf has been applied or dropped meanwhile.
    pub fn resolve(
        &self,
        key: &LeafKey,
        leaf: &RangeLeaf,
        slot: SlotIndex,
        entries: &[BatchEntry],
        now: Seconds,
    ) -> Result<(), StoreError> {
        let root = leaf.batch.root;
        let receipts = self.receipts_for(&ReceiptKey::of_batch(key.expiry, key.group, slot, &root))?;
        // The batch comes first: dropping the leaf, even if it is half applied, finds its holds by the batch.
        let mut batch = Batch::default();
        batch.put(Table::Batches, root.to_vec(), entries.encode());
        batch.put(Table::BatchHolds, Hold::Leaf(*key).of_batch(&root), Vec::new());
        if !self.commit_unresolved(key, batch)? {
            return Ok(());
        }
        for entries in entries.chunks(AT_ONCE) {
            let _rows = self.alone();
            if !self.is_unresolved(key)? {
                return Ok(());
            }
            self.hold_entries(key, slot, &receipts, entries, now)?;
        }
        let _rows = self.alone();
        if !self.is_unresolved(key)? {
            return Ok(());
        }
        let mut batch = Batch::default();
        for receipt in &receipts {
            batch.delete(Table::BatchHolds, Hold::Receipt(*receipt).of_batch(&root));
            batch.delete(Table::Receipts, receipt.encode());
            self.end_lapse(&Lapse::Receipt(*receipt), &mut batch)?;
        }
        batch.delete(Table::Unresolved, key.encode());
        self.engine.commit(batch, Durability::Synced)?;
        self.files.reached("leaf-resolved")?;
        Ok(())
    }

    /// Has a known leaf applied again, so that what was lost of its batch or its shards is fetched. Not made durable: after a
    /// power cut the loss is found again.
    pub(super) fn apply_again(&self, key: &LeafKey) -> Result<(), StoreError> {
        if self.is_unresolved(key)? {
            return Ok(());
        }
        let _rows = self.alone();
        if self.engine.get(Table::Leaves, &key.encode())?.is_none() {
            return Ok(());
        }
        let mut mark = Batch::default();
        mark.put(Table::Unresolved, key.encode(), Vec::new());
        Ok(self.engine.commit(mark, Durability::Buffered)?)
    }

    fn is_unresolved(&self, key: &LeafKey) -> Result<bool, StoreError> {
        Ok(self.engine.get(Table::Unresolved, &key.encode())?.is_some())
    }

    /// Commits a step of applying a leaf, unless the leaf is not waiting for that any more.
    fn commit_unresolved(&self, key: &LeafKey, batch: Batch) -> Result<bool, StoreError> {
        let _rows = self.alone();
        let unresolved = self.is_unresolved(key)?;
        if unresolved {
            self.engine.commit(batch, Durability::Synced)?;
        }
        Ok(unresolved)
    }

    fn hold_entries(
        &self,
        key: &LeafKey,
        slot: SlotIndex,
        receipts: &[ReceiptKey],
        entries: &[BatchEntry],
        now: Seconds,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let mut changed = Vec::new();
        let mut uploads = Vec::new();
        let mut missing = 0u64;
        for entry in entries {
            if self.engine.get(Table::Tombstones, &tombstone(key, &entry.object))?.is_some() {
                continue;
            }
            let shard = ShardKey { object: entry.object, shard: slot };
            batch.put(Table::Holds, Hold::Leaf(*key).of_shard(&shard), Vec::new());
            for receipt in receipts {
                batch.delete(Table::Holds, Hold::Receipt(*receipt).of_shard(&shard));
            }
            let held = self.shard(&shard)?;
            let lacking = match &held {
                None => Some(Reason::Absent),
                // Taken off the list when the slot was lost.
                Some(record) if record.damaged => Some(Reason::Damaged),
                Some(_) => None,
            };
            if let Some(reason) = lacking
                && self.engine.get(Table::Missing, &shard.encode())?.is_none()
            {
                let lacking = MissingRecord {
                    group: key.group,
                    len: entry.shard_len,
                    reason,
                    since: now,
                    attempts: 0,
                    tried: now,
                    wait: 0,
                };
                batch.put(Table::Missing, shard.encode(), lacking.encode());
                missing = missing.saturating_add(1);
            }
            match held {
                None => {}
                Some(record) if record.state == ShardState::Registered => {}
                Some(record) => {
                    if record.state == ShardState::Adopted {
                        // The reason to keep it is known now.
                        batch.delete(Table::Holds, Hold::Adopted.of_shard(&shard));
                        self.end_lapse(&Lapse::Shard(shard), &mut batch)?;
                    }
                    uploads.extend(self.end_upload(&shard, &mut batch)?);
                    let registered = ShardRecord { state: ShardState::Registered, ..record.clone() };
                    batch.put(Table::Shards, shard.encode(), registered.encode());
                    changed.push((record, registered));
                }
            }
        }
        self.engine.commit(batch, Durability::Buffered)?;
        self.recount(&changed);
        let mut usage = self.usage.lock();
        uploads.iter().for_each(|upload| usage.remove_upload(upload));
        usage.missing = usage.missing.saturating_add(missing);
        Ok(())
    }

    pub(super) fn recount(&self, changed: &[(ShardRecord, ShardRecord)]) {
        let mut usage = self.usage.lock();
        for (before, after) in changed {
            usage.remove(before);
            usage.add(after);
        }
    }
}
