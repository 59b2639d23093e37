//! Counting what is held.

use super::{
    Store, StoreError, decode,
    engine::Table,
    records::{MissingRecord, ShardRecord, ShardState},
};
use meganet_primitives::GroupId;
use std::collections::BTreeMap;

/// What the store holds and lacks. Bytes are shard bytes, without the index's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Shards held, damaged ones too.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Shards held that are damaged.
    pub damaged: u64,
    /// Shards that should be here, whole, and are not; the damaged ones among them.
    pub missing: u64,
    /// Bytes of each group that the chain has registered.
    pub registered: BTreeMap<GroupId, u64>,
    /// Bytes of each group that it has not.
    pub unregistered: BTreeMap<GroupId, u64>,
}

impl Usage {
    /// Bytes that no registration keeps: staged, or receipted and still to be registered.
    pub fn unregistered_bytes(&self) -> u64 {
        self.unregistered.values().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    pub(super) fn add(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.len);
        self.damaged = self.damaged.saturating_add(u64::from(record.damaged));
        let bytes = self.bytes_of(record);
        *bytes = bytes.saturating_add(record.len);
    }

    pub(super) fn remove(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(record.len);
        self.damaged = self.damaged.saturating_sub(u64::from(record.damaged));
        let bytes = self.bytes_of(record);
        *bytes = bytes.saturating_sub(record.len);
    }

    fn bytes_of(&mut self, record: &ShardRecord) -> &mut u64 {
        let groups = match record.state {
            ShardState::Registered => &mut self.registered,
            ShardState::Staged | ShardState::Receipted => &mut self.unregistered,
        };
        groups.entry(record.group).or_default()
    }
}

impl Store {
    /// Counts everything anew, from the index.
    pub(super) fn count(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        let mut bad = None;
        self.engine.scan(Table::Shards, &[], &mut |_, value| match decode(value, "shard") {
            Ok(record) => {
                usage.add(&record);
                true
            }
            Err(error) => {
                bad = Some(error);
                false
            }
        })?;
        if let Some(error) = bad {
            return Err(error);
        }
        self.engine.scan(Table::Missing, &[], &mut |_, value| {
            // One that cannot be read is not worth refusing to start for: the next sync finds it again.
            usage.missing = usage.missing.saturating_add(u64::from(decode::<MissingRecord>(value, "missing").is_ok()));
            true
        })?;
        Ok(usage)
    }
}
