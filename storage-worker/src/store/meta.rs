//! Facts about the store itself, and the cursors of long walks.

use super::{
    Store, StoreError,
    engine::{Durability, Table},
    keys::ShardKey,
};
use meganet_primitives::{BlockNumber, GroupId, SlotIndex, hash::Hash};

/// The format of keys, values and files that this version writes and reads.
const FORMAT: u32 = 1;

const FORMAT_KEY: &[u8] = b"format";
const GENESIS_KEY: &[u8] = b"genesis";
const FOLLOWED_KEY: &[u8] = b"followed";
const SCRUB_KEY: &[u8] = b"scrub";
const LEAVING_KEY: &[u8] = b"leaving";
const SLOT_KEY: &[u8] = b"slot/";

impl Store {
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
        self.load(Table::Meta, FOLLOWED_KEY, "followed block")
    }

    /// Records that a block's registrations are in the index. Not synced: after a power cut the block is read again.
    pub fn set_followed(&self, block: BlockNumber) -> Result<(), StoreError> {
        self.save(Table::Meta, FOLLOWED_KEY.to_vec(), &block, Durability::Buffered)
    }

    /// The shard after which the scrub continues; `None` at the beginning of a pass.
    pub fn scrub_cursor(&self) -> Result<Option<ShardKey>, StoreError> {
        let key = self.load::<Option<Vec<u8>>>(Table::Meta, SCRUB_KEY, "scrub cursor")?.flatten();
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
        let page = super::engine::page(&*self.engine, Table::Meta, SLOT_KEY, SLOT_KEY, usize::MAX)?;
        page.iter()
            .map(|(key, value)| {
                let group = key.get(SLOT_KEY.len()..).and_then(|bytes| bytes.try_into().ok());
                let group = group.map(GroupId::from_be_bytes).ok_or(StoreError::BadRecord("slot key"))?;
                Ok((group, super::decode(value, "slot")?))
            })
            .collect()
    }

    /// Records that this worker has a slot.
    pub fn set_slot(&self, group: GroupId, slot: SlotIndex) -> Result<(), StoreError> {
        self.save(Table::Meta, slot_key(group), &slot, Durability::Synced)
    }
}

pub(super) fn slot_key(group: GroupId) -> Vec<u8> {
    let mut key = SLOT_KEY.to_vec();
    key.extend(group.to_be_bytes());
    key
}
