//! Promises that are reported to have ended: noted, contradicted, and at last released. Receipts that were not registered
//! in time are in `receipts`.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table, page},
    keys::{Hold, LeafKey, ReceiptKey, ShardKey, tombstone},
    leaves::leaf_key,
    meta::slot_key,
    readable,
    records::LapseRecord,
};
use crate::model::Lapse;
use codec::Encode;
use meganet_primitives::{Epoch, GroupId, SlotIndex, object::ObjectId};

/// Leaves of a group that are in memory, and in one commit, at a time: a group may have a million.
pub(super) const AT_ONCE: usize = 1024;

impl Store {
    /// Up to `limit` lapses after `after`, in the order in which space is reclaimed.
    pub fn lapses(&self, after: Option<&Lapse>, limit: usize) -> Result<Vec<(Lapse, LapseRecord)>, StoreError> {
        let mut from = after.map(Lapse::encode).unwrap_or_default();
        if after.is_some() {
            from.push(0);
        }
        let mut rows = Vec::new();
        if after.is_none_or(|after| matches!(after, Lapse::Receipt(_))) {
            rows = page(&*self.engine, Table::Lapsed, &Lapse::RECEIPTS, &from, limit)?;
            from.clear();
        }
        let others = page(&*self.engine, Table::Lapsed, &[], &from, limit.saturating_sub(rows.len()))?;
        rows.extend(others.into_iter().take_while(|(key, _)| !key.starts_with(&Lapse::RECEIPTS)));
        // A row that cannot be read was reported at the start; its bytes are kept.
        let row = |(key, value): &(Vec<u8>, Vec<u8>)| Some((Lapse::decode(key)?, decode(value, "lapse").ok()?));
        Ok(rows.iter().filter_map(row).collect())
    }

    /// Up to `limit` objects that are reported to be deleted, after `after`.
    pub fn deletions(&self, after: Option<&Lapse>, limit: usize) -> Result<Vec<Lapse>, StoreError> {
        let from = after.map(|after| [after.encode(), vec![0]].concat()).unwrap_or_default();
        let rows = page(&*self.engine, Table::Lapsed, &Lapse::OBJECTS, &from, limit)?;
        Ok(rows.iter().filter_map(|(key, _)| Lapse::decode(key)).collect())
    }

    /// Returns true if a promise is still reported to have ended.
    pub fn has_lapsed(&self, lapse: &Lapse) -> Result<bool, StoreError> {
        Ok(self.engine.get(Table::Lapsed, &lapse.encode())?.is_some())
    }

