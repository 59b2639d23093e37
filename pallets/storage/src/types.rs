//! What the pallet stores.

use crate::{Config, rolled::Rolled};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use meganet_primitives::{
    Balance, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
    audit::{Record, Schedule, Tolerance},
    country::Country,
    pay::GIB,
    placement::{MAX_SLOTS, ProfileId},
    range::{RangeLeaf, RangeState},
    receipt::PeerKey,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::AccountId32;

/// A group's number, big-endian, so that keys sort as numbers do.
pub type GroupKey = [u8; 4];
/// An automatic renewal's number, big-endian.
pub type AutoRenewalKey = [u8; 8];
/// What a group's ranges come to, by expiry, ascending.
pub type RangeList<T> = BoundedVec<RangeTotals, <T as Config>::MaxRanges>;
/// The open groups of a profile.
pub type OpenList<T> = BoundedVec<GroupId, <T as Config>::MaxOpenGroups>;
/// Who sits in each slot of a group.
pub type Slots = BoundedVec<Option<WorkerId>, ConstU32<MAX_SLOTS>>;

/// What root may change. The defaults are for development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Params {
    /// The latest expiry that can be bought is this many epochs away.
    pub max_epochs: u32,
    /// Price of one GiB (of shard bytes, all n shards counted) for one epoch, in planck. It moves at the end of every epoch.
    pub price_per_gib_epoch: Balance,
    /// How it moves.
    pub curve: PriceCurve,
    /// Held from the account that opens a group, in planck.
    pub group_deposit: Balance,
    /// Bond of a worker for each GiB that it lends, in planck.
    pub bond_per_gib: Balance,
    /// The bond of the smallest worker, in planck.
    pub min_bond: Balance,
    /// The smallest capacity that a worker may declare, in bytes.
    pub min_capacity: u64,
    /// What missed audits lead to, and how workers are paid.
    pub audit: AuditParams,
}

/// How the price follows the utilisation: stored bytes, of all slots, over bytes lent. Above the target it rises by up to
/// `step_ppm` an epoch, below it falls by up to as much, in proportion to the distance.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct PriceCurve {
    /// It never falls below this, in planck.
    pub floor: Balance,
    /// It never rises above this, in planck.
    pub ceiling: Balance,
    /// The utilisation at which it stays, in parts of a million.
    pub target_ppm: u32,
    /// The most that it moves in an epoch, in parts of a million.
    pub step_ppm: u32,
}

impl Default for PriceCurve {
    fn default() -> Self {
        // Half full leaves room for repair after a country is lost; five per cent a day doubles in two weeks.
        Self { floor: 100_000_000, ceiling: 1_000_000_000_000, target_ppm: 500_000, step_ppm: 50_000 }
    }
}

/// What missed audits lead to, and how workers are paid. Root may change it. The defaults are for periods of an hour.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct AuditParams {
    /// Missed periods, not made good, for which a worker loses slots and bond.
    pub misses: u32,
    /// Proofs in a row that make a missed period good.
    pub proofs_per_miss: u32,
    /// Samples in a row that a slot may be excused from; then it is given to somebody else, without a slash.
    pub excuses: u32,
    /// Of every price, these parts of a million are burned besides.
    pub burn_ppm: u32,
    /// Of a lost bond, these parts of a million go to the account that reported.
    pub bounty_ppm: u32,
    /// Proven periods of each of the three steps in which 75, 50 and 25 % of a new worker's pay are held back.
    pub newcomer_periods: u32,
    /// Periods for which shards that the holder of a refilled slot has rebuilt earn double, from the repair fund.
    pub repair_periods: u32,
    /// Blocks that a vacant slot of a group with enough members waits for its next holder.
    pub lazy_blocks: BlockNumber,
    /// Blocks for which a worker that leaves stays after its last slot was handed over, so that it can be copied from.
    pub handover_blocks: BlockNumber,
}

impl AuditParams {
    /// How many missed periods are tolerated.
    pub fn tolerance(&self) -> Tolerance {
        Tolerance { misses: self.misses, proofs_per_miss: self.proofs_per_miss }
    }
}

impl Default for AuditParams {
    fn default() -> Self {
        Self {
            // Three days away; one hour in seven, for ever. Of a thousand that lost a tenth half are gone within ten days; of
            // honest workers that are there 97 % of the time with outages of six hours, none in a year (`scripts/bench
            // tolerance`).
            misses: 72,
            proofs_per_miss: 6,
            // About a week for a slot that is asked for one sample of every challenge.
            excuses: 168,
            // A worker that stores for itself pays a twentieth more than it can earn.
            burn_ppm: 50_000,
            bounty_ppm: 50_000,
            // Three months.
            newcomer_periods: 2_160,
            repair_periods: 168,
            // A day of blocks.
            lazy_blocks: 28_800,
            handover_blocks: 28_800,
        }
    }
}

