//! The runtime's answers to nodes, clients and workers: the types of its runtime APIs.

mod names;
mod renewals;
mod totals;

pub use names::{Availability, CommitmentInfo, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo};
pub use renewals::{AutoRenewalInfo, AutoRenewalState};
pub use totals::{StorageStats, StorageTotals};

use crate::{
    AccountId, Balance, BlockNumber, Epoch, GroupId, Period, SlotIndex, WorkerId,
    audit::{Record, Sample, Schedule, Tolerance},
    convert::to_usize,
    country::Country,
    object::ObjectId,
    placement::ProfileId,
    range::RangeState,
    receipt::PeerKey,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most items that one runtime API call or RPC returns in a list.
pub const MAX_PAGE: u32 = 256;

/// Returns the most items of a page if `limit` of them are requested.
pub fn page(limit: u32) -> usize {
    to_usize(limit.min(MAX_PAGE).into())
}

/// A registered worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct WorkerInfo {
    /// Its number.
    pub id: WorkerId,
    /// The account that registered it and holds its bond.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub operator: AccountId,
    /// Its identity key.
    pub peer: PeerKey,
    /// The country it declares.
    pub country: Country,
    /// Bytes it lends.
    pub capacity: u64,
    /// Bytes promised to the slots it holds; never more than `capacity`.
    pub committed: u64,
    /// Number of slots that it holds.
    pub slots: u32,
    /// The bond held.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub bond: Balance,
    /// True if it may be given further slots.
    pub accepting: bool,
    /// Block of registration.
    pub registered: BlockNumber,
}

/// The worker that holds a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct SlotMember {
    /// The worker.
    pub worker: WorkerId,
    /// Its identity key.
    pub peer: PeerKey,
    /// Its country.
    pub country: Country,
}

/// A placement group as the runtime reports it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct GroupInfo {
    /// Its number.
    pub id: GroupId,
    /// Its profile: k, n, country rule.
    pub profile: ProfileId,
    /// Bytes that each slot promises.
    pub slot_capacity: u64,
    /// Bytes registered for each slot: the sum over ranges that have not expired.
    pub used: u64,
    /// One entry for each slot, in order; `None` while it is vacant.
    pub slots: Vec<Option<SlotMember>>,
    /// The block in which it was opened.
    pub opened: BlockNumber,
}

/// A group's range for one expiry epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RangeInfo {
    /// The epoch at whose beginning the range is dropped.
    pub expiry: Epoch,
    /// Its peaks.
    pub state: RangeState,
}

/// A slot that a worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct SlotAssignment {
    /// The group.
    pub group: GroupId,
    /// The slot in it.
    pub slot: SlotIndex,
}

/// An owner's early deletion of an object from one batch. It ends only that registration: a worker may drop the object
/// once all its registrations in the group have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Tombstone {
    /// The range: the epoch at whose beginning it is dropped.
    pub expiry: Epoch,
    /// The leaf of the range that is the batch.
    pub leaf: u64,
    /// The object.
    pub object: ObjectId,
}

/// Parameters of storage that a client needs before it stores something.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct StorageParams {
    /// The epoch now.
    pub epoch: Epoch,
    /// Blocks of an epoch.
    pub epoch_blocks: BlockNumber,
    /// The latest expiry that can be bought is `epoch + max_epochs`.
    pub max_epochs: u32,
    /// Price of one GiB (of shard bytes, all n shards counted) for one epoch.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub price_per_gib_epoch: Balance,
    /// Deposit of the account that opens a group.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub group_deposit: Balance,
    /// Bond of a worker for each GiB that it lends.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub bond_per_gib: Balance,
    /// The bond of the smallest worker.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub min_bond: Balance,
    /// The smallest capacity a worker may declare, in bytes.
    pub min_capacity: u64,
    /// Bytes of a slot, by profile, in the order of the profile ids.
    pub slot_capacity: Vec<u64>,
    /// The rhythm of audits.
    pub schedule: Schedule,
    /// The number of missed periods that is tolerated.
    pub tolerance: Tolerance,
    /// Parts of a million of every price that are paid in addition and burned.
    pub burn_ppm: u32,
    /// Deposit of an automatic renewal.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub renewal_deposit: Balance,
    /// The fee that an automatic renewal pays today to the account that submits it.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub renewal_fee: Balance,
}

