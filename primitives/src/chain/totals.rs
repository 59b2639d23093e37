//! Sums over the whole network.

use crate::{Balance, Epoch};
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Sums over workers, groups and batches, as the chain stores and reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct StorageTotals {
    /// Registered workers.
    pub workers: u32,
    /// Bytes that they lend.
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
}

/// The totals at the end of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct StorageStats {
    /// The sums.
    #[cfg_attr(feature = "std", serde(flatten))]
    pub totals: StorageTotals,
    /// Payments in the pot, without its existential deposit, in planck.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub pot: Balance,
    /// The current storage epoch.
    pub epoch: Epoch,
}