impl Default for Params {
    fn default() -> Self {
        Self {
            max_epochs: 120,
            price_per_gib_epoch: 1_000_000_000,
            curve: PriceCurve::default(),
            group_deposit: 10_000_000_000_000,
            bond_per_gib: 1_000_000_000_000,
            min_bond: 10_000_000_000_000,
            min_capacity: GIB,
            audit: AuditParams::default(),
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
    /// The rhythm of audits. An epoch is a whole number of periods.
    pub schedule: Schedule,
}

impl Default for FixedParams {
    fn default() -> Self {
        Self {
            epoch_blocks: 1_200,
            slot_capacity: [GIB; 4],
            schedule: Schedule { period_blocks: 20, window_blocks: 8, samples: 8 },
        }
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

    /// Periods of an epoch.
    pub fn periods_per_epoch(&self) -> u32 {
        (self.epoch_blocks / self.schedule.period_blocks.max(1)).max(1)
    }

    /// Bytes of the smallest slot: a worker with less free space can't be given any.
    pub fn smallest_slot(&self) -> u64 {
        self.slot_capacity.into_iter().min().unwrap_or(u64::MAX)
    }
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
    /// What it has proven and missed.
    pub record: Record,
    /// Paid to its operator, ever.
    pub earned: Balance,
    /// Earned, and held back until it exits.
    pub held_back: Balance,
    /// Whether it hands its slots over in order to exit.
    pub leaving: bool,
    /// Block in which it last handed a slot over.
    pub handed_over: BlockNumber,
}

/// A slot that a worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SlotRecord {
    /// The slot.
    pub slot: SlotIndex,
    /// Block in which the worker got it: what was signed for it before does not bind the worker.
    pub since: BlockNumber,
    /// Samples in a row that the worker was excused from.
    pub excused: u32,
    /// Samples in a row that it held; counted up to [`WHOLE_AFTER`].
    pub held: u32,
}

/// So many samples in a row show that a slot's shards are there. A slot of a new group has nothing to show.
pub const WHOLE_AFTER: u32 = 8;

impl SlotRecord {
    /// Whether the worker holds what the slot should.
    pub fn is_whole(&self) -> bool {
        self.held >= WHOLE_AFTER
    }
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

    /// With fewer slots than this taken, vacant ones are given away at once: a quarter of those that can be lost are lost.
    pub fn margin(&self) -> u32 {
        let profile = self.profile.profile();
        u32::from(profile.n).saturating_sub(u32::from(profile.n.saturating_sub(profile.k)) / 4)
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
    /// The first block in which it may be served.
    pub due: BlockNumber,
    /// Attempts that have failed.
    pub attempts: u32,
}

/// A range.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RangeRecord {
    /// Its peaks, now and when the period began.
    pub state: Rolled<RangeState>,
    /// How many tombstones it has.
    pub tombstones: u32,
}

/// What a range comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RangeTotals {
    /// The epoch at whose beginning it is dropped.
    pub expiry: Epoch,
    /// What each slot holds and can earn, now and when the period began.
    pub share: Rolled<Share>,
    /// Bytes of it that are registered in later ranges too: their room is not free when this one is dropped.
    pub renewed: u64,
}

/// What each slot holds of a range, and can earn with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Share {
    /// Shard bytes.
    pub bytes: u64,
    /// Pay of a slot for an epoch, in planck.
    pub rate: Balance,
}

/// What all slots hold and can earn together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct AllSlots {
    /// Shard bytes.
    pub bytes: u128,
    /// Their pay for an epoch, in planck.
    pub rate: Balance,
}

/// Where the money is that was paid for storage. What is in the pot, beside its existential deposit, is
/// `escrow + held_back + fund`; and `paid_in + slashed = burned + paid_out + escrow + held_back + fund`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Books {
    /// Paid by owners, ever.
    pub paid_in: Balance,
    /// Burned of it.
    pub burned: Balance,
    /// Bonds that were lost, ever.
    pub slashed: Balance,
    /// Paid to workers and reporters, ever.
    pub paid_out: Balance,
    /// What can still be earned, until everything has expired.
    pub escrow: Balance,
    /// Earned and held back.
    pub held_back: Balance,
    /// For repairs: what was not earned in its epoch, lost bonds, and what was held back from their owners.
    pub fund: Balance,
    /// What can be earned in this epoch.
    pub income: Balance,
    /// What was earned in this epoch.
    pub spent: Balance,
    /// Bytes that have not expired, all slots counted.
    pub live: u128,
}

/// An order to renew a batch whenever it is about to expire, with the money for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct AutoRenewal {
    /// Who pays, and gets the rest back.
    pub payer: AccountId32,
    /// The group that holds the batch.
    pub group: GroupId,
    /// The range that the batch is in.
    pub expiry: Epoch,
    /// Its place there.
    pub leaf_index: u64,
    /// The batch as it is registered there.
    pub leaf: RangeLeaf,
    /// For so many epochs it is renewed each time.
    pub epochs: u32,
    /// It is not renewed while a GiB in one slot costs more than this for an epoch, in planck.
    pub max_price: Balance,
    /// What is prepaid and not used yet: held from the payer.
    pub balance: Balance,
    /// What is held besides, for the state that the order takes.
    pub deposit: Balance,
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
