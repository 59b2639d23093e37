//! How much is held and missing.

use super::records::{ShardRecord, ShardState, UploadRecord};
use meganet_primitives::{AccountId, GroupId};
use std::collections::BTreeMap;

/// Totals of the store. Bytes are shard bytes; the size of the index is not included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Shards held, including damaged ones.
    pub shards: u64,
    /// Bytes of all held shards.
    pub bytes: u64,
    /// Shards held that nothing promises.
    pub staged: u64,
    /// Shards held that are damaged.
    pub damaged: u64,
    /// Shards to be rebuilt, including the damaged ones.
    pub missing: u64,
    /// Promises that are reported to have ended, whose bytes are still kept.
    pub lapsed: u64,
    /// Rows of the index that could not be read when the store was opened.
    pub unreadable: u64,
    /// Bytes by account that were uploaded and are not registered.
    pub uploads: BTreeMap<AccountId, u64>,
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

    /// Counts an upload in.
    pub(crate) fn add_upload(&mut self, upload: &UploadRecord) {
        let bytes = self.uploads.entry(upload.account).or_default();
        *bytes = bytes.saturating_add(upload.len);
    }

    /// Takes an upload out of the count.
    pub(crate) fn remove_upload(&mut self, upload: &UploadRecord) {
        if let Some(bytes) = self.uploads.get_mut(&upload.account) {
            *bytes = bytes.saturating_sub(upload.len);
            if *bytes == 0 {
                self.uploads.remove(&upload.account);
            }
        }
    }

    /// Counts a shard in.
    pub(crate) fn add(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.len);
        self.staged = self.staged.saturating_add(u64::from(record.state == ShardState::Staged));
        self.damaged = self.damaged.saturating_add(u64::from(record.damaged));
        if let Some(groups) = self.groups_of(record) {
            let bytes = groups.entry(record.group).or_default();
            *bytes = bytes.saturating_add(record.len);
        }
    }

    /// Takes a shard out of the count.
    pub(crate) fn remove(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(record.len);
        self.staged = self.staged.saturating_sub(u64::from(record.state == ShardState::Staged));
        self.damaged = self.damaged.saturating_sub(u64::from(record.damaged));
        if let Some(groups) = self.groups_of(record)
            && let Some(bytes) = groups.get_mut(&record.group)
        {
            *bytes = bytes.saturating_sub(record.len);
            if *bytes == 0 {
                groups.remove(&record.group);
            }
        }
    }

    /// The sums that a shard belongs to; `None` for an adopted one, which takes up disk, but nobody's share of it.
    fn groups_of(&mut self, record: &ShardRecord) -> Option<&mut BTreeMap<GroupId, u64>> {
        match record.state {
            ShardState::Registered => Some(&mut self.registered),
            ShardState::Staged | ShardState::Receipted => Some(&mut self.unregistered),
            ShardState::Adopted => None,
        }
    }
}
