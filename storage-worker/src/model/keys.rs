//! The keys of the index. Numbers are big-endian, so that byte order is number order.

use meganet_primitives::{BlockNumber, Epoch, GroupId, SlotIndex, hash::Hash, object::ObjectId};

/// A shard: its object and its index in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardKey {
    /// The object.
    pub object: ObjectId,
    /// The shard's index, equal to the slot that holds it.
    pub shard: SlotIndex,
}

impl ShardKey {
    /// Length of an encoded key in bytes.
    pub const LEN: usize = 33;

    /// Encodes object, shard.
    pub fn encode(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(Self::LEN);
        key.extend_from_slice(&self.object.0);
        key.push(self.shard);
        key
    }

    /// Reads the first [`Self::LEN`] bytes of a key.
    pub fn decode(key: &[u8]) -> Option<Self> {
        let object = key.get(..32)?.try_into().ok()?;
        Some(Self { object: ObjectId(object), shard: *key.get(32)? })
    }
}

impl std::fmt::Display for ShardKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} shard {}", self.object, self.shard)
    }
}

/// A leaf of a group's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafKey {
    /// The epoch at whose beginning the range is dropped. First in the key, so that expired leaves come first.
    pub expiry: Epoch,
    /// The group.
    pub group: GroupId,
    /// The leaf's index in the range.
    pub index: u64,
}

impl LeafKey {
    /// Length of an encoded key in bytes.
    pub const LEN: usize = 16;

    /// Encodes expiry, group, index.
    pub fn encode(&self) -> Vec<u8> {
        let mut key = Self::range(self.expiry, self.group);
        key.extend_from_slice(&self.index.to_be_bytes());
        key
    }

    /// The common prefix of the keys of a range's leaves.
    pub fn range(expiry: Epoch, group: GroupId) -> Vec<u8> {
        let mut key = Vec::with_capacity(16);
        key.extend_from_slice(&expiry.to_be_bytes());
        key.extend_from_slice(&group.to_be_bytes());
        key
    }

    /// Reads an encoded key.
    pub fn decode(key: &[u8]) -> Option<Self> {
        Some(Self {
            expiry: Epoch::from_be_bytes(key.get(..4)?.try_into().ok()?),
            group: GroupId::from_be_bytes(key.get(4..8)?.try_into().ok()?),
            index: u64::from_be_bytes(key.get(8..16)?.try_into().ok()?),
        })
    }
}

/// A receipt that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptKey {
    /// The epoch at whose beginning the promise ends.
    pub expiry: Epoch,
    /// The group.
    pub group: GroupId,
    /// The slot for which it was signed.
    pub slot: SlotIndex,
    /// The batch.
    pub batch: Hash,
    /// The last block in which the chain accepts it.
    pub valid_until: BlockNumber,
}

impl ReceiptKey {
    /// Length of an encoded key in bytes.
    pub const LEN: usize = 45;

    /// Encodes expiry, group, slot, batch root, last block.
    pub fn encode(&self) -> Vec<u8> {
        let mut key = Self::of_batch(self.expiry, self.group, self.slot, &self.batch);
        key.extend_from_slice(&self.valid_until.to_be_bytes());
        key
    }

    /// The common prefix of the keys of all receipts for a batch, of which there may be several.
    pub fn of_batch(expiry: Epoch, group: GroupId, slot: SlotIndex, batch: &Hash) -> Vec<u8> {
        let mut key = LeafKey::range(expiry, group);
        key.push(slot);
        key.extend_from_slice(batch);
        key
    }

    /// Reads an encoded key.
    pub fn decode(key: &[u8]) -> Option<Self> {
        Some(Self {
            expiry: Epoch::from_be_bytes(key.get(..4)?.try_into().ok()?),
            group: GroupId::from_be_bytes(key.get(4..8)?.try_into().ok()?),
            slot: *key.get(8)?,
            batch: key.get(9..41)?.try_into().ok()?,
            valid_until: BlockNumber::from_be_bytes(key.get(41..45)?.try_into().ok()?),
        })
    }
}

/// A reason to keep a shard or a batch, which stays as long as it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A receipt was signed, and may be registered as long as it is valid.
    Receipt(ReceiptKey),
    /// The chain has registered it.
    Leaf(LeafKey),
    /// Its file was found without a record, so the reason to keep it is not known yet.
    Adopted,
}

impl Hold {
    /// Appends the kind and the key of the receipt or leaf.
    fn encode_to(self, key: &mut Vec<u8>) {
        match self {
            Self::Receipt(receipt) => {
                key.push(0);
                key.extend(receipt.encode());
            }
            Self::Leaf(leaf) => {
                key.push(1);
                key.extend(leaf.encode());
            }
            Self::Adopted => key.push(2),
        }
    }

    /// Reads the part of a key that follows the shard or batch.
    fn decode(key: &[u8]) -> Option<Self> {
        match key.split_first()? {
            (0, rest) => ReceiptKey::decode(rest).map(Self::Receipt),
            (1, rest) => LeafKey::decode(rest).map(Self::Leaf),
            (2, []) => Some(Self::Adopted),
            _ => None,
        }
    }

    /// The key of a hold on a shard.
    pub fn of_shard(self, shard: &ShardKey) -> Vec<u8> {
        let mut key = shard.encode();
        self.encode_to(&mut key);
        key
    }

    /// Reads the key of a hold on a shard.
    pub fn decode_of_shard(key: &[u8]) -> Option<Self> {
        Self::decode(key.get(ShardKey::LEN..)?)
    }

    /// The key of a hold on a batch.
    pub fn of_batch(self, batch: &Hash) -> Vec<u8> {
        let mut key = batch.to_vec();
        self.encode_to(&mut key);
        key
    }
}

/// Reads the batch and the hold of the key of a hold on a batch.
pub fn batch_hold(key: &[u8]) -> Option<(Hash, Hold)> {
    let (batch, hold) = key.split_at_checked(32)?;
    Some((batch.try_into().ok()?, Hold::decode(hold)?))
}

/// The key of a tombstone: leaf and object.
pub fn tombstone(leaf: &LeafKey, object: &ObjectId) -> Vec<u8> {
    let mut key = leaf.encode();
    key.extend_from_slice(&object.0);
    key
}
