//! The types of stored values.

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

/// A group's number, big-endian, so that keys sort as numbers.
pub type GroupKey = [u8; 4];
/// An automatic renewal's number, big-endian.
pub type AutoRenewalKey = [u8; 8];
/// The totals of a group's ranges, in ascending order of expiry.
pub type RangeList<T> = BoundedVec<RangeTotals, <T as Config>::MaxRanges>;
/// The open groups of a profile.
pub type OpenList<T> = BoundedVec<GroupId, <T as Config>::MaxOpenGroups>;
/// The worker of each slot of a group.
pub type Slots = BoundedVec<Option<WorkerId>, ConstU32<MAX_SLOTS>>;

/// The parameters that root may change. The defaults are for development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Params {
    /// The number of epochs for which storage can be bought in advance.
    pub max_epochs: u32,
    /// Price of one GiB (of shard bytes, all n shards counted) for one epoch, in planck. Adjusted at the end of every
    /// epoch.
    pub price_per_gib_epoch: Balance,
    /// How the price is adjusted.
    pub curve: PriceCurve,
    /// Deposit for opening a group, in planck.
    pub group_deposit: Balance,
    /// Bond of a worker for each GiB of its capacity, in planck.
    pub bond_per_gib: Balance,
    /// Minimum bond, in planck.
    pub min_bond: Balance,
    /// Minimum capacity of a worker, in bytes.
    pub min_capacity: u64,
    /// The consequences of missed audits, and how workers are paid.
    pub audit: AuditParams,
}

/// How the price follows the utilisation: stored bytes, of all slots, divided by the capacity. Above the target it
/// rises by up to `step_ppm` in an epoch, below it falls by up to as much, in proportion to the distance.
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
    /// Minimum price, in planck.
    pub floor: Balance,
    /// Maximum price, in planck.
    pub ceiling: Balance,
    /// The utilisation at which the price is constant, in parts per million.
    pub target_ppm: u32,
    /// Maximum change in an epoch, in parts per million.
    pub step_ppm: u32,
}

impl Default for PriceCurve {
    fn default() -> Self {
        // Half full leaves room for repair after the loss of a country; five per cent a day doubles the price in two
        // weeks.
        Self { floor: 100_000_000, ceiling: 1_000_000_000_000, target_ppm: 500_000, step_ppm: 50_000 }
    }
}

/// The consequences of missed audits, and how workers are paid. Root may change it. The defaults are for periods of an
/// hour.
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
    /// Missed periods, not made good, for which a worker loses its slots and its bond.
    pub misses: u32,
    /// Consecutive proofs that make a missed period good.
    pub proofs_per_miss: u32,
    /// Consecutive samples from which a slot may be excused; then another worker gets it, without a slash.
    pub excuses: u32,
    /// The share of every price that is burned in addition, in parts per million.
    pub burn_ppm: u32,
    /// The share of a lost bond that the reporter gets, in parts per million.
    pub bounty_ppm: u32,
    /// Proven periods in each of the three steps in which 75, 50 and 25 % of a new worker's pay are held back.
    pub newcomer_periods: u32,
    /// Periods for which shards that the new worker of a slot has rebuilt earn double, from the repair fund.
    pub repair_periods: u32,
    /// Blocks that a vacant slot of a group with enough members waits for its next worker.
    pub lazy_blocks: BlockNumber,
    /// Blocks for which a worker that leaves must stay after its last slot was handed over, so that others can copy
    /// from it.
    pub handover_blocks: BlockNumber,
}

impl AuditParams {
    /// Returns how many missed periods are tolerated.
    pub fn tolerance(&self) -> Tolerance {
        Tolerance { misses: self.misses, proofs_per_miss: self.proofs_per_miss }
    }
}

