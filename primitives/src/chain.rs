//! What the runtime answers to nodes, clients and workers: the types of its runtime APIs.

use crate::{
    content::ContentRef, country::Country, object::ObjectId, placement::ProfileId, range::RangeState, receipt::PeerKey,
    AccountId, Balance, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most items that one runtime API call or RPC returns in a list.
pub const MAX_PAGE: u32 = 256;

/// A name and what it points at.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct NameInfo {
    /// The label, valid by [`crate::name`].
    #[cfg_attr(feature = "std", serde(with = "crate::text::label"))]
    pub label: Vec<u8>,
    /// Who owns it.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub owner: AccountId,
    /// What it points at; `None` until it is set.
    pub content: Option<ContentRef>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of registration.
    pub registered: BlockNumber,
    /// Block of the last change.
    pub updated: BlockNumber,
    /// The deposit that release returns.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
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
    /// How many slots it holds.
    pub slots: u32,
    /// The bond held.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub bond: Balance,
    /// Whether it may be given further slots.
    pub accepting: bool,
    /// Block of registration.
    pub registered: BlockNumber,
}

/// Who sits in a slot.
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

/// A placement group.
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
    /// One entry a slot, in order; `None` while it is vacant.
    pub slots: Vec<Option<SlotMember>>,
    /// Block in which it was opened.
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

/// An owner's early deletion of an object from one batch. It ends that registration alone: a worker may drop the object
/// once none of its registrations in the group is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Tombstone {
    /// The range: the epoch at whose beginning it is dropped.
    pub expiry: Epoch,
    /// The leaf of the range that is the batch.
    pub leaf: u64,
    /// The object.
    pub object: ObjectId,
}

/// What a client needs to know before it stores something.
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
}

/// Totals of the network.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct StorageStats {
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
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub bytes: u128,
    /// Payments that wait in the pot.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub pot: Balance,
    /// The epoch now.
    pub epoch: Epoch,
}

/// Why the runtime would refuse a label, or that it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub enum Availability {
    /// It can be registered.
    Free,
    /// Somebody owns it.
    Taken,
    /// It breaks a rule of [`crate::name`].
    Invalid,
    /// It looks like a name that another account owns.
    LooksLikeAnother,
}

#[cfg(test)]
mod tests;
