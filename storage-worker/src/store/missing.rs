//! The shards to be rebuilt, missing or damaged. The list survives a crash.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table},
    keys::ShardKey,
    records::{MissingRecord, MissingShard, Reason, Seconds, ShardRecord, ShardState},
};
use codec::Encode;

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
        let mut bad = None;
        self.engine.scan(Table::Missing, &from, &mut |key, value| {
            match (ShardKey::decode(key), decode::<MissingRecord>(value, "missing")) {
                (Some(key), Ok(record)) if record.due <= now => {
                    found.push(MissingShard { object: key.object, shard: key.shard, record });
                }
                (Some(_), Ok(_)) => {}
                (_, Err(error)) => bad = Some(error),
                (None, _) => bad = Some(StoreError::BadRecord("missing key")),
            }
            bad.is_none() && found.len() < limit
        })?;
        match bad {
            Some(error) => Err(error),
            None => Ok(found),
        }
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

    /// Records that a shard is damaged. A shard with holds is listed for a rebuild, and its good frames are served until
    /// then; a staged one is removed. Returns true if the damage was not already recorded.
    pub fn mark_damaged(&self, key: &ShardKey, now: Seconds) -> Result<bool, StoreError> {
        let _rows = self.alone();
        let Some(record) = self.shard(key)?.filter(|record| !record.damaged) else {
            return Ok(false);
        };
        if record.state == ShardState::Staged {
            self.remove_shard(key)?;
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