    /// Dates the lapses that were noted while no block was known: their age begins with `claim`.
    pub fn date_lapses(&self, claim: LapseRecord) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let _rows = self.alone();
            let rows = page(&*self.engine, Table::Lapsed, &[], &from, AT_ONCE)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            from = [&last[..], &[0]].concat();
            let mut batch = Batch::default();
            for (key, value) in rows {
                if decode::<LapseRecord>(&value, "lapse").is_ok_and(|record| record.block == 0) {
                    batch.put(Table::Lapsed, key, claim.encode());
                }
            }
            if !batch.0.is_empty() {
                self.engine.commit(batch, Durability::Synced)?;
            }
        }
    }

    /// Notes which ranges have expired if `epoch` has begun, and takes back the others: the report of an earlier epoch may
    /// have been wrong.
    pub fn lapse_expired(&self, epoch: Epoch, claim: LapseRecord) -> Result<(), StoreError> {
        let _rows = self.alone();
        let mut batch = Batch::default();
        for (expiry, group) in self.ranges_until(epoch)? {
            self.begin_lapse(&Lapse::Range { expiry, group }, claim, &mut batch)?;
        }
        for (key, _) in page(&*self.engine, Table::Lapsed, &Lapse::RANGES, &[], usize::MAX)? {
            if let Some(lapse @ Lapse::Range { expiry, .. }) = Lapse::decode(&key)
                && expiry > epoch
            {
                self.end_lapse(&lapse, &mut batch)?;
            }
        }
        if batch.0.is_empty() {
            return Ok(());
        }
        Ok(self.engine.commit(batch, Durability::Synced)?)
    }

    /// The ranges of leaves and receipts that expire at the beginning of `epoch` or before.
    fn ranges_until(&self, epoch: Epoch) -> Result<Vec<(Epoch, GroupId)>, StoreError> {
        let mut ranges = Vec::new();
        for table in [Table::Leaves, Table::Receipts] {
            let mut from = Vec::new();
            // One look for each range, however many rows it has.
            while let Some((key, _)) = page(&*self.engine, table, &[], &from, 1)?.pop() {
                let Some(leaf) = LeafKey::decode(&key) else {
                    from = [&key[..], &[0]].concat();
                    continue;
                };
                if leaf.expiry > epoch {
                    break;
                }
                ranges.push((leaf.expiry, leaf.group));
                from = LeafKey::range(leaf.expiry, leaf.group);
                from.extend_from_slice(&[0xff; 64]);
            }
        }
        Ok(ranges)
    }

    /// Notes objects that their owners are reported to have deleted, each from one batch. They are not rebuilt from now on.
    /// Returns the number of those that were not noted before.
    pub fn tombstone(&self, deleted: &[(LeafKey, ObjectId)], claim: LapseRecord) -> Result<usize, StoreError> {
        let _rows = self.alone();
        let mut batch = Batch::default();
        let mut news = 0;
        for (leaf, object) in deleted {
            let key = tombstone(leaf, object);
            if self.engine.get(Table::Tombstones, &key)?.is_none() {
                news += 1;
                batch.put(Table::Tombstones, key, Vec::new());
                self.begin_lapse(&Lapse::Object(*leaf, *object), claim, &mut batch)?;
            }
        }
        if news > 0 {
            self.engine.commit(batch, Durability::Synced)?;
        }
        Ok(news)
    }

    /// This worker's slot in a group, and those that it has lost there and whose shards it still keeps.
    pub(super) fn slots_in(&self, group: GroupId) -> Result<Vec<SlotIndex>, StoreError> {
        let slot: Option<SlotIndex> = readable(self.load(Table::Meta, &slot_key(group), "slot"))?;
        let mut slots: Vec<SlotIndex> = slot.into_iter().collect();
        let prefix = [&Lapse::SLOTS[..], &group.to_be_bytes()].concat();
        for (key, _) in page(&*self.engine, Table::Lapsed, &prefix, &[], usize::MAX)? {
            if let Some(Lapse::Slot { slot, .. }) = Lapse::decode(&key) {
                slots.push(slot);
            }
        }
        Ok(slots)
    }

    /// Adds a lapse to `batch`, unless it is noted already.
    pub(super) fn begin_lapse(&self, lapse: &Lapse, claim: LapseRecord, batch: &mut Batch) -> Result<(), StoreError> {
        let key = lapse.encode();
        if self.engine.get(Table::Lapsed, &key)?.is_none() {
            batch.put(Table::Lapsed, key, claim.encode());
            let mut usage = self.usage.lock();
            usage.lapsed = usage.lapsed.saturating_add(1);
        }
        Ok(())
    }

    /// Adds the end of a lapse to `batch`, if it is noted.
    pub(super) fn end_lapse(&self, lapse: &Lapse, batch: &mut Batch) -> Result<(), StoreError> {
        let key = lapse.encode();
        if self.engine.get(Table::Lapsed, &key)?.is_some() {
            batch.delete(Table::Lapsed, key);
            let mut usage = self.usage.lock();
            usage.lapsed = usage.lapsed.saturating_sub(1);
        }
        Ok(())
    }

    /// Takes a lapse back: the promise stands after all.
    pub fn reinstate(&self, lapse: &Lapse) -> Result<(), StoreError> {
        let _rows = self.alone();
        let mut batch = Batch::default();
        self.end_lapse(lapse, &mut batch)?;
        if let Lapse::Object(leaf, object) = lapse {
            batch.delete(Table::Tombstones, tombstone(leaf, object));
            // Applied again, which lists the object's shard if it is missing.
            if self.engine.get(Table::Leaves, &leaf.encode())?.is_some() {
                batch.put(Table::Unresolved, leaf.encode(), Vec::new());
            }
        }
        Ok(self.engine.commit(batch, Durability::Synced)?)
    }

    /// Releases a lapsed promise: removes up to `limit` leaves and receipts of it, and shards that nothing else keeps. Nothing
    /// more is removed from the moment on at which the lapse is taken back. Returns true once all of it is released.
    pub fn release(&self, lapse: &Lapse, limit: usize) -> Result<bool, StoreError> {
        match lapse {
            Lapse::Receipt(key) => self.drop_receipt(key, lapse)?,
            Lapse::Object(leaf, object) => self.release_object(leaf, object)?,
            Lapse::Shard(key) => self.release_adopted(key)?,
            Lapse::Range { expiry, group } => {
                let prefix = LeafKey::range(*expiry, *group);
                if !self.drop_leaves_and_receipts(lapse, limit, &prefix)? {
                    return Ok(false);
                }
            }
            Lapse::Slot { group, slot } => {
                if self.has_other_slot(*group, *slot)? {
                    self.release_slot(*group, *slot)?;
                } else if !self.drop_leaves_and_receipts(lapse, limit, &[])? || self.has_other_slot(*group, *slot)? {
                    // Also if the worker has got another slot meanwhile: the leaves that are left stay for that one.
                    return Ok(false);
                }
            }
        }
        let _rows = self.alone();
        let mut batch = Batch::default();
        self.end_lapse(lapse, &mut batch)?;
        self.engine.commit(batch, Durability::Synced)?;
        Ok(true)
    }

    /// Returns true if this worker has another slot in a group, or keeps the shards of another lost one.
    fn has_other_slot(&self, group: GroupId, slot: SlotIndex) -> Result<bool, StoreError> {
        Ok(self.slots_in(group)?.iter().any(|other| *other != slot))
    }

    /// Returns true if a lapse still lets leaves go. To be asked again whenever the rows are locked anew: the slot may have
    /// come back since, or the worker may have got another one in the same group, for which the leaves stay.
    pub(super) fn ends_leaves(&self, lapse: &Lapse) -> Result<bool, StoreError> {
        let stays = match lapse {
            Lapse::Slot { group, slot } => self.has_other_slot(*group, *slot)?,
            _ => false,
        };
        Ok(!stays && self.has_lapsed(lapse)?)
    }

    /// The slots whose shards a lapse releases in a group's leaves.
    pub(super) fn slots_ended(&self, lapse: &Lapse, group: GroupId) -> Result<Vec<SlotIndex>, StoreError> {
        match lapse {
            Lapse::Slot { slot, .. } => Ok(vec![*slot]),
            _ => self.slots_in(group),
        }
    }

    /// Drops up to `limit` leaves and receipts that a lapse covers, from `from` on, with which the keys of all of them begin.
    /// Returns true if no more are left.
    fn drop_leaves_and_receipts(&self, lapse: &Lapse, limit: usize, from: &[u8]) -> Result<bool, StoreError> {
        let limit = limit.max(1);
        let mut leaves = Vec::new();
        self.engine.scan(Table::Leaves, from, &mut |key, _| {
            leaves.extend(leaf_key(key).filter(|leaf| covers_leaf(lapse, leaf)));
            leaves.len() < limit && key.starts_with(from)
        })?;
        for key in &leaves {
            self.drop_leaf(key, lapse)?;
        }
        let mut receipts = Vec::new();
        self.engine.scan(Table::Receipts, from, &mut |key, _| {
            receipts.extend(ReceiptKey::decode(key).filter(|receipt| covers_receipt(lapse, receipt)));
            receipts.len() < limit && key.starts_with(from)
        })?;
        for key in &receipts {
            self.drop_receipt(key, lapse)?;
        }
        Ok(leaves.len() < limit && receipts.len() < limit)
    }

    /// Releases the shards that were kept for a lost slot of a group in which this worker has another one.
    fn release_slot(&self, group: GroupId, slot: SlotIndex) -> Result<(), StoreError> {
        let lapse = Lapse::Slot { group, slot };
        self.for_leaf_pages(group, &mut |leaves| {
            for leaf in leaves {
                let entries = match self.leaf(leaf)? {
                    Some(found) => self.batch(&found.batch.root)?,
                    None => None,
                };
                if let Some(entries) = entries {
                    self.release_entries(Hold::Leaf(*leaf), slot, &entries, &lapse)?;
                }
            }
            Ok(())
        })
    }

    fn release_object(&self, leaf: &LeafKey, object: &ObjectId) -> Result<(), StoreError> {
        let _rows = self.alone();
        let mut batch = Batch::default();
        let mut released = Vec::new();
        for (key, _) in page(&*self.engine, Table::Holds, &object.0, &[], usize::MAX)? {
            if Hold::decode_of_shard(&key) == Some(Hold::Leaf(*leaf)) {
                released.extend(ShardKey::decode(&key));
                batch.delete(Table::Holds, key);
            }
        }
        self.engine.commit(batch, Durability::Buffered)?;
        for shard in &released {
            self.remove_if_free(shard)?;
        }
        self.unlink_removed()
    }

    fn release_adopted(&self, key: &ShardKey) -> Result<(), StoreError> {
        let _rows = self.alone();
        let mut batch = Batch::default();
        batch.delete(Table::Holds, Hold::Adopted.of_shard(key));
        self.engine.commit(batch, Durability::Buffered)?;
        self.remove_if_free(key)?;
        self.unlink_removed()
    }

    /// Calls `work` with the known leaves of a group, up to [`AT_ONCE`] of them at a time, until it fails.
    pub(super) fn for_leaf_pages(
        &self,
        group: GroupId,
        work: &mut dyn FnMut(&[LeafKey]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let mut leaves: Vec<LeafKey> = Vec::new();
            self.engine.scan(Table::Leaves, &from, &mut |key, _| {
                leaves.extend(leaf_key(key).filter(|leaf| leaf.group == group));
                leaves.len() < AT_ONCE
            })?;
            let Some(last) = leaves.last() else { return Ok(()) };
            from = [last.encode(), vec![0]].concat();
            work(&leaves)?;
            if leaves.len() < AT_ONCE {
                return Ok(());
            }
        }
    }
}

/// Returns true if a leaf ends with a range, or with the only slot in a group.
fn covers_leaf(lapse: &Lapse, leaf: &LeafKey) -> bool {
    match *lapse {
        Lapse::Range { expiry, group } => (leaf.expiry, leaf.group) == (expiry, group),
        Lapse::Slot { group, .. } => leaf.group == group,
        _ => false,
    }
}

/// Returns true if a receipt ends with a range, or with the slot for which it was signed. Those for another slot of the group
/// stay: clients may have seen it filled, and got receipts for it, before a finalized block reports it.
fn covers_receipt(lapse: &Lapse, receipt: &ReceiptKey) -> bool {
    match *lapse {
        Lapse::Range { expiry, group } => (receipt.expiry, receipt.group) == (expiry, group),
        Lapse::Slot { group, slot } => (receipt.group, receipt.slot) == (group, slot),
        _ => false,
    }
}
