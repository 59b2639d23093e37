//! The bytes that a seed selects.

use crate::{
    Epoch, GroupId, SlotIndex, WorkerId,
    hash::{Hash, Tag, tagged},
    range::RangeLeaf,
    sum_tree::BatchEntry,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// The bytes that a slot has to hold, by the ranges of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The group.
    pub group: GroupId,
    /// The slot.
    pub slot: SlotIndex,
    /// Expiry and bytes of each range, in the order of the expiries.
    pub ranges: Vec<(Epoch, u64)>,
}

impl Holding {
    fn bytes(&self) -> u64 {
        self.ranges.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }
}

/// A byte that a worker has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Sample {
    /// The group.
    pub group: GroupId,
    /// The worker's slot in it.
    pub slot: SlotIndex,
    /// The range of the group.
    pub expiry: Epoch,
    /// The byte's offset among all bytes of the slot's shards in the range, batch after batch.
    pub offset: u64,
}

/// Returns the bytes that a seed selects for a worker: `count` of them, or none if it has to hold nothing. `holdings` are in
/// the order of their groups.
pub fn samples(seed: &Hash, worker: WorkerId, holdings: &[Holding], count: u8) -> Vec<Sample> {
    let total = holdings.iter().fold(0u64, |sum, holding| sum.saturating_add(holding.bytes()));
    if total == 0 {
        return Vec::new();
    }
    (0..count).filter_map(|index| locate(holdings, draw(seed, worker, index, total))).collect()
}

/// Returns a number below `total`, which is not 0. It is drawn from 128 bits, so that no number is favoured by more than
/// 2^-64.
fn draw(seed: &Hash, worker: WorkerId, index: u8, total: u64) -> u64 {
    let digest = tagged(Tag::Seed, &[b"meganet/audit/draw/1", seed, &worker.to_le_bytes(), &[index]]);
    let mut low = [0; 16];
    low.copy_from_slice(&digest[..16]);
    u64::try_from(u128::from_le_bytes(low) % u128::from(total)).unwrap_or_default()
}

/// Returns the range that contains a byte, counted over all holdings.
fn locate(holdings: &[Holding], mut offset: u64) -> Option<Sample> {
    for holding in holdings {
        let bytes = holding.bytes();
        if offset >= bytes {
            offset -= bytes;
            continue;
        }
        for (expiry, bytes) in &holding.ranges {
            if offset < *bytes {
                return Some(Sample { group: holding.group, slot: holding.slot, expiry: *expiry, offset });
            }
            offset -= bytes;
        }
    }
    None
}

/// Returns the index of the batch of a range that contains a byte, and the byte's offset in it.
pub fn find_leaf<'a>(leaves: impl IntoIterator<Item = &'a RangeLeaf>, mut offset: u64) -> Option<(u64, u64)> {
    for (index, leaf) in (0..).zip(leaves) {
        if offset < leaf.batch.bytes {
            return Some((index, offset));
        }
        offset -= leaf.batch.bytes;
    }
    None
}

/// Returns the index of the object of a batch that contains a byte, and the byte's offset in the shard.
pub fn find_entry<'a>(entries: impl IntoIterator<Item = &'a BatchEntry>, mut offset: u64) -> Option<(u32, u64)> {
    for (index, entry) in (0..).zip(entries) {
        if offset < entry.shard_len {
            return Some((index, offset));
        }
        offset -= entry.shard_len;
    }
    None
}