/// The state of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub enum ChallengeState {
    /// Its block is known, its samples are not.
    Scheduled,
    /// The samples are known, and a proof is accepted up to the deadline.
    Open,
    /// The proof was accepted.
    Proven,
    /// The deadline has passed without a proof.
    Missed,
}

/// A sampled byte, and the state that its proof is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ChallengedByte {
    /// The byte.
    pub sample: Sample,
    /// Its range as it was when the period began.
    pub range: RangeState,
}

/// A worker's challenge of a period.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ChallengeInfo {
    /// The worker.
    pub worker: WorkerId,
    /// The period.
    pub period: Period,
    /// Its block: the last one whose randomness is part of its seed.
    pub block: BlockNumber,
    /// The last block in which the proof is accepted.
    pub deadline: BlockNumber,
    /// Its state.
    pub state: ChallengeState,
    /// The sampled bytes, in the order of the answers. Empty while the challenge is only scheduled, and if the worker had
    /// nothing to hold when the period began: then an empty proof shows that it is online.
    pub samples: Vec<ChallengedByte>,
}

/// A byte that another member of a group has to prove: until it has answered, the others serve no row that contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ChallengedRow {
    /// The challenged worker.
    pub worker: WorkerId,
    /// The byte.
    pub sample: Sample,
    /// The last block in which the worker may answer.
    pub deadline: BlockNumber,
}

/// A worker's proven and missed periods and its earnings.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct WorkerAudit {
    /// The worker.
    pub worker: WorkerId,
    /// Periods proven and missed. Missed periods are counted when the worker next acts or is reported; this counts those
    /// of them that are over.
    pub record: Record,
    /// Paid to its operator so far, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub earned: Balance,
    /// Earned and held back until it leaves properly, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub held_back: Balance,
    /// The pay for a proof of the present period if every answer is held, in planck, the held-back share included.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub pay: Balance,
    /// Bytes that it has to hold in the present period.
    pub bytes: u64,
    /// True if it is handing its slots over in order to leave.
    pub leaving: bool,
}

/// The health of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct SlotHealth {
    /// The worker that holds it.
    pub worker: WorkerId,
    /// Block in which it got the slot.
    pub since: BlockNumber,
    /// True if it holds all shards of its slot: it was a member from the group's beginning, or its proofs have shown that it
    /// has rebuilt them.
    pub whole: bool,
    /// Samples in a row that it was excused from.
    pub excused: u32,
    /// Missed periods that it has not made good.
    pub misses: u32,
}

/// The health of a group.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct GroupHealth {
    /// The group.
    pub id: GroupId,
    /// Its profile.
    pub profile: ProfileId,
    /// One entry for each slot, in order; `None` while it is vacant.
    pub slots: Vec<Option<SlotHealth>>,
    /// Slots whose worker holds all its shards.
    pub whole: u32,
    /// With fewer taken slots than this, vacant ones are reassigned at once; otherwise after a while.
    pub margin: u32,
    /// True if it waits for the chain to reassign its vacant slots.
    pub queued: bool,
}

/// The sums paid for storage by where they are now, in planck.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct StorageMoney {
    /// The price of one GiB (of shard bytes, all n shards counted) for one epoch.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub price_per_gib_epoch: Balance,
    /// Paid by owners so far, the burned part included.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub paid_in: Balance,
    /// The burned part of that.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub burned: Balance,
    /// Paid to workers and reporters so far.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub paid_out: Balance,
    /// Waiting to be earned.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub escrow: Balance,
    /// Held back from workers.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub held_back: Balance,
    /// The repair fund: pay that was not earned, and lost bonds.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub fund: Balance,
    /// Bonds lost so far, which went to the fund.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub slashed: Balance,
}

#[cfg(test)]
mod tests;
