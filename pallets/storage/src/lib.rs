#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! - [`types`]: the types of stored values.
//! - [`workers`]: the registry, and the dense list of workers that can be assigned to a slot.
//! - [`groups`]: opening groups, and the lists of open groups; [`fill`]: assigning workers to slots.
//! - [`batches`]: `store` and its receipts; [`renewal`]: a batch for longer; [`auto_renewal`]: the same from a prepaid
//!   balance.
//! - [`rolled`]: values as they were at the beginning of the period; [`beacon`]: the randomness of audits; [`audits`]:
//!   duties and proofs; [`vacate`]: reports, slots that lose their worker, leaving.
//! - [`books`]: where the money is; [`pricing`]: how the price is adjusted.
//! - [`expiry`]: dropping expired ranges, a bounded number at a time; [`tombstones`]: early deletion.
//! - [`api`]: the implementation of `pallet-storage-runtime-api`; [`try_state`]: the invariants.
//! - Sections of the pallet: `calls`, `errors`, `events`, `genesis`, `storage_items`.

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
// The macros generate public items without docs, cast the codec indices to bytes, and some calls have many arguments.
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
        auto_renewal::RenewalTerms,
        renewal::RegisteredBatch,
        tombstones::ObjectPlace,
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

    /// The requirements on the runtime.
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
        /// Randomness of the parent block: BABE's `ParentBlockRandomness`. `None` where the parent has no VRF output;
        /// then no slot is filled in this block.
        type BlockRandomness: Randomness<Option<H256>, BlockNumberFor<Self>>;
        /// Derives the account of the pot, which holds the money paid for storage.
        #[pallet::constant]
        type PalletId: Get<PalletId>;
        /// Deposit of an owner for each tombstone, held until its range has expired, in planck.
        #[pallet::constant]
        type TombstoneDeposit: Get<Balance>;
        /// Deposit of an automatic renewal, held until it is closed, in planck.
        #[pallet::constant]
        type AutoRenewalDeposit: Get<Balance>;
        /// The most that an automatic renewal pays the caller of `auto_renew`, in planck. While fees are higher, it
        /// waits.
        #[pallet::constant]
        type MaxRenewalFee: Get<Balance>;
        /// The current fee of a transaction with this many bytes and a call of this weight, in planck.
        type CallFee: Convert<(u32, Weight), Balance>;
        /// Maximum number of ranges of a group, including expired ones that are not dropped yet. At least the parameter
        /// `max_epochs`.
        #[pallet::constant]
        type MaxRanges: Get<u32>;
        /// Maximum number of open groups of a profile.
        #[pallet::constant]
        type MaxOpenGroups: Get<u32>;
        /// Maximum number of slots of a worker: the reads that determine what it is accountable for.
        #[pallet::constant]
        type MaxSlots: Get<u32>;
        /// Maximum number of groups that wait to be filled.
        #[pallet::constant]
        type MaxFillQueue: Get<u32>;
        /// Maximum number of workers that one fill step examines.
        #[pallet::constant]
        type FillWindow: Get<u32>;
        /// Blocks that a group waits before it is filled, so that an account that requests it does not know the
        /// randomness. At least 2.
        #[pallet::constant]
        type FillDelay: Get<u32>;
        /// Number of failed attempts after which a group is filled again only on request.
        #[pallet::constant]
        type MaxFillAttempts: Get<u32>;
        /// The weights of calls.
        type WeightInfo: WeightInfo;
    }

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// The reasons for which this pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The bond of a worker; returned when it exits.
        #[codec(index = 0)]
        WorkerBond,
        /// The deposit of a group's opener; returned when the group is nearly full.
        #[codec(index = 1)]
        GroupDeposit,
        /// The deposit of a tombstone; returned once its range has expired.
        #[codec(index = 2)]
        Tombstone,
        /// The prepaid balance and the deposit of an automatic renewal; what is left is returned when it is closed.
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
