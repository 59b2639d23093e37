//! The shards to be rebuilt, missing or damaged. The list survives a crash.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table},
    keys::ShardKey,
    records::{MissingRecord, MissingShard, Reason, Seconds, ShardRecord, ShardState},
};
use codec::Encode;

/// The longest time to the next attempt, in seconds. A time beyond that was set while the clock was wrong.
pub const MAX_WAIT: Seconds = 24 * 3600;

/// Returns true if it is time for the next attempt.
fn is_due(record: &MissingRecord, now: Seconds) -> bool {
    record.due <= now || record.due > now.saturating_add(MAX_WAIT)
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

    /// Records a failed rebuild and the time of the next attempt. Does nothing if the shard is not on the list any more.
    pub fn postpone(&self, key: &ShardKey, attempts: u32, due: Seconds) -> Result<(), StoreError> {
        let _rows = self.alone();
        let Some(record) = self.load::<MissingRecord>(Table::Missing, &key.encode(), "missing")? else {
            return Ok(());
        };
        self.save(Table::Missing, key.encode(), &MissingRecord { attempts, due, ..record }, Durability::Buffered)
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
            due: now,
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

    fn due(due: Seconds) -> MissingRecord {
        MissingRecord { group: 1, len: 10, reason: Reason::Absent, since: 0, attempts: 3, due }
    }

    #[test]
    fn an_attempt_is_due_at_its_time_and_when_its_time_cannot_be_right() {
        let now = 1_000_000;
        let table = [
            (0, true),
            (now - 1, true),
            (now, true),
            (now + 1, false),
            (now + MAX_WAIT, false),
            // Set by a clock that ran ahead: otherwise the shard would be missing until then.
            (now + MAX_WAIT + 1, true),
            (now + 20 * 365 * MAX_WAIT, true),
            (Seconds::MAX, true),
        ];
        for (at, expected) in table {
            assert_eq!(is_due(&due(at), now), expected, "{at}");
        }
        assert!(is_due(&due(Seconds::MAX), 0));
        assert!(!is_due(&due(Seconds::MAX), Seconds::MAX - 1));
    }

    #[test]
    fn shards_that_were_postponed_by_a_wrong_clock_are_tried_again() {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let keys = [1, 2, 3].map(|seed| ShardKey { object: ObjectId([seed; 32]), shard: 0 });
        for key in &keys {
            store.save(Table::Missing, key.encode(), &due(0), Durability::Buffered).unwrap();
        }
        let now = 1_000_000;
        store.postpone(&keys[1], 4, now + 60).unwrap();
        store.postpone(&keys[2], 4, now + 365 * MAX_WAIT).unwrap();
        let missing = |now| store.missing(now, None, 10).unwrap().iter().map(|it| it.object.0[0]).collect::<Vec<_>>();
        assert_eq!(missing(now), [1, 3]);
        assert_eq!(missing(now + 60), [1, 2, 3]);
    }
}
