//! How much is held and missing.

use super::records::{ShardRecord, ShardState, UploadRecord};
use meganet_primitives::{AccountId, GroupId};
use std::collections::{BTreeMap, btree_map::Entry};

/// Bytes of the disk that are counted for a shard beyond its own: 32 for the root of each of the up to 48 shards of its object,
/// and 1 KiB for its other rows in the index. For a shard of 1 KiB that is most of what it takes up.
pub const OVERHEAD: u64 = 48 * 32 + 1024;

/// Bytes of the disk that are counted for some shards, which have `bytes` bytes together.
pub fn footprint(shards: u64, bytes: u64) -> u64 {
    bytes.saturating_add(shards.saturating_mul(OVERHEAD))
}

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
    /// Shards by account that were uploaded and are not registered.
    pub upload_shards: BTreeMap<AccountId, u64>,
    /// Bytes by group that the chain has registered.
    pub registered: BTreeMap<GroupId, u64>,
    /// Bytes by group that the chain has not registered.
    pub unregistered: BTreeMap<GroupId, u64>,
    /// Shards that the chain has not registered.
    pub unregistered_shards: u64,
}

impl Usage {
    /// Bytes that no registration keeps: staged shards, and shards with a receipt that is not registered yet.
    pub fn unregistered_bytes(&self) -> u64 {
        self.unregistered.values().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Bytes of the disk that are counted for [`Self::unregistered_bytes`].
    pub fn unregistered_footprint(&self) -> u64 {
        footprint(self.unregistered_shards, self.unregistered_bytes())
    }

    /// Bytes of the disk that are counted for an account's uploads which are not registered.
    pub fn footprint_of(&self, account: &AccountId) -> u64 {
        let of = |numbers: &BTreeMap<AccountId, u64>| numbers.get(account).copied().unwrap_or_default();
        footprint(of(&self.upload_shards), of(&self.uploads))
    }

    /// Counts an upload in.
    pub(crate) fn add_upload(&mut self, upload: &UploadRecord) {
        increase(&mut self.uploads, upload.account, upload.len);
        increase(&mut self.upload_shards, upload.account, 1);
    }

    /// Takes an upload out of the count.
    pub(crate) fn remove_upload(&mut self, upload: &UploadRecord) {
        decrease(&mut self.uploads, upload.account, upload.len);
        decrease(&mut self.upload_shards, upload.account, 1);
    }

    /// Counts a shard in.
    pub(crate) fn add(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.len);
        self.staged = self.staged.saturating_add(u64::from(record.state == ShardState::Staged));
        self.damaged = self.damaged.saturating_add(u64::from(record.damaged));
        self.unregistered_shards = self.unregistered_shards.saturating_add(u64::from(is_unregistered(record)));
        if let Some(groups) = self.groups_of(record) {
            increase(groups, record.group, record.len);
        }
    }

    /// Takes a shard out of the count.
    pub(crate) fn remove(&mut self, record: &ShardRecord) {
        self.shards = self.shards.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(record.len);
        self.staged = self.staged.saturating_sub(u64::from(record.state == ShardState::Staged));
        self.damaged = self.damaged.saturating_sub(u64::from(record.damaged));
        self.unregistered_shards = self.unregistered_shards.saturating_sub(u64::from(is_unregistered(record)));
        if let Some(groups) = self.groups_of(record) {
            decrease(groups, record.group, record.len);
        }
    }

    /// The sums that a shard belongs to; `None` for an adopted one, which takes up disk, but nobody's share of it.
    fn groups_of(&mut self, record: &ShardRecord) -> Option<&mut BTreeMap<GroupId, u64>> {
        match record.state {
            ShardState::Registered => Some(&mut self.registered),
            _ if is_unregistered(record) => Some(&mut self.unregistered),
            _ => None,
        }
    }
}

fn is_unregistered(record: &ShardRecord) -> bool {
    matches!(record.state, ShardState::Staged | ShardState::Receipted)
}

fn increase<K: Ord>(numbers: &mut BTreeMap<K, u64>, key: K, by: u64) {
    let number = numbers.entry(key).or_default();
    *number = number.saturating_add(by);
}

/// Keeps no zero.
fn decrease<K: Ord>(numbers: &mut BTreeMap<K, u64>, key: K, by: u64) {
    if let Entry::Occupied(mut number) = numbers.entry(key) {
        let left = number.get().saturating_sub(by);
        if left == 0 {
            number.remove();
        } else {
            number.insert(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_primitives::placement::ProfileId;

    #[test]
    fn the_roots_of_the_objects_with_most_shards_are_counted() {
        let most = ProfileId::ALL.iter().map(|id| u64::from(id.profile().n)).max();
        assert_eq!(most.map(|shards| 32 * shards + 1024), Some(OVERHEAD));
    }
}
