//! Facts about the store itself, and the cursors of long walks.

use super::{
    Store, StoreError, decode,
    engine::{Batch, Durability, Table, page},
    keys::ShardKey,
    leaves::Gaps,
    marker::StoreId,
    readable,
    records::LapseRecord,
};
use crate::model::Lapse;
use codec::Encode;
use meganet_primitives::{BlockNumber, GroupId, SlotIndex, hash::Hash};
use std::sync::atomic::Ordering;

/// The format of keys, values and files that this version writes and reads.
const FORMAT: u32 = 3;

const STORE_KEY: &[u8] = b"store";
const FORMAT_KEY: &[u8] = b"format";
const GENESIS_KEY: &[u8] = b"genesis";
const FOLLOWED_KEY: &[u8] = b"followed";
const SCRUB_KEY: &[u8] = b"scrub";
const LEAVING_KEY: &[u8] = b"leaving";
const SYNCED_KEY: &[u8] = b"synced";
const SLOT_KEY: &[u8] = b"slot/";

impl Store {
    /// Ties a new index to the store, and checks an older one.
    ///
    /// # Errors
    /// [`StoreError::ForeignIndex`] if the index belongs to another store.
    pub(super) fn check_store(&self, id: StoreId) -> Result<(), StoreError> {
        match self.load::<[u8; 16]>(Table::Meta, STORE_KEY, "store")?.map(StoreId) {
            None => self.save(Table::Meta, STORE_KEY.to_vec(), &id.0, Durability::Synced),
            Some(found) if found == id => Ok(()),
            Some(found) => Err(StoreError::ForeignIndex { found: found.to_string(), wanted: id.to_string() }),
        }
    }

    pub(super) fn check_format(&self) -> Result<(), StoreError> {
        match self.load::<u32>(Table::Meta, FORMAT_KEY, "format")? {
            None => self.save(Table::Meta, FORMAT_KEY.to_vec(), &FORMAT, Durability::Synced),
            Some(FORMAT) => Ok(()),
            Some(found) => Err(StoreError::Format { found, known: FORMAT }),
        }
    }

    /// Binds the store to a chain at the first call, and checks the chain at later ones.
    ///
    /// # Errors
    /// [`StoreError::Chain`] if the store belongs to another chain.
    pub fn bind(&self, genesis: &Hash) -> Result<(), StoreError> {
        match self.load::<Hash>(Table::Meta, GENESIS_KEY, "genesis")? {
            None => self.save(Table::Meta, GENESIS_KEY.to_vec(), genesis, Durability::Synced),
            Some(bound) if bound == *genesis => Ok(()),
            Some(bound) => Err(StoreError::Chain { found: hex::encode(bound), wanted: hex::encode(genesis) }),
        }
    }

    /// The last finalized block whose registrations are all in the index.
    pub fn followed(&self) -> Result<Option<BlockNumber>, StoreError> {
        readable(self.load(Table::Meta, FOLLOWED_KEY, "followed block"))
    }

    /// Records that a block's registrations are in the index. Not synced: after a power cut the block is read again.
    pub fn set_followed(&self, block: BlockNumber) -> Result<(), StoreError> {
        self.save(Table::Meta, FOLLOWED_KEY.to_vec(), &block, Durability::Buffered)
    }

    /// Whether this index has ever known everything that the chain counts on. Until then its list of missing shards says
    /// nothing: it may have been made new after a loss. Does not block.
    pub fn was_synced(&self) -> bool {
        self.was_synced.load(Ordering::Acquire)
    }

    /// Records that the index knows everything that the chain counts on. Not made durable: after a power cut it is
    /// recorded again.
    pub fn set_synced(&self) -> Result<(), StoreError> {
        if !self.was_synced() {
            self.save(Table::Meta, SYNCED_KEY.to_vec(), &true, Durability::Buffered)?;
            self.was_synced.store(true, Ordering::Release);
        }
        Ok(())
    }

    pub(super) fn load_synced(&self) -> Result<(), StoreError> {
        let synced = readable(self.load::<bool>(Table::Meta, SYNCED_KEY, "synced"))?.unwrap_or_default();
        self.was_synced.store(synced, Ordering::Release);
        Ok(())
    }

