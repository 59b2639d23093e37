//! What the pallet stores.

use crate::Config;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use meganet_primitives::{
    country::Country,
    placement::{ProfileId, MAX_SLOTS},
    range::RangeState,
    receipt::PeerKey,
    Balance, BlockNumber, Epoch, GroupId, WorkerId,
};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// Bytes of a GiB: the unit of prices and bonds.
pub const GIB: u64 = 1 << 30;

/// A group's number, big-endian, so that keys sort as numbers do.
pub type GroupKey = [u8; 4];
/// The expiries of a group's ranges, ascending.
pub type Expiries<T> = BoundedVec<Epoch, <T as Config>::MaxRanges>;
/// The open groups of a profile.
pub type OpenList<T> = BoundedVec<GroupId, <T as Config>::MaxOpenGroups>;
/// Who sits in each slot of a group.
pub type Slots = BoundedVec<Option<WorkerId>, ConstU32<MAX_SLOTS>>;

/// What root may change. The defaults are for development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Params {
    /// The latest expiry that can be bought is this many epochs away.
    pub max_epochs: u32,
    /// Price of one GiB (of shard bytes, all n shards counted) for one epoch, in planck.
    pub price_per_gib_epoch: Balance,
    /// Held from the account that opens a group, in planck.
    pub group_deposit: Balance,
    /// Bond of a worker for each GiB that it lends, in planck.
    pub bond_per_gib: Balance,
    /// The bond of the smallest worker, in planck.
    pub min_bond: Balance,
    /// The smallest capacity that a worker may declare, in bytes.
    pub min_capacity: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            max_epochs: 120,
            price_per_gib_epoch: 1_000_000_000,
            group_deposit: 10_000_000_000_000,
            bond_per_gib: 1_000_000_000_000,
            min_bond: 10_000_000_000_000,
            min_capacity: GIB,
        }
    }
}

/// What genesis fixes, because what is stored depends on it. The defaults are for development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FixedParams {
    /// Blocks of an epoch, at least 1.
    pub epoch_blocks: BlockNumber,
    /// Bytes of a slot, by profile, in the order of the profile ids.
    pub slot_capacity: [u64; 4],
}

impl Default for FixedParams {
    fn default() -> Self {
        Self { epoch_blocks: 1_200, slot_capacity: [GIB; 4] }
    }
}

impl FixedParams {
    /// Bytes of a slot of this profile.
    pub fn slot_capacity_of(&self, profile: ProfileId) -> u64 {
        let [compact, standard, always_on, home] = self.slot_capacity;
        match profile {
            ProfileId::Compact => compact,
            ProfileId::Standard => standard,
            ProfileId::AlwaysOn => always_on,
            ProfileId::Home => home,
        }
    }

    /// Bytes of the smallest slot: a worker with less free space can't be given any.
    pub fn smallest_slot(&self) -> u64 {
        self.slot_capacity.into_iter().min().unwrap_or(u64::MAX)
    }
}

/// Sums over everything that is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Totals {
    /// Registered workers.
    pub workers: u32,
    /// Bytes they lend.
    pub capacity: u64,
    /// Bytes promised to slots.
    pub committed: u64,
    /// Placement groups.
    pub groups: u32,
    /// Groups with a vacant slot.
    pub groups_filling: u32,
    /// Batches registered since genesis.
    pub batches: u64,
    /// Objects registered since genesis.
    pub objects: u64,
    /// Shard bytes registered since genesis, all n shards counted.
    pub bytes: u128,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Worker {
    /// Who registered it.
    pub operator: AccountId32,
    /// Its identity key; it never changes.
    pub peer: PeerKey,
    /// The country it declares.
    pub country: Country,
    /// Bytes it lends.
    pub capacity: u64,
    /// Bytes promised to its slots: the sum of their capacities.
    pub committed: u64,
    /// Slots it holds.
    pub slots: u32,
    /// The bond held.
    pub bond: Balance,
    /// Whether it may be given further slots.
    pub accepting: bool,
    /// Block of registration.
    pub registered: BlockNumber,
}

impl Worker {
    /// Bytes not promised to any slot.
    pub fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.committed)
    }
}

/// A placement group.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Group {
    /// Its profile.
    pub profile: ProfileId,
    /// Bytes that each slot promises.
    pub slot_capacity: u64,
    /// Bytes registered for each slot: the sum over the ranges that are not dropped.
    pub used: u64,
    /// Its n slots.
    pub slots: Slots,
    /// Whether all slots have once been filled: from then on batches can be stored.
    pub ready: bool,
    /// Whether it is in the fill queue.
    pub queued: bool,
    /// Whether it is among the open groups.
    pub listed: bool,
    /// Who opened it.
    pub opener: AccountId32,
    /// What is held from the opener; 0 once it is returned.
    pub deposit: Balance,
    /// Block in which it was opened.
    pub opened: BlockNumber,
}

impl Group {
    /// How many slots have no worker.
    pub fn vacant(&self) -> u32 {
        let vacant = self.slots.iter().filter(|slot| slot.is_none()).count();
        u32::try_from(vacant).unwrap_or(MAX_SLOTS)
    }

    /// Bytes that can still be registered for each slot.
    pub fn room(&self) -> u64 {
        self.slot_capacity.saturating_sub(self.used)
    }

    /// Whether more than 80 % is used: time for another group.
    pub fn nearly_full(&self) -> bool {
        u128::from(self.used).saturating_mul(5) > u128::from(self.slot_capacity).saturating_mul(4)
    }

    /// Whether less than 1/64 is free: too little to look at this group.
    pub fn full(&self) -> bool {
        self.room() < self.slot_capacity / 64
    }
}

/// A group that waits for workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FillRequest {
    /// The group.
    pub group: GroupId,
    /// Block in which it was queued, or queued again.
    pub since: BlockNumber,
    /// Attempts that have failed.
    pub attempts: u32,
}

/// A range.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RangeRecord {
    /// Its peaks.
    pub state: RangeState,
    /// How many tombstones it has.
    pub tombstones: u32,
}

/// A dropped range whose tombstones are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct StaleRange {
    /// Its expiry.
    pub expiry: Epoch,
    /// Tombstones left.
    pub tombstones: u32,
}

/// A tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct TombstoneRecord {
    /// Who deleted the object.
    pub owner: AccountId32,
    /// What is held for it.
    pub deposit: Balance,
}
