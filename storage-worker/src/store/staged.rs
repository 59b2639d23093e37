//! Uploaded shards that nothing promises, and their removal where others need the space.

use super::{
    Store, StoreError, decode,
    engine::{Table, page},
    keys::ShardKey,
    records::{Seconds, ShardRecord, ShardState, UploadRecord},
};
use crate::model::{StagedShard, footprint};
use meganet_primitives::AccountId;
use std::collections::BTreeMap;

/// Uploads that are read in one go.
const PAGE: usize = 4096;
/// Shards that are removed in one commit.
const AT_ONCE: usize = 1024;

impl Store {
    /// Bytes of the disk by account for shards that have no receipt and were stored at `before` or earlier.
    pub fn staged_by_account(&self, before: Seconds) -> Result<BTreeMap<AccountId, u64>, StoreError> {
        let mut bytes: BTreeMap<AccountId, u64> = BTreeMap::new();
        self.visit_staged(before, &mut |_, shard| {
            let of_account = bytes.entry(shard.account).or_default();
            *of_account = of_account.saturating_add(footprint(1, shard.len));
        })?;
        Ok(bytes)
    }

    /// Up to `limit` shards of some accounts that have no receipt and were stored at `before` or earlier: those of the
    /// account with the least rank first, and of each account the oldest first.
    pub fn staged(
        &self,
        ranks: &BTreeMap<AccountId, usize>,
        before: Seconds,
        limit: usize,
    ) -> Result<Vec<StagedShard>, StoreError> {
        let mut first = BTreeMap::new();
        self.visit_staged(before, &mut |stored_at, shard| {
            if let Some(rank) = ranks.get(&shard.account) {
                first.insert((*rank, stored_at, shard.key), shard);
                if first.len() > limit {
                    first.pop_last();
                }
            }
        })?;
        Ok(first.into_values().collect())
    }

    /// Removes those of some shards that still have no receipt.
    pub fn drop_staged(&self, keys: &[ShardKey]) -> Result<(), StoreError> {
        for keys in keys.chunks(AT_ONCE) {
            let _rows = self.alone();
            for key in keys {
                self.remove_if_free(key)?;
            }
            self.unlink_removed()?;
        }
        Ok(())
    }

    fn visit_staged(&self, before: Seconds, visit: &mut dyn FnMut(Seconds, StagedShard)) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let rows = page(&*self.engine, Table::Uploads, &[], &from, PAGE)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            from.clone_from(last);
            from.push(0);
            for (key, value) in rows {
                // A row that cannot be read was reported at the start, and makes no others stay.
                let (Some(key), Ok(upload)) = (ShardKey::decode(&key), decode::<UploadRecord>(&value, "upload")) else {
                    continue;
                };
                let record = match self.shard(&key) {
                    Err(StoreError::BadRecord(_)) => None,
                    record => record?,
                };
                let is_free = |record: &ShardRecord| record.state == ShardState::Staged && record.stored_at <= before;
                if let Some(record) = record.filter(is_free) {
                    let shard = StagedShard { key, account: upload.account, group: record.group, len: record.len };
                    visit(record.stored_at, shard);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{
        AddReceipt,
        keys::ReceiptKey,
        testing::{FakeObject, in_memory},
    };
    use meganet_primitives::{receipt::PeerKey, sum_tree::summarize};

    const SLOT: u8 = 3;

    fn account(seed: u8) -> AccountId {
        [seed; 32]
    }

    fn upload(store: &Store, seed: u64, by: u8, now: Seconds) -> FakeObject {
        let object = FakeObject::new(seed, 4 << 10);
        let bytes = &object.shards[usize::from(SLOT)];
        let mut writer = store.begin(u64::try_from(bytes.len()).unwrap()).unwrap();
        writer.write(bytes).unwrap();
        let by = (account(by), PeerKey([by; 32]));
        store.commit_upload(writer.finish().unwrap(), &object.key(SLOT), &object.record, 0, by, now).unwrap();
        object
    }

    fn promise(store: &Store, object: &FakeObject) {
        let entries = [object.entry()];
        let batch = summarize(&entries).unwrap().root;
        let key = ReceiptKey { expiry: 10, group: 0, slot: SLOT, batch, valid_until: 50 };
        assert_eq!(store.add_receipt(&key, &account(1), &entries, 100).unwrap(), AddReceipt::Added);
    }

    #[test]
    fn old_shards_without_a_receipt_are_listed_by_rank_and_age() {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let objects: Vec<FakeObject> = [(1, 30), (1, 10), (2, 20), (2, 40), (1, 99), (3, 5), (1, 12)]
            .iter()
            .zip(1..)
            .map(|((by, at), seed)| upload(&store, seed, *by, *at))
            .collect();
        promise(&store, &objects[6]);
        let len = footprint(1, objects[0].entry().shard_len);
        let bytes = store.staged_by_account(50).unwrap();
        assert_eq!(bytes, BTreeMap::from([(account(1), 2 * len), (account(2), 2 * len), (account(3), len)]));
        let ranks = BTreeMap::from([(account(2), 0), (account(1), 1)]);
        let keys = |limit| {
            let staged = store.staged(&ranks, 50, limit).unwrap();
            staged.iter().map(|shard| shard.key).collect::<Vec<_>>()
        };
        let all = [2, 3, 1, 0].map(|at: usize| objects[at].key(SLOT));
        assert_eq!(keys(100), all);
        assert_eq!(keys(3), all[..3]);
    }

    #[test]
    fn a_shard_that_got_its_receipt_meanwhile_stays() {
        let base = tempfile::tempdir().unwrap();
        let store = in_memory(base.path());
        let (promised, free) = (upload(&store, 1, 1, 10), upload(&store, 2, 1, 10));
        let keys = [promised.key(SLOT), free.key(SLOT)];
        assert_eq!(store.staged(&BTreeMap::from([(account(1), 0)]), 50, 10).unwrap().len(), 2);
        promise(&store, &promised);
        store.drop_staged(&keys).unwrap();
        assert!(store.shard(&keys[0]).unwrap().is_some());
        assert!(store.shard(&keys[1]).unwrap().is_none());
        assert_eq!(store.usage().uploads.get(&account(1)), Some(&promised.entry().shard_len));
    }
}
