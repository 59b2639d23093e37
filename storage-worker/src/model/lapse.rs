//! Promises that have ended, as far as is reported.

use super::keys::{LeafKey, ReceiptKey, ShardKey};
use meganet_primitives::{Epoch, GroupId, SlotIndex, object::ObjectId};

/// A reason to keep bytes that is reported to have ended. The bytes are kept and served for a while all the same: the report
/// may be wrong, and other workers may not have copied them yet.
///
/// In the order in which they are released when space is needed: those that are wanted least come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lapse {
    /// A receipt was not registered as long as the chain accepted it.
    Receipt(ReceiptKey),
    /// An owner deleted an object from a batch.
    Object(LeafKey, ObjectId),
    /// A range has expired.
    Range {
        /// Its epoch.
        expiry: Epoch,
        /// Its group.
        group: GroupId,
    },
    /// A shard's file was adopted, and no promise for it is known.
    Shard(ShardKey),
    /// The worker has lost its slot.
    Slot {
        /// The group.
        group: GroupId,
        /// The slot.
        slot: SlotIndex,
    },
}

impl Lapse {
    /// Encodes the kind, then the numbers.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            // The others have had their kinds for longer.
            Self::Receipt(key) => [&[4][..], &key.encode()].concat(),
            Self::Object(leaf, object) => [&[0][..], &leaf.encode(), &object.0].concat(),
            Self::Range { expiry, group } => [&[1][..], &LeafKey::range(*expiry, *group)].concat(),
            Self::Shard(key) => [&[2][..], &key.encode()].concat(),
            Self::Slot { group, slot } => [&[3][..], &group.to_be_bytes(), &[*slot]].concat(),
        }
    }

    /// Reads an encoded lapse.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, rest) => {
                let object = rest.get(LeafKey::LEN..)?.try_into().ok()?;
                Some(Self::Object(LeafKey::decode(rest)?, ObjectId(object)))
            }
            (1, rest) => Some(Self::Range {
                expiry: Epoch::from_be_bytes(rest.get(..4)?.try_into().ok()?),
                group: GroupId::from_be_bytes(rest.get(4..)?.try_into().ok()?),
            }),
            (2, rest) if rest.len() == ShardKey::LEN => ShardKey::decode(rest).map(Self::Shard),
            (3, [group @ .., slot]) => {
                Some(Self::Slot { group: GroupId::from_be_bytes(group.try_into().ok()?), slot: *slot })
            }
            (4, rest) if rest.len() == ReceiptKey::LEN => ReceiptKey::decode(rest).map(Self::Receipt),
            _ => None,
        }
    }

    /// The common prefix of the keys of all expired ranges.
    pub const RANGES: [u8; 1] = [1];
    /// The beginning of all encoded deletions.
    pub const OBJECTS: [u8; 1] = [0];
    /// The common prefix of the keys of all lost slots.
    pub const SLOTS: [u8; 1] = [3];
    /// The common prefix of the keys of all receipts. They come last in the order of keys, and are released first.
    pub const RECEIPTS: [u8; 1] = [4];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_can_be_read_and_are_in_the_order_of_release() {
        let leaf = LeafKey { expiry: 7, group: 300, index: 1 << 40 };
        let shard = ShardKey { object: ObjectId([9; 32]), shard: 3 };
        let all = [
            Lapse::Object(leaf, ObjectId([8; 32])),
            Lapse::Range { expiry: 6, group: 9 },
            Lapse::Range { expiry: 7, group: 1 },
            Lapse::Shard(shard),
            Lapse::Slot { group: 4, slot: 250 },
        ];
        for lapse in &all {
            assert_eq!(Lapse::decode(&lapse.encode()), Some(*lapse));
            assert_eq!(Lapse::decode(&[lapse.encode(), vec![0]].concat()), None, "{lapse:?}");
        }
        assert!(all.windows(2).all(|pair| pair[0] < pair[1] && pair[0].encode() < pair[1].encode()));
        let receipt = Lapse::Receipt(ReceiptKey { expiry: 7, group: 300, slot: 2, batch: [6; 32], valid_until: 90 });
        assert_eq!(Lapse::decode(&receipt.encode()), Some(receipt));
        assert_eq!(Lapse::decode(&[receipt.encode(), vec![0]].concat()), None);
        assert!(receipt < all[0] && receipt.encode().starts_with(&Lapse::RECEIPTS));
    }
}