impl Default for AuditParams {
    fn default() -> Self {
        Self {
            // Tolerates an absence of three days, or permanently one hour in seven. Of a thousand workers that lost a
            // tenth of their data, half are expelled within ten days; of honest workers with 97 % uptime and outages of
            // six hours, none in a year (`scripts/bench tolerance`).
            misses: 72,
            proofs_per_miss: 6,
            // About a week for a slot with one sample in every challenge.
            excuses: 168,
            // A worker that buys storage on itself pays 5 % more than it can earn.
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

/// The parameters that are fixed at genesis because stored values depend on them. The defaults are for development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FixedParams {
    /// Blocks of an epoch, at least 1.
    pub epoch_blocks: BlockNumber,
    /// Bytes of a slot, by profile, in the order of the profile ids.
    pub slot_capacity: [u64; 4],
    /// The schedule of audits. An epoch is a whole number of periods.
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
    /// Returns the bytes of a slot of this profile.
    pub fn slot_capacity_of(&self, profile: ProfileId) -> u64 {
        let [compact, standard, always_on, home] = self.slot_capacity;
        match profile {
            ProfileId::Compact => compact,
            ProfileId::Standard => standard,
            ProfileId::AlwaysOn => always_on,
            ProfileId::Home => home,
        }
    }

    /// Returns the number of periods of an epoch.
    pub fn periods_per_epoch(&self) -> u32 {
        (self.epoch_blocks / self.schedule.period_blocks.max(1)).max(1)
    }

    /// Returns the bytes of the smallest slot: a worker with less free space can't be assigned to any.
    pub fn smallest_slot(&self) -> u64 {
        self.slot_capacity.into_iter().min().unwrap_or(u64::MAX)
    }
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Worker {
    /// The account that registered it.
    pub operator: AccountId32,
    /// Its identity key; it never changes.
    pub peer: PeerKey,
    /// The country it declares.
    pub country: Country,
    /// Bytes that it offers.
    pub capacity: u64,
    /// Bytes committed to its slots: the sum of their capacities.
    pub committed: u64,
    /// Number of its slots.
    pub slots: u32,
    /// The bond held.
    pub bond: Balance,
    /// Whether it may be assigned to further slots.
    pub accepting: bool,
    /// Block of registration.
    pub registered: BlockNumber,
    /// Periods proven and missed.
    pub record: Record,
    /// Total pay of its operator, in planck.
    pub earned: Balance,
    /// Pay held back until it exits, in planck.
    pub held_back: Balance,
    /// Whether it is handing over its slots in order to exit.
    pub leaving: bool,
    /// Block in which it last handed over a slot.
    pub handed_over: BlockNumber,
}

/// A slot that a worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SlotRecord {
    /// The slot.
    pub slot: SlotIndex,
    /// Block in which the worker got it: receipts for the slot from before do not bind the worker.
    pub since: BlockNumber,
    /// Consecutive samples from which the worker was excused.
    pub excused: u32,
    /// Consecutive samples that it proved; counted up to [`WHOLE_AFTER`].
    pub held: u32,
}

/// Number of consecutive proven samples after which a slot counts as whole. A slot of a new group is whole from the
/// beginning.
pub const WHOLE_AFTER: u32 = 8;

impl SlotRecord {
    /// Returns true if the worker holds the slot's shards, as far as its samples show.
    pub fn is_whole(&self) -> bool {
        self.held >= WHOLE_AFTER
    }
}

impl Worker {
    /// Returns the bytes that are not committed to any slot.
    pub fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.committed)
    }
}

/// A placement group.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Group {
    /// Its profile.
    pub profile: ProfileId,
    /// Bytes of each slot.
    pub slot_capacity: u64,
    /// Bytes registered for each slot: the sum over the ranges that are not dropped.
    pub used: u64,
    /// Its n slots.
    pub slots: Slots,
    /// Whether all slots have been filled once: from then on batches can be stored.
    pub ready: bool,
    /// Whether it is in the fill queue.
    pub queued: bool,
    /// Whether it is among the open groups.
    pub listed: bool,
    /// The account that opened it.
    pub opener: AccountId32,
    /// Deposit of the opener; 0 once it is returned.
    pub deposit: Balance,
    /// Block in which it was opened.
    pub opened: BlockNumber,
}

