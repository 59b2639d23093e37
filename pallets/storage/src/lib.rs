//! Workers, placement groups, batches and tombstones.
//!
//! Operators register *workers*, which lend disk against a bond. The chain fills the slots of *placement groups* with
//! them, by randomness that nobody chooses. An owner uploads a *batch* of objects to the members of a group, collects
//! their receipts and registers the batch with [`pallet::Pallet::store`]: the group's *range* for the expiry grows by one
//! leaf, and that is all that is stored. A range is dropped whole when it expires; a *tombstone* lets workers drop one
//! object earlier.
//!
//! In every period each worker is challenged once to prove that it holds its shards; a proof pays it at once, and whoever
//! misses too many loses bond and slots, which go to others ([`audits`], [`vacate`], [`fill`]).
//!
//! Nothing here grows with what is stored. A block keeps its parent's randomness, does at most one step of filling a group
//! from at most [`pallet::Config::FillWindow`] candidates, and, when it is the first of an epoch, closes the books: always
//! the same few steps. Expired ranges are dropped by whoever next uses the group, a few at a time ([`expiry`]); missed
//! periods are counted when the worker next acts or is reported.
//!
//! - [`types`]: what is stored.
//! - [`workers`]: the registry and the dense list of workers that can be given a slot.
//! - [`groups`]: opening groups, which of them are open; [`fill`]: giving slots to workers.
//! - [`batches`]: `store`, receipts; [`renewal`]: the same batch for longer; [`auto_renewal`]: the same by itself, from a prepaid
//!   balance.
//! - [`rolled`]: values as they were when the period began; [`beacon`]: the randomness of audits; [`audits`]: duties and
//!   proofs; [`vacate`]: reports, slots that lose their worker, leaving.
//! - [`books`]: where the money is; [`pricing`]: how the price moves.
//! - [`expiry`]: dropping expired ranges, a bounded number at a time.
//! - [`tombstones`]: early deletion.
//! - [`api`]: the answers to the runtime API of `pallet-storage-runtime-api`.
//! - [`try_state`]: the invariants.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
pub mod audits;
pub mod auto_renewal;
pub mod batches;
pub mod beacon;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
pub mod books;
mod calls;
mod errors;
mod events;
pub mod expiry;
pub mod fill;
mod genesis;
pub mod groups;
#[cfg(test)]
mod mock;
pub mod pricing;
pub mod renewal;
pub mod rolled;
mod storage_items;
#[cfg(test)]
mod tests;
pub mod tombstones;
#[cfg(any(feature = "try-runtime", test))]
pub mod try_state;
pub mod types;
pub mod vacate;
pub mod weights;
pub mod workers;

pub use pallet::*;
pub use types::{
    AuditParams, AutoRenewal, Books, FillRequest, FixedParams, Group, Params, PriceCurve, RangeRecord, TombstoneRecord,
    Worker,
};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// The target of what this pallet logs.
const LOG_TARGET: &str = "runtime::storage";

