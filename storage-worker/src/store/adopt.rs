//! Files without a record: after the loss of the index, or a crash between a file and its record. Whole shards are
//! recorded again; nothing else is done to a file than to move it aside.

use super::{
    Store, StoreError,
    engine::{Batch, Table},
    keys::{Hold, ShardKey},
    records::{LapseRecord, Place, Seconds, ShardRecord, ShardState},
    write::Placing,
};
use crate::model::Lapse;
use std::collections::BTreeSet;

/// The result of [`Store::adopt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// The file is a whole shard, and is recorded now.
    Adopted,
    /// The shard is recorded already, or is being stored or removed.
    Known,
    /// The file is not a whole shard: it was moved to the folder of orphans.
    PutAside,
    /// There is no such file.
    NotHere,
}

/// How the folder of files and the index differ, for objects whose id begins with one byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Shards that have a file and no record.
    pub unknown: Vec<ShardKey>,
    /// Shards that have a record and no file.
    pub lost: Vec<ShardKey>,
}

impl Store {
    /// Compares files and records of the objects whose id begins with byte `first`.
    pub fn differences(&self, first: u8) -> Result<Differences, StoreError> {
        // Files first: a shard that is stored meanwhile has a record and no file in this list, and is looked at again.
        let files: BTreeSet<ShardKey> = self.files.named(first)?.into_iter().collect();
        let mut recorded = BTreeSet::new();
        let mut lost = Vec::new();
        let mut after = None;
        loop {
            let page = self.shards_from(&super::after(after.as_ref(), &[first]), None, 4096)?;
            let Some(last) = page.last().map(|(key, _)| *key) else { break };
            after = Some(last);
            for (key, record) in page.into_iter().filter(|(key, _)| key.object.0.first() == Some(&first)) {
                let in_file = record.place == Place::File;
                if in_file && !record.damaged && !files.contains(&key) && !self.files.has(&key, 0)? {
                    lost.push(key);
                }
                if in_file {
                    recorded.insert(key);
                }
            }
            if last.object.0.first() != Some(&first) {
                break;
            }
        }
        Ok(Differences { unknown: files.difference(&recorded).copied().collect(), lost })
    }

    /// Records a shard whose file has no record, if the file is whole. It is kept for its holds; if it has none, it is
    /// kept as a lapsed one, since the chain may turn out to count on it.
    pub fn adopt(&self, key: &ShardKey, now: Seconds) -> Result<Adoption, StoreError> {
        if self.is_recorded(key)? {
            return Ok(Adoption::Known);
        }
        // The slow part, before anything is locked.
        let Some(whole) = self.files.hash(key)? else { return self.put_aside(key) };
        let object = &whole.footer.object;
        if object.header.id() != key.object || object.roots.get(usize::from(key.shard)) != Some(&whole.root) {
            return self.put_aside(key);
        }
        let _rows = self.shared();
        let Some(_placing) = Placing::begin(self, *key) else { return Ok(Adoption::Known) };
        if self.is_recorded(key)? || !self.files.has(key, whole.len)? {
            return Ok(Adoption::Known);
        }
        let mut batch = Batch::default();
        let mut state = self.state_of(key)?;
        if state == ShardState::Staged {
            state = ShardState::Adopted;
            batch.put(Table::Holds, Hold::Adopted.of_shard(key), Vec::new());
            // Most often no block is known yet: it gets its date later, from [`Store::date_lapses`].
            self.begin_lapse(&Lapse::Shard(*key), LapseRecord { since: now, block: 0 }, &mut batch)?;
        }
        let record = ShardRecord {
            group: whole.footer.group,
            len: whole.len,
            place: Place::File,
            state,
            damaged: false,
            stored_at: now,
        };
        self.note_held(key, object, &record, None, whole.tree, batch)?;
        Ok(Adoption::Adopted)
    }

    /// Number and bytes of the files that were put aside.
    pub fn orphans(&self) -> Result<(u64, u64), StoreError> {
        self.files.orphans()
    }

    fn put_aside(&self, key: &ShardKey) -> Result<Adoption, StoreError> {
        let _rows = self.shared();
        let Some(_placing) = Placing::begin(self, *key) else { return Ok(Adoption::Known) };
        if self.is_recorded(key)? {
            return Ok(Adoption::Known);
        }
        if !self.files.has(key, 0)? {
            return Ok(Adoption::NotHere);
        }
        self.files.put_aside(key)?;
        Ok(Adoption::PutAside)
    }

    /// Returns true if a shard has a readable record, or is waiting to be removed.
    fn is_recorded(&self, key: &ShardKey) -> Result<bool, StoreError> {
        if self.engine.get(Table::Removed, &key.encode())?.is_some() {
            return Ok(true);
        }
        Ok(self.shard(key)?.is_some())
    }
}