impl Group {
    /// Returns the number of slots without a worker.
    pub fn vacant(&self) -> u32 {
        let vacant = self.slots.iter().filter(|slot| slot.is_none()).count();
        u32::try_from(vacant).unwrap_or(MAX_SLOTS)
    }

    /// Returns the bytes that can still be registered for each slot.
    pub fn room(&self) -> u64 {
        self.slot_capacity.saturating_sub(self.used)
    }

    /// Returns the number of taken slots below which vacant ones are filled at once: a quarter of the tolerable losses
    /// have happened.
    pub fn margin(&self) -> u32 {
        let profile = self.profile.profile();
        u32::from(profile.n).saturating_sub(u32::from(profile.n.saturating_sub(profile.k)) / 4)
    }

    /// Returns true if more than 80 % is used: time for another group.
    pub fn nearly_full(&self) -> bool {
        u128::from(self.used).saturating_mul(5) > u128::from(self.slot_capacity).saturating_mul(4)
    }

    /// Returns true if less than 1/64 is free: too little to list the group.
    pub fn full(&self) -> bool {
        self.room() < self.slot_capacity / 64
    }
}

/// A request to fill a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct FillRequest {
    /// The group.
    pub group: GroupId,
    /// The first block in which it may be processed.
    pub due: BlockNumber,
    /// Failed attempts.
    pub attempts: u32,
}

/// A range.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RangeRecord {
    /// Its peaks, now and at the beginning of the period.
    pub state: Rolled<RangeState>,
    /// Number of its tombstones.
    pub tombstones: u32,
}

/// The totals of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RangeTotals {
    /// The epoch at whose beginning it is dropped.
    pub expiry: Epoch,
    /// The share of each slot, now and at the beginning of the period.
    pub share: Rolled<Share>,
    /// Bytes that are also registered in later ranges: their room stays used when this range is dropped.
    pub renewed: u64,
}

/// The bytes of a range that each slot holds, and their pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Share {
    /// Shard bytes.
    pub bytes: u64,
    /// Pay of a slot for an epoch, in planck.
    pub rate: Balance,
}

/// The bytes of all slots together, and their pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct AllSlots {
    /// Shard bytes.
    pub bytes: u128,
    /// Their pay for an epoch, in planck.
    pub rate: Balance,
}

/// Where the money paid for storage is, in planck. The pot has `escrow + held_back + fund` in addition to its
/// existential deposit, and `paid_in + slashed = burned + paid_out + escrow + held_back + fund`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Books {
    /// Total paid by owners.
    pub paid_in: Balance,
    /// Total burned.
    pub burned: Balance,
    /// Total of lost bonds.
    pub slashed: Balance,
    /// Total paid to workers and reporters.
    pub paid_out: Balance,
    /// Amount that can still be earned, until everything has expired.
    pub escrow: Balance,
    /// Pay held back.
    pub held_back: Balance,
    /// The repair fund: pay that was not earned in its epoch, lost bonds, and pay held back from expelled workers.
    pub fund: Balance,
    /// Amount that can be earned in this epoch.
    pub income: Balance,
    /// Amount earned in this epoch.
    pub spent: Balance,
    /// Bytes that have not expired, all slots counted.
    pub live: u128,
}

/// A prepaid order to renew a batch whenever it is about to expire.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct AutoRenewal {
    /// The account that pays, and gets the rest back.
    pub payer: AccountId32,
    /// The group that holds the batch.
    pub group: GroupId,
    /// The range that the batch is in.
    pub expiry: Epoch,
    /// The index of the batch in it.
    pub leaf_index: u64,
    /// The batch as it is registered there.
    pub leaf: RangeLeaf,
    /// Epochs that each renewal adds.
    pub epochs: u32,
    /// The price of a GiB in one slot for an epoch above which it is not renewed, in planck.
    pub max_price: Balance,
    /// The prepaid balance, held from the payer, in planck.
    pub balance: Balance,
    /// The deposit for the state of the order, in planck.
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
    /// The account that deleted the object.
    pub owner: AccountId32,
    /// The deposit held for it.
    pub deposit: Balance,
}