/// Calls, storage, events and errors.
// What the macros generate has public items without docs, casts the indices that are written below to bytes, and takes
// as many arguments as a tombstone has.
#[allow(missing_docs, clippy::cast_possible_truncation, clippy::too_many_arguments)]
#[import_section(calls::calls)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(genesis::genesis_config)]
#[import_section(storage_items::storage_items)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{
        AuditParams, AutoRenewal, Books, FillRequest, FixedParams, Group, Params, PriceCurve, RangeRecord,
        TombstoneRecord, WeightInfo, Worker,
        auto_renewal::Terms,
        renewal::Registered,
        tombstones::Place,
        types::{AllSlots, AutoRenewalKey, GroupKey, OpenList, RangeList, SlotRecord, StaleRange},
    };
    use frame_support::{
        PalletId,
        pallet_prelude::*,
        traits::{Randomness, fungible},
    };
    use frame_system::pallet_prelude::*;
    use meganet_primitives::{
        AutoRenewalId, Balance, BlockNumber, Epoch, GroupId, Period, SlotIndex, WorkerId,
        audit::AuditProof,
        chain::StorageTotals,
        country::Country,
        hash::Hash,
        object::ObjectId,
        placement::{MAX_SLOTS, ProfileId},
        range::{RangeLeaf, RangeLeafProof},
        receipt::{PeerKey, PeerSignature, Receipt},
        sum_tree::{BatchEntry, BatchSummary, SumProof},
    };
    use sp_core::H256;
    use sp_runtime::{AccountId32, SaturatedConversion, traits::Convert};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// What the pallet needs from the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, Hash = H256, RuntimeEvent: From<Event<Self>>>
    {
        /// Holds bonds and deposits, and moves payments.
        type Currency: fungible::Mutate<AccountId32, Balance = Balance>
            + fungible::hold::Mutate<AccountId32, Reason = Self::RuntimeHoldReason, Balance = Balance>;
        /// The runtime's reasons to hold funds.
        type RuntimeHoldReason: From<HoldReason>;
        /// Randomness of an epoch, known when the epoch begins: BABE's `RandomnessFromOneEpochAgo`.
        type EpochRandomness: Randomness<H256, BlockNumberFor<Self>>;
        /// Randomness of the parent block: BABE's `ParentBlockRandomness`. `None` where the parent had no VRF output: then
        /// no slot is filled in this block.
        type BlockRandomness: Randomness<Option<H256>, BlockNumberFor<Self>>;
        /// Derives the account of the pot.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// Held from the owner for each tombstone until its range has expired, in planck.
        #[pallet::constant]
        type TombstoneDeposit: Get<Balance>;
        /// Held from the payer of an automatic renewal until it is closed, in planck.
        #[pallet::constant]
        type AutoRenewalDeposit: Get<Balance>;
        /// Most that an automatic renewal pays to whoever asks for it, in planck: while fees are higher, it waits.
        #[pallet::constant]
        type MaxRenewalFee: Get<Balance>;
        /// What a transaction with so many bytes and a call of such a weight costs its signer at the moment, in planck.
        type CallFee: Convert<(u32, Weight), Balance>;
        /// Most ranges that a group can have, expired ones that are not dropped yet included. At least the parameter
        /// `max_epochs`.
        #[pallet::constant]
        type MaxRanges: Get<u32>;
        /// Most groups of a profile that are open at once.
        #[pallet::constant]
        type MaxOpenGroups: Get<u32>;
        /// Most slots that a worker can hold: so many reads find out what it is accountable for.
        #[pallet::constant]
        type MaxSlots: Get<u32>;
        /// Most groups that wait to be filled at once.
        #[pallet::constant]
        type MaxFillQueue: Get<u32>;
        /// Most workers that one fill step looks at.
        #[pallet::constant]
        type FillWindow: Get<u32>;
        /// Blocks that a group waits before it is filled, so that nobody who asks for it knows the randomness. At least 2.
        #[pallet::constant]
        type FillDelay: Get<u32>;
        /// How often a group that can't be filled is tried before somebody must ask again.
        #[pallet::constant]
        type MaxFillAttempts: Get<u32>;
        /// What calls cost.
        type WeightInfo: WeightInfo;
    }

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// Why this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The bond of a worker; its exit returns it.
        #[codec(index = 0)]
        WorkerBond,
        /// The deposit of whoever opened a group; returned once the group is nearly full.
        #[codec(index = 1)]
        GroupDeposit,
        /// The deposit of a tombstone; returned once its range has expired.
        #[codec(index = 2)]
        Tombstone,
        /// What is prepaid for an automatic renewal, and its deposit; the rest is returned when it is closed.
        #[codec(index = 3)]
        AutoRenewal,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_now: BlockNumberFor<T>) -> Weight {
            Self::begin_block().saturating_add(Self::fill_next())
        }

        fn integrity_test() {
            Self::check_config();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_n: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
