//! How much is held and missing.

use super::records::{ShardRecord, ShardState};
use meganet_primitives::GroupId;
use std::collections::BTreeMap;

/// Totals of the store. Bytes are shard bytes; the size of the index is not included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Shards held, including damaged ones.
    pub shards: u64,
    /// Bytes of all held shards.
    pub bytes: u64,
    /// Shards held that are damaged.
    pub damaged: u64,
    /// Shards to be rebuilt, including the damaged ones.
    pub missing: u64,
    /// Bytes by group that the chain has registered.
    pub registered: BTreeMap<GroupId, u64>,
    /// Bytes by group that the chain has not registered.
    pub unregistered: BTreeMap<GroupId, u64>,
}

impl Usage {
    /// Bytes that no registration keeps: staged shards, and shards with a receipt that is not registered yet.
    pub fn unregistered_bytes(&self) -> u64 {
        self.unregistered.values().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Counts a shard in.
    pub(crate) fn add(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.len);
        self.damaged = self.damaged.saturating_add(u64::from(record.damaged));
        let bytes = self.bytes_of(record);
        *bytes = bytes.saturating_add(record.len);
    }

    /// Takes a shard out of the count.
    pub(crate) fn remove(&mut self, record: &ShardRecord) {
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
