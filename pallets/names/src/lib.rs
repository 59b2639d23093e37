#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! - [`types`]: the types of stored values.
//! - [`commitments`]: claiming a label without revealing it.
//! - [`registry`]: registering, renewing, transferring, releasing; [`lookalikes`]: skeletons and reserved labels.
//! - [`expiry`]: finding and sweeping lapsed names; [`clearing`]: removing a name with everything that belongs to it.
//! - [`content`]: the content of a name and its history; [`records`]; [`subnames`]; [`delegates`]; [`reverse`].
//! - [`money`]: rent and deposits.
//! - [`api`]: the implementation of `pallet-names-runtime-api`.
//! - [`try_state`]: the invariants; [`migrations`]: from older versions of the storage.
//! - Sections of the pallet: `calls`, `errors`, `events`, `genesis`, `storage_items`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
pub mod clearing;
pub mod commitments;
pub mod content;
pub mod delegates;
mod errors;
mod events;
pub mod expiry;
mod genesis;
pub mod lookalikes;
pub mod migrations;
#[cfg(test)]
mod mock;
pub mod money;
pub mod records;
pub mod registry;
pub mod reverse;
mod storage_items;
pub mod subnames;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
pub mod try_state;
pub mod types;
pub mod weights;

pub use expiry::{BUCKET_BLOCKS, SWEEPS_PER_BLOCK};
pub use lookalikes::RESERVED;
pub use meganet_primitives::name::Label;
pub use pallet::*;
pub use types::{Commitment, SkeletonRecord, Usage, Version};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// Calls, storage, events and errors.
// The macros generate public items without docs, and cast the codec indices to bytes.
#[allow(missing_docs, clippy::cast_possible_truncation)]
#[import_section(calls::calls)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(genesis::genesis_config)]
#[import_section(storage_items::storage_items)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{
        Label, RESERVED, SkeletonRecord, Usage, WeightInfo,
        types::{CommitmentList, DelegateList, History},
    };
    use alloc::{string::String, vec::Vec};
    use frame_support::{dispatch::WithPostDispatchInfo, pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use meganet_primitives::{
        Balance, BlockNumber,
        content::NameContent,
        hash::Hash,
        name::{
            MAX_RECORDS, MAX_SUBNAMES, NameParams, RecordKey, RecordValue, Secret, StoredName, StoredRecord,
            StoredSubname, stored,
        },
    };
    use sp_runtime::AccountId32;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(stored::LAYOUT);

    /// The requirements on the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> {
        /// Holds deposits, and burns rent.
        type Currency: fungible::hold::Mutate<AccountId32, Reason = Self::RuntimeHoldReason, Balance = Balance>
            + fungible::Mutate<AccountId32, Balance = Balance>;
        /// The runtime's reasons to hold funds.
        type RuntimeHoldReason: From<HoldReason>;
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
        /// The deposits of a name, its records and its subnames; returned when these are removed.
        #[codec(index = 0)]
        Name,
        /// The deposit of a commitment; returned when the name is registered or the commitment cancelled.
        #[codec(index = 1)]
        Commitment,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_idle(_n: BlockNumberFor<T>, remaining: Weight) -> Weight {
            Self::sweep_some(remaining)
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
