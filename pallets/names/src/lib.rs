//! Names and what they point at.
//!
//! A *label* is owned by one account and points at one [`ContentRef`]: the manifest of a site. The first to register a
//! free label gets it, against a deposit that release returns. Labels that look alike (`paypal`, `paypa1`) share a
//! *skeleton*, and all labels of a skeleton belong to one account, so nobody can be impersonated by a typeface.
//!
//! What is stored is bounded for each name and paid for by its deposit; nothing runs at the beginning or end of blocks.
//!
//! - [`types`]: what is stored.
//! - [`registry`]: registering, transferring, releasing.
//! - [`api`]: the answers to the runtime API of `pallet-names-runtime-api`.
//! - [`try_state`]: the invariants.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
mod registry;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
pub mod try_state;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Label, NameRecord, SkeletonRecord};
pub use weights::WeightInfo;

/// Calls, storage, events and errors.
// What the macros generate has public items without docs, and casts the indices that are written below to bytes.
#[allow(missing_docs, clippy::cast_possible_truncation)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{Label, NameRecord, SkeletonRecord, WeightInfo};
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use meganet_primitives::{content::ContentRef, Balance};
    use sp_runtime::AccountId32;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// What the pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> {
        /// Holds deposits.
        type Currency: fungible::hold::Mutate<AccountId32, Reason = Self::RuntimeHoldReason, Balance = Balance>;
        /// The runtime's reasons to hold funds.
        type RuntimeHoldReason: From<HoldReason>;
        /// Held for each name, in planck. More than the existential deposit.
        #[pallet::constant]
        type Deposit: Get<Balance>;
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
        /// The deposit of a name; its release returns it.
        #[codec(index = 0)]
        Name,
    }

    /// The names.
    #[pallet::storage]
    pub type Names<T: Config> = StorageMap<_, Blake2_128Concat, Label, NameRecord>;

    /// The labels of each owner.
    #[pallet::storage]
    pub type Owned<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId32, Blake2_128Concat, Label, ()>;

    /// Who owns all names with a skeleton, and how many there are.
    #[pallet::storage]
    pub type Skeletons<T: Config> = StorageMap<_, Blake2_128Concat, Label, SkeletonRecord>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A name was registered.
        #[codec(index = 0)]
        Registered { label: Label, owner: AccountId32 },
        /// A name points at something else; `version` counts the changes.
        #[codec(index = 1)]
        ContentSet { label: Label, version: u32, content: Option<ContentRef> },
        /// A name changed hands, with its content and deposit.
        #[codec(index = 2)]
        Transferred { label: Label, from: AccountId32, to: AccountId32 },
        /// A name is free again; its deposit went back.
        #[codec(index = 3)]
        Released { label: Label, owner: AccountId32 },
    }

    /// Why a call was refused. A refused call changes nothing.
    #[pallet::error]
    pub enum Error<T> {
        /// The label breaks a rule: use 3 to 63 of a-z, 0-9 and hyphens, no hyphen at an edge nor at both positions 3 and 4.
        #[codec(index = 0)]
        BadLabel,
        /// Somebody owns this name: choose another one, or ask its owner for a transfer.
        #[codec(index = 1)]
        NameTaken,
        /// The label looks like a name that another account owns: choose one that can't be mistaken for it.
        #[codec(index = 2)]
        LooksLikeAnother,
        /// Nobody owns this name: register it first, or check the spelling.
        #[codec(index = 3)]
        NoSuchName,
        /// Another account owns this name: sign with the owner's key.
        #[codec(index = 4)]
        NotOwner,
        /// You own this name already: there is nothing to transfer.
        #[codec(index = 5)]
        AlreadyOwner,
        /// You own other names that look like this one, and look-alikes stay in one hand: release those first.
        #[codec(index = 6)]
        HasLookAlikes,
        /// The new owner can't take the name's deposit: its account must exist, so send it some tokens first.
        #[codec(index = 7)]
        ReceiverNotReady,
        /// The deposit can't be held: the account needs the deposit and the existential deposit besides the fee.
        #[codec(index = 8)]
        InsufficientFunds,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            use meganet_primitives::name::MAX_LABEL;
            assert_eq!(Label::bound(), MAX_LABEL, "labels are stored whole");
            assert!(T::Deposit::get() > 0, "a name without a deposit would be free state");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_n: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Takes a free label and holds the deposit.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register())]
        pub fn register(origin: OriginFor<T>, label: Label) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(who, label)
        }

        /// Points a name at something else, or at nothing.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_content())]
        pub fn set_content(origin: OriginFor<T>, label: Label, content: Option<ContentRef>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_content(who, label, content)
        }

        /// Gives a name to another account, with its content and its deposit: the new owner pays nothing.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(origin: OriginFor<T>, label: Label, new_owner: AccountId32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_transfer(who, label, new_owner)
        }

        /// Gives a name up and returns its deposit.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::release())]
        pub fn release(origin: OriginFor<T>, label: Label) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_release(who, label)
        }
    }
}
