//! Counting the store's contents when it is opened.

use super::{
    Store, StoreError, decode,
    engine::Table,
    keys::{Hold, ReceiptKey, ShardKey},
    leaves::{Gaps, leaf_key},
    records::{MissingRecord, ReceiptRecord},
};
use crate::model::{Lapse, Usage};
use meganet_primitives::range::RangeLeaf;

impl Store {
    /// Counts everything in the index. Rows that cannot be read are counted and reported, and are no reason to refuse to
    /// start: files are adopted again, leaves are fetched again, and [`Self::relist_unreadable`] has missing shards listed again.
    pub(super) fn count(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        let mut unreadable = 0u64;
        let mut note = |table: Table, key: &[u8]| {
            tracing::warn!(table = table.name(), key = %hex::encode(key), "the index has a row that cannot be read");
            unreadable = unreadable.saturating_add(1);
        };
        self.engine.scan(Table::Shards, &[], &mut |key, value| {
            match (ShardKey::decode(key), decode(value, "shard")) {
                (Some(_), Ok(record)) => usage.add(&record),
                _ => note(Table::Shards, key),
            }
            true
        })?;
        self.engine.scan(Table::Missing, &[], &mut |key, value| {
            match (ShardKey::decode(key), decode::<MissingRecord>(value, "missing")) {
                (Some(_), Ok(_)) => usage.missing = usage.missing.saturating_add(1),
                _ => note(Table::Missing, key),
            }
            true
        })?;
        self.engine.scan(Table::Uploads, &[], &mut |key, value| {
            match (ShardKey::decode(key), decode(value, "upload")) {
                (Some(_), Ok(upload)) => usage.add_upload(&upload),
                _ => note(Table::Uploads, key),
            }
            true
        })?;
        let mut gaps = Gaps::default();
        self.engine.scan(Table::Leaves, &[], &mut |key, value| {
            let leaf = leaf_key(key);
            if let Some(gap) = leaf.and_then(|leaf| gaps.before(&leaf)) {
                // A slot that came back while the leaves of the time before were being removed.
                self.end_range(&gap);
            }
            match (leaf, decode::<RangeLeaf>(value, "leaf")) {
                (Some(_), Ok(_)) => {}
                (leaf, _) => {
                    note(Table::Leaves, key);
                    if let Some(leaf) = leaf {
                        self.end_range(&leaf);
                    }
                }
            }
            true
        })?;
        self.engine.scan(Table::Receipts, &[], &mut |key, value| {
            if ReceiptKey::decode(key).is_none() || decode::<ReceiptRecord>(value, "receipt").is_err() {
                note(Table::Receipts, key);
            }
            true
        })?;
        self.engine.scan(Table::Holds, &[], &mut |key, _| {
            if Hold::decode_of_shard(key).is_none() {
                note(Table::Holds, key);
            }
            true
        })?;
        self.engine.scan(Table::Lapsed, &[], &mut |key, _| {
            match Lapse::decode(key) {
                Some(_) => usage.lapsed = usage.lapsed.saturating_add(1),
                None => note(Table::Lapsed, key),
            }
            true
        })?;
        usage.unreadable = unreadable;
        Ok(usage)
    }
}
