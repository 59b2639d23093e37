//! The shards and lists that must be kept, by the chain's registrations and this worker's receipts.
//!
//! A leaf is noted first ([`Store::add_leaf`]); once the entries of its batch are known it is applied
//! ([`Store::resolve`]), which holds every shard of it and lists those that are missing. Both are
//! idempotent, so they can be repeated after a crash.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table, page},
    keys::{Hold, LeafKey, ReceiptKey, ShardKey, tombstone},
    records::{MissingRecord, Reason, ReceiptRecord, Seconds, ShardRecord, ShardState},
};
use codec::Encode;
use meganet_primitives::{
    AccountId, Epoch, GroupId, SlotIndex, hash::Hash, object::ObjectId, range::RangeLeaf, sum_tree::BatchEntry,
};

/// Entries that are applied in one commit. Bounds the memory for large batches.
const AT_ONCE: usize = 1024;

/// The result of [`Store::add_leaf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddLeaf {
    /// The leaf is recorded, and waits for its batch.
    Added,
    /// The leaf was known already.
    Known,
    /// Leaves before it are not known: the range has to be fetched from another member.
    Gap {
        /// Number of known leaves.
        known: u64,
    },
}

impl Store {
    /// Number of known leaves of a range. They are the first ones, without a gap.
    pub fn leaf_count(&self, expiry: Epoch, group: GroupId) -> Result<u64, StoreError> {
        match self.engine.last(Table::Leaves, &LeafKey::range(expiry, group))? {
            None => Ok(0),
            Some((key, _)) => {
                let key = LeafKey::decode(&key).ok_or(StoreError::BadRecord("leaf key"))?;
                Ok(key.index.saturating_add(1))
            }
        }
    }

    /// Up to `limit` leaves of a range, from an index on.
    pub fn leaves(&self, expiry: Epoch, group: GroupId, from: u64, limit: usize) -> Result<Vec<RangeLeaf>, StoreError> {
        let from = LeafKey { expiry, group, index: from }.encode();
        let page = page(&*self.engine, Table::Leaves, &LeafKey::range(expiry, group), &from, limit)?;
        page.iter().map(|(_, value)| decode(value, "leaf")).collect()
    }

    /// Records a leaf that the chain has registered.
    pub fn add_leaf(&self, key: &LeafKey, leaf: &RangeLeaf) -> Result<AddLeaf, StoreError> {
        let _rows = self.alone();
        let known = self.leaf_count(key.expiry, key.group)?;
        if key.index < known {
            return Ok(AddLeaf::Known);
        }
        if key.index > known {
            return Ok(AddLeaf::Gap { known });
        }
        let mut batch = Batch::default();
        batch.put(Table::Leaves, key.encode(), leaf.encode());
        batch.put(Table::Unresolved, key.encode(), Vec::new());
        self.engine.commit(batch, Durability::Synced)?;
        Ok(AddLeaf::Added)
    }

    /// Up to `limit` leaves, after `after`, whose batch has not been applied.
    pub fn unresolved(&self, after: Option<&LeafKey>, limit: usize) -> Result<Vec<(LeafKey, RangeLeaf)>, StoreError> {
        let mut from = after.map(LeafKey::encode).unwrap_or_default();
        if after.is_some() {
            from.push(0);
        }
        let mut found = Vec::new();
        for (key, _) in page(&*self.engine, Table::Unresolved, &[], &from, limit)? {
            let leaf = self.load(Table::Leaves, &key, "leaf")?;
            let key = LeafKey::decode(&key).ok_or(StoreError::BadRecord("leaf key"))?;
            // The leaf and its mark are written and removed together.
            found.push((key, leaf.ok_or(StoreError::BadRecord("leaf"))?));
        }
        Ok(found)
    }

    /// The entries of a batch, if it is known.
    pub fn batch(&self, root: &Hash) -> Result<Option<Vec<BatchEntry>>, StoreError> {
        self.load(Table::Batches, root, "batch")
    }

    /// Records a receipt before it is sent: from now on its shards are kept until it is registered or stale.
    ///
    /// Returns the first object whose shard is not held; nothing is recorded then.
    pub fn add_receipt(
        &self,
        key: &ReceiptKey,
        owner: &AccountId,
        entries: &[BatchEntry],
        now: Seconds,
    ) -> Result<Option<ObjectId>, StoreError> {
        let _rows = self.alone();
        let mut rows = Batch::default();
        let mut changed = Vec::new();
        for entry in entries {
            let shard = ShardKey { object: entry.object, shard: key.slot };
            let Some(record) = self.held(&shard, entry)? else {
                return Ok(Some(entry.object));
            };
            rows.put(Table::Holds, Hold::Receipt(*key).of_shard(&shard), Vec::new());
            if record.state == ShardState::Staged {
                let receipted = ShardRecord { state: ShardState::Receipted, ..record.clone() };
                rows.put(Table::Shards, shard.encode(), receipted.encode());
                changed.push((record, receipted));
            }
        }
        rows.put(Table::Batches, key.batch.to_vec(), entries.encode());
        rows.put(Table::BatchHolds, Hold::Receipt(*key).of_batch(&key.batch), Vec::new());
        rows.put(Table::Receipts, key.encode(), ReceiptRecord { owner: *owner, signed_at: now }.encode());
        self.engine.commit(rows, Durability::Synced)?;
        self.files.reached("receipt-recorded");
        self.recount(&changed);
        Ok(None)
    }

    /// The record of a shard that is held whole and matches a batch entry.
    pub fn held(&self, shard: &ShardKey, entry: &BatchEntry) -> Result<Option<ShardRecord>, StoreError> {
        let Some(record) = self.shard(shard)?.filter(|record| !record.damaged && record.len == entry.shard_len) else {
            return Ok(None);
        };
        let object = self.object(&shard.object)?;
        Ok(object.filter(|object| object.header.shards_root == entry.shards_root).map(|_| record))
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
        let mut batch = Batch::default();
        for receipt in &receipts {
            batch.delete(Table::BatchHolds, Hold::Receipt(*receipt).of_batch(&root));
            batch.delete(Table::Receipts, receipt.encode());
        }
        batch.delete(Table::Unresolved, key.encode());
        self.commit_unresolved(key, batch)?;
        self.files.reached("leaf-resolved");
        Ok(())
    }

    /// The receipts whose keys begin with `prefix`.
    fn receipts_for(&self, prefix: &[u8]) -> Result<Vec<ReceiptKey>, StoreError> {
        let page = page(&*self.engine, Table::Receipts, prefix, prefix, usize::MAX)?;
        page.iter().map(|(key, _)| ReceiptKey::decode(key).ok_or(StoreError::BadRecord("receipt key"))).collect()
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
            match self.shard(&shard)? {
                Some(record) if record.state == ShardState::Registered => {}
                Some(record) => {
                    let registered = ShardRecord { state: ShardState::Registered, ..record.clone() };
                    batch.put(Table::Shards, shard.encode(), registered.encode());
                    changed.push((record, registered));
                }
                None if self.engine.get(Table::Missing, &shard.encode())?.is_some() => {}
                None => {
                    let absent = MissingRecord {
                        group: key.group,
                        len: entry.shard_len,
                        reason: Reason::Absent,
                        since: now,
                        attempts: 0,
                        due: now,
                    };
                    batch.put(Table::Missing, shard.encode(), absent.encode());
                    missing = missing.saturating_add(1);
                }
            }
        }
        self.engine.commit(batch, Durability::Buffered)?;
        self.recount(&changed);
        let mut usage = self.usage.lock();
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