    /// The shard after which the scrub continues; `None` at the beginning of a pass.
    pub fn scrub_cursor(&self) -> Result<Option<ShardKey>, StoreError> {
        let key = readable(self.load::<Option<Vec<u8>>>(Table::Meta, SCRUB_KEY, "scrub cursor"))?.flatten();
        Ok(key.as_deref().and_then(ShardKey::decode))
    }

    /// Records the scrub's progress.
    pub fn set_scrub_cursor(&self, cursor: Option<&ShardKey>) -> Result<(), StoreError> {
        let key = cursor.map(ShardKey::encode);
        self.save(Table::Meta, SCRUB_KEY.to_vec(), &key, Durability::Buffered)
    }

    /// Whether the chain last reported that this worker is leaving the network.
    pub fn leaving(&self) -> Result<bool, StoreError> {
        Ok(self.load(Table::Meta, LEAVING_KEY, "leaving")?.unwrap_or_default())
    }

    /// Records whether this worker is leaving the network.
    pub fn set_leaving(&self, leaving: bool) -> Result<(), StoreError> {
        self.save(Table::Meta, LEAVING_KEY.to_vec(), &leaving, Durability::Synced)
    }

    /// The groups whose registrations are in the index, with this worker's slots.
    pub fn slots(&self) -> Result<Vec<(GroupId, SlotIndex)>, StoreError> {
        let page = page(&*self.engine, Table::Meta, SLOT_KEY, SLOT_KEY, usize::MAX)?;
        // One that cannot be read is taken for new when the chain reports it, and recorded again.
        let slot = |(key, value): &(Vec<u8>, Vec<u8>)| {
            let group = key.get(SLOT_KEY.len()..)?.try_into().ok()?;
            Some((GroupId::from_be_bytes(group), decode::<SlotIndex>(value, "slot").ok()?))
        };
        Ok(page.iter().filter_map(slot).collect())
    }

    /// Records that this worker has a slot, new or again. Every leaf of the group is applied again: the shards may be those
    /// of another slot than before. Leaves that were removed since the slot was lost are fetched again.
    ///
    /// The leaves are marked in pages, and the slot is recorded after the last one. After a crash in between, the slot that
    /// the chain reports is not the recorded one, so all of this is done again; marks without the slot do no harm, since a leaf
    /// can be applied any number of times.
    pub fn set_slot(&self, group: GroupId, slot: SlotIndex) -> Result<(), StoreError> {
        let _rows = self.alone();
        let mut gaps = Gaps::default();
        self.for_leaf_pages(group, &mut |leaves| {
            let mut marks = Batch::default();
            for leaf in leaves {
                if let Some(gap) = gaps.before(leaf) {
                    self.end_range(&gap);
                }
                marks.put(Table::Unresolved, leaf.encode(), Vec::new());
            }
            // The commit of the slot makes the earlier ones durable too.
            Ok(self.engine.commit(marks, Durability::Buffered)?)
        })?;
        let mut batch = Batch::default();
        batch.put(Table::Meta, slot_key(group), slot.encode());
        self.end_lapse(&Lapse::Slot { group, slot }, &mut batch)?;
        Ok(self.engine.commit(batch, Durability::Synced)?)
    }

    /// Records that this worker is reported to have lost its slot in a group. The shards of the slot are kept and
    /// served until the lapse is released.
    pub fn lose_slot(&self, group: GroupId, slot: SlotIndex, claim: LapseRecord) -> Result<(), StoreError> {
        let _rows = self.alone();
        let mut batch = Batch::default();
        batch.delete(Table::Meta, slot_key(group));
        self.begin_lapse(&Lapse::Slot { group, slot }, claim, &mut batch)?;
        Ok(self.engine.commit(batch, Durability::Synced)?)
    }
}

pub(super) fn slot_key(group: GroupId) -> Vec<u8> {
    let mut key = SLOT_KEY.to_vec();
    key.extend(group.to_be_bytes());
    key
}
