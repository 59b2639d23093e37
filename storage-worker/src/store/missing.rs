//! The shards to be rebuilt, missing or damaged. The list survives a crash.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table},
    keys::{LeafKey, ShardKey, tombstone},
    records::{MissingRecord, MissingShard, Reason, Seconds, ShardRecord, ShardState},
};
use codec::Encode;

/// Unreadable rows that are in memory at a time.
const AT_ONCE: usize = 1024;

/// Returns true if it is time for the next attempt. An attempt in the future was noted while the clock ran ahead, and says
/// nothing about how long ago it was.
fn is_due(record: &MissingRecord, now: Seconds) -> bool {
    now < record.tried || now - record.tried >= record.wait
}

impl Store {
    /// Up to `limit` missing shards that are due, after `after`.
    pub fn missing(
        &self,
        now: Seconds,
        after: Option<&ShardKey>,
        limit: usize,
    ) -> Result<Vec<MissingShard>, StoreError> {
        let mut from = after.map(ShardKey::encode).unwrap_or_default();
        if after.is_some() {
            from.push(0);
        }
        let mut found = Vec::new();
        self.engine.scan(Table::Missing, &from, &mut |key, value| {
            // A row that cannot be read was reported at the start, and keeps no other shard from being rebuilt.
            if let (Some(key), Ok(record)) = (ShardKey::decode(key), decode::<MissingRecord>(value, "missing"))
                && is_due(&record, now)
            {
                found.push(MissingShard { object: key.object, shard: key.shard, record });
            }
            found.len() < limit
        })?;
        Ok(found)
    }

    /// Returns true if a shard is on the list.
    pub fn is_missing(&self, key: &ShardKey) -> Result<bool, StoreError> {
        Ok(self.engine.get(Table::Missing, &key.encode())?.is_some())
    }

    /// Has the leaves of shards applied again that have an unreadable row, among the shards or on this list: that lists those
    /// which are not here. Unreadable rows of the list go, since a shard that has one is not listed.
    pub(super) fn relist_unreadable(&self) -> Result<(), StoreError> {
        for table in [Table::Shards, Table::Missing] {
            let mut from = Vec::new();
            loop {
                let mut bad = Vec::new();
                self.engine.scan(table, &from, &mut |key, value| {
                    let is_good = if table == Table::Shards {
                        decode::<ShardRecord>(value, "shard").is_ok()
                    } else {
                        decode::<MissingRecord>(value, "missing").is_ok()
                    };
                    if !is_good {
                        bad.push(key.to_vec());
                    }
                    bad.len() < AT_ONCE
                })?;
                let Some(last) = bad.last() else { break };
                from = [&last[..], &[0]].concat();
                for shard in bad.iter().filter_map(|key| ShardKey::decode(key)) {
                    for leaf in self.leaves_of(&shard)? {
                        self.apply_again(&leaf)?;
                    }
                }
                if table == Table::Missing {
                    let mut rows = Batch::default();
                    bad.into_iter().for_each(|key| rows.delete(Table::Missing, key));
                    self.engine.commit(rows, Durability::Buffered)?;
                }
            }
        }
        Ok(())
    }

    /// Has a leaf applied again that counts on a shard which is neither here nor on the list, unless its object was deleted: the
    /// shard's row has been lost.
    pub(super) fn relist(&self, leaf: &LeafKey, shard: &ShardKey) -> Result<(), StoreError> {
        let is_deleted = self.engine.get(Table::Tombstones, &tombstone(leaf, &shard.object))?.is_some();
        if is_deleted || self.is_missing(shard)? || self.shard(shard)?.is_some() {
            return Ok(());
        }
        self.apply_again(leaf)
    }

    /// Records an attempt that failed now, and the seconds to the next one. Does nothing if the shard is not on the list
    /// any more.
    pub fn postpone(&self, key: &ShardKey, now: Seconds, wait: Seconds) -> Result<(), StoreError> {
        let _rows = self.alone();
        let Some(record) = self.load::<MissingRecord>(Table::Missing, &key.encode(), "missing")? else {
            return Ok(());
        };
        let attempts = record.attempts.saturating_add(1);
        let tried = MissingRecord { attempts, tried: now, wait, ..record };
        self.save(Table::Missing, key.encode(), &tried, Durability::Buffered)
    }

    /// Takes a shard off the list: this worker does not have to hold it any more.
    pub fn give_up(&self, key: &ShardKey) -> Result<(), StoreError> {
        let _rows = self.alone();
        let encoded = key.encode();
        if self.engine.get(Table::Missing, &encoded)?.is_none() {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.delete(Table::Missing, encoded);
        self.engine.commit(batch, Durability::Buffered)?;
        let mut usage = self.usage.lock();
        usage.missing = usage.missing.saturating_sub(1);
        Ok(())
    }

    /// Records that a shard is damaged. A shard with holds is listed for a rebuild, and its good frames are served until
    /// then; a staged one is removed. Returns true if the damage was not already recorded.
    pub fn mark_damaged(&self, key: &ShardKey, now: Seconds) -> Result<bool, StoreError> {
        let _rows = self.alone();
        let Some(record) = self.shard(key)?.filter(|record| !record.damaged) else {
            return Ok(false);
        };
        if record.state == ShardState::Staged {
            self.remove_shard(key)?;
            self.unlink_removed()?;
            return Ok(true);
        }
        let encoded = key.encode();
        let damaged = ShardRecord { damaged: true, ..record.clone() };
        let missing = MissingRecord {
            group: record.group,
            len: record.len,
            reason: Reason::Damaged,
            since: now,
            attempts: 0,
            tried: now,
            wait: 0,
        };
        let news = self.engine.get(Table::Missing, &encoded)?.is_none();
        let mut batch = Batch::default();
        batch.put(Table::Shards, encoded.clone(), damaged.encode());
        batch.put(Table::Missing, encoded, missing.encode());
        self.engine.commit(batch, Durability::Synced)?;
        self.recount(&[(record, damaged)]);
        let mut usage = self.usage.lock();
        usage.missing = usage.missing.saturating_add(u64::from(news));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::testing::in_memory;
    use meganet_primitives::object::ObjectId;

    fn tried(tried: Seconds, wait: Seconds) -> MissingRecord {
        MissingRecord { group: 1, len: 10, reason: Reason::Absent, since: 0, attempts: 3, tried, wait }
    }

    #[test]
    fn an_attempt_is_due_after_its_wait_and_when_the_last_one_was_in_the_future() {
        let now = 1_000_000;
        let table = [
            (tried(0, 0), true),
            (tried(now, 0), true),
            (tried(now, 1), false),
            (tried(now - 10, 10), true),
            (tried(now - 10, 11), false),
            (tried(0, Seconds::MAX), false),
            // Noted by a clock that ran ahead: otherwise the shard would be missing until then.
            (tried(now + 1, 0), true),
            (tried(now + 3_600, 600), true),
            (tried(Seconds::MAX, Seconds::MAX), true),
        ];
        for (record, expected) in table {
            assert_eq!(is_due(&record, now), expected, "{record:?}");
        }
        assert!(!is_due(&tried(Seconds::MAX, Seconds::MAX), Seconds::MAX));
    }

    #[test]
    fn shards_that_were_postponed_by_a_clock_that_ran_ahead_are_tried_again() {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let keys = [1, 2, 3, 4].map(|seed| ShardKey { object: ObjectId([seed; 32]), shard: 0 });
        for key in &keys {
            store.save(Table::Missing, key.encode(), &tried(0, 0), Durability::Buffered).unwrap();
        }
        let now = 1_000_000;
        store.postpone(&keys[1], now, 60).unwrap();
        // By an hour, as a wrong time zone makes it, and by a year.
        store.postpone(&keys[2], now + 3_600, 60).unwrap();
        store.postpone(&keys[3], now + 365 * 24 * 3_600, 60).unwrap();
        let missing = |now| store.missing(now, None, 10).unwrap().iter().map(|it| it.object.0[0]).collect::<Vec<_>>();
        assert_eq!(missing(now), [1, 3, 4]);
        assert_eq!(missing(now + 60), [1, 2, 3, 4]);
        assert_eq!(store.missing(now + 60, None, 10).unwrap()[1].record.attempts, 4);
    }
}
