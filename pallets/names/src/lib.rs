//! Names: who owns them, until when, and what they say.
//!
//! A *label* is owned by one account, is paid for until a block, and points at one [`NameContent`]: a site of this network
//! or what another one holds. Besides it has records (text, addresses, a key) and names below it (`blog.alice`).
//!
//! Who wants a label first commits to a digest of it and registers it some blocks later, so that nobody can take it from
//! under their hands. Rent is burned; deposits are held and come back. A name that has run out works on for a while (its
//! *grace*); then it points at nothing and is free, first at a *premium* that falls to nothing, and is swept from the
//! state when nobody has wanted it. Labels that look alike (`paypal`, `paypa1`) share a *skeleton*, and all labels of a
//! skeleton belong to one account, so nobody can be impersonated by a typeface.
//!
//! What is stored is bounded for each name and paid for by deposits. Whether a name works follows from the block number
//! alone: nothing has to run for it. At the end of a block that has room, at most [`SWEEPS_PER_BLOCK`] names that lapsed
//! long ago are swept.
//!
//! - [`types`]: what is stored.
//! - [`commitments`]: claiming a label without showing it.
//! - [`registry`]: registering, renewing, transferring, releasing; [`lookalikes`]: skeletons and reserved labels.
//! - [`expiry`]: finding and sweeping names that have lapsed; [`clearing`]: what goes with a name.
//! - [`content`]: what a name points at, and its last versions; [`records`]; [`subnames`]; [`delegates`]; [`reverse`].
//! - [`money`]: rent and deposits.
//! - [`api`]: the answers to the runtime API of `pallet-names-runtime-api`.
//! - [`try_state`]: the invariants; [`migrations`]: from older versions of the storage.
//!
//! [`NameContent`]: meganet_primitives::content::NameContent

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
pub mod clearing;
pub mod commitments;
pub mod content;
pub mod delegates;
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

/// Calls, storage, events and errors.
// What the macros generate has public items without docs, and casts the indices that are written below to bytes.
#[allow(missing_docs, clippy::cast_possible_truncation)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{
        Label, SkeletonRecord, Usage, WeightInfo,
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
            StoredSubname,
        },
    };
    use sp_runtime::AccountId32;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

    /// What the pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId32, RuntimeEvent: From<Event<Self>>> {
        /// Holds deposits, and burns rent.
        type Currency: fungible::hold::Mutate<AccountId32, Reason = Self::RuntimeHoldReason, Balance = Balance>
            + fungible::Mutate<AccountId32, Balance = Balance>;
        /// The runtime's reasons to hold funds.
        type RuntimeHoldReason: From<HoldReason>;
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
        /// The deposits of a name, its records and the names below it; they come back when these go.
        #[codec(index = 0)]
        Name,
        /// The deposit of a commitment; it comes back when the name is registered or the commitment cancelled.
        #[codec(index = 1)]
        Commitment,
    }

    /// The live prices and times.
    #[pallet::type_value]
    pub fn LiveParams() -> NameParams {
        NameParams::default()
    }

    /// Prices and times.
    #[pallet::storage]
    pub type CurrentParams<T: Config> = StorageValue<_, NameParams, ValueQuery, LiveParams>;

    /// The names, also those that have lapsed and have not been swept yet.
    #[pallet::storage]
    pub type Names<T: Config> = StorageMap<_, Blake2_128Concat, Label, StoredName>;

    /// The names below names.
    #[pallet::storage]
    pub type Subnames<T: Config> = StorageDoubleMap<_, Blake2_128Concat, Label, Blake2_128Concat, Label, StoredSubname>;

    /// The records of names.
    #[pallet::storage]
    pub type Records<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, Label, Blake2_128Concat, RecordKey, StoredRecord>;

    /// How many records and names below it a name has. Absent where there are none.
    #[pallet::storage]
    pub type Usages<T: Config> = StorageMap<_, Blake2_128Concat, Label, Usage, ValueQuery>;

    /// The last versions of each name. Absent until its content is set.
    #[pallet::storage]
    pub type Histories<T: Config> = StorageMap<_, Blake2_128Concat, Label, History, ValueQuery>;

    /// Who may write for a name besides its owner. Absent where nobody may.
    #[pallet::storage]
    pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, Label, DelegateList, ValueQuery>;

    /// The labels of each owner.
    #[pallet::storage]
    pub type Owned<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId32, Blake2_128Concat, Label, ()>;

    /// By which of its names an account goes.
    #[pallet::storage]
    pub type Reverse<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, Label>;

    /// Who owns all names with a skeleton, and how many there are.
    #[pallet::storage]
    pub type Skeletons<T: Config> = StorageMap<_, Blake2_128Concat, Label, SkeletonRecord>;

    /// Skeletons of labels that nobody can register.
    #[pallet::storage]
    pub type Reserved<T: Config> = StorageMap<_, Blake2_128Concat, Label, ()>;

    /// What accounts have committed to. Absent where it is nothing.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, CommitmentList, ValueQuery>;

    /// The names by the time until which they are paid for, in units of [`crate::BUCKET_BLOCKS`].
    #[pallet::storage]
    pub type Expiring<T: Config> = StorageDoubleMap<_, Twox64Concat, u32, Blake2_128Concat, Label, ()>;

    /// The first bucket of `Expiring` that may have names.
    #[pallet::storage]
    pub type SweepFrom<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The state at genesis.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// A commitment must be so many blocks old before the name is registered.
        pub min_commit_age: BlockNumber,
        /// And may not be older.
        pub max_commit_age: BlockNumber,
        /// What a rent pays for, in blocks.
        pub year: BlockNumber,
        /// For so many blocks a name works after it has run out.
        pub grace: BlockNumber,
        /// For so many blocks after its grace a name costs a premium.
        pub premium: BlockNumber,
        /// The premium halves every so many blocks.
        pub halving: BlockNumber,
        /// The premium when the grace ends, in planck.
        pub premium_start: Balance,
        /// The rent of a year for labels of 3, of 4, of 5, and of more characters, in planck.
        pub rent: [Balance; 4],
        /// Held for a name, in planck.
        pub deposit: Balance,
        /// Held for each record, each name below a name and each commitment, in planck.
        pub record_deposit: Balance,
        /// Labels that nobody can register, nor what looks like them.
        pub reserved: Vec<String>,
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let live = NameParams::default();
            Self {
                min_commit_age: live.min_commit_age,
                max_commit_age: live.max_commit_age,
                year: live.year,
                grace: live.grace,
                premium: live.premium,
                halving: live.halving,
                premium_start: live.premium_start,
                rent: live.rent,
                deposit: live.deposit,
                record_deposit: live.record_deposit,
                reserved: crate::RESERVED.iter().map(|&label| label.into()).collect(),
                _config: PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(self);
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A name was registered. Rent and premium were burned.
        #[codec(index = 0)]
        Registered { label: Label, owner: AccountId32, expires: BlockNumber, rent: Balance, premium: Balance },
        /// A name points at something else; `version` counts the changes.
        #[codec(index = 1)]
        ContentSet { label: Label, version: u32, content: Option<NameContent> },
        /// A name changed hands, with all that it says and its deposits. Its delegates may no longer write for it.
        #[codec(index = 2)]
        Transferred { label: Label, from: AccountId32, to: AccountId32 },
        /// A name is free again; its deposits went back.
        #[codec(index = 3)]
        Released { label: Label, owner: AccountId32 },
        /// An account will register a name.
        #[codec(index = 4)]
        Committed { owner: AccountId32, commitment: Hash },
        /// An account took a commitment back; its deposit came back.
        #[codec(index = 5)]
        CommitmentCancelled { owner: AccountId32, commitment: Hash },
        /// Somebody paid further years of a name. The rent was burned.
        #[codec(index = 6)]
        Renewed { label: Label, by: AccountId32, expires: BlockNumber, rent: Balance },
        /// A name that had lapsed was taken out of the state; its deposits went back to the one who owned it.
        #[codec(index = 7)]
        Swept { label: Label, owner: AccountId32 },
        /// A record was written, or removed.
        #[codec(index = 8)]
        RecordSet { label: Label, key: RecordKey, value: Option<RecordValue> },
        /// An account may write for a name, or no longer.
        #[codec(index = 9)]
        DelegateSet { label: Label, delegate: AccountId32, allowed: bool },
        /// A name below a name was made, or points at something else; `version` counts the changes.
        #[codec(index = 10)]
        SubnameSet { label: Label, sub: Label, version: u32, content: Option<NameContent> },
        /// An account may write the content of a name below a name, or nobody any more.
        #[codec(index = 11)]
        SubnameDelegateSet { label: Label, sub: Label, delegate: Option<AccountId32> },
        /// A name below a name was removed; its deposit went back.
        #[codec(index = 12)]
        SubnameRemoved { label: Label, sub: Label },
        /// An account goes by one of its names, or by none.
        #[codec(index = 13)]
        ReverseSet { owner: AccountId32, label: Option<Label> },
        /// A label, and what looks like it, is reserved, or no longer.
        #[codec(index = 14)]
        ReservedSet { label: Label, reserved: bool },
        /// Prices and times were changed.
        #[codec(index = 15)]
        ParamsSet { params: NameParams },
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
        /// The label looks like a name that another account owns, or that lapsed and was not swept yet: choose one that can't
        /// be mistaken for it, or have the lapsed one swept once its premium is over.
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
        /// You own other names that look like this one, and look-alikes stay in one hand: release those first, or wait until
        /// those that have lapsed are swept.
        #[codec(index = 6)]
        HasLookAlikes,
        /// The new owner can't take the name's deposit: its account must exist, so send it some tokens first.
        #[codec(index = 7)]
        ReceiverNotReady,
        /// The rent can't be paid or the deposit can't be held: the account that pays, and for records and subnames the name's
        /// owner, needs that much and the existential deposit besides the fee.
        #[codec(index = 8)]
        InsufficientFunds,
        /// A name is paid for whole years, 1 to 10: choose a number in between.
        #[codec(index = 9)]
        BadYears,
        /// This account has made no such commitment: commit to the name with this account and secret first, and check the
        /// spelling of the name.
        #[codec(index = 10)]
        CommitmentMissing,
        /// The commitment is too young: try again some blocks later.
        #[codec(index = 11)]
        CommitmentTooNew,
        /// The commitment is too old: cancel it, which returns its deposit, and commit again.
        #[codec(index = 12)]
        CommitmentTooOld,
        /// This account has made the same commitment already: register the name, or cancel the commitment first.
        #[codec(index = 13)]
        AlreadyCommitted,
        /// This account has as many commitments as it can have: cancel those that you don't need.
        #[codec(index = 14)]
        TooManyCommitments,
        /// The label, or one that looks like it, is reserved: choose another one.
        #[codec(index = 15)]
        NameReserved,
        /// The name has lapsed and works for nobody: register it anew, its former owner too.
        #[codec(index = 16)]
        Lapsed,
        /// The name is paid for, in its grace or still at a premium: it can be swept when all these are over.
        #[codec(index = 17)]
        NotLapsed,
        /// The name would be paid for more than 10 years from now: renew it for fewer years, or later.
        #[codec(index = 18)]
        PaidTooFar,
        /// This version is not remembered: choose one of the name's history.
        #[codec(index = 19)]
        NoSuchVersion,
        /// The name points at this version already: choose an older one of its history.
        #[codec(index = 20)]
        CurrentVersion,
        /// Key and value of the record don't fit: text has a key of 1 to 32 printable ASCII characters without spaces and a value
        /// in UTF-8, an address is not empty, an encryption key has 32 bytes.
        #[codec(index = 21)]
        BadRecord,
        /// The name has no such record: there is nothing to remove.
        #[codec(index = 22)]
        NoSuchRecord,
        /// The name has as many records as it can have: remove one first.
        #[codec(index = 23)]
        TooManyRecords,
        /// This account may not write here: sign with the owner's key, or have the owner make this account a delegate.
        #[codec(index = 24)]
        NotAllowed,
        /// The name has as many delegates as it can have: remove one first.
        #[codec(index = 25)]
        TooManyDelegates,
        /// This account may write for the name already: there is nothing to add.
        #[codec(index = 26)]
        AlreadyDelegate,
        /// This account is no delegate of the name: there is nothing to remove.
        #[codec(index = 27)]
        NoSuchDelegate,
        /// What stands before the dot breaks a rule: use 1 to 63 of a-z, 0-9 and hyphens, no hyphen at an edge nor at both
        /// positions 3 and 4.
        #[codec(index = 28)]
        BadSubname,
        /// There is no such name below this one: set its content first, or check the spelling.
        #[codec(index = 29)]
        NoSuchSubname,
        /// The name has as many names below it as it can have: remove one first.
        #[codec(index = 30)]
        TooManySubnames,
        /// The foreign reference doesn't begin with the multicodec of a known network: check the bytes (ENSIP-7).
        #[codec(index = 31)]
        BadContent,
        /// The parameters contradict each other: see the rules of `NameParams`.
        #[codec(index = 32)]
        BadParams,
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

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Takes a label that is free, or that has lapsed, for so many years. It must have been committed to. Burns the rent,
        /// and the premium where there is one, and holds the deposit; the commitment's deposit comes back.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn register(origin: OriginFor<T>, label: Label, years: u32, secret: Secret) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::register(records, subnames);
            Self::do_register(who, label, years, &secret).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Points a name at something else, or at nothing. Its owner and its delegates may.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_content())]
        pub fn set_content(origin: OriginFor<T>, label: Label, content: Option<NameContent>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_content(&who, label, content)
        }

        /// Gives a name to another account, with all that it says and its deposits: the new owner pays nothing. Delegates lose
        /// their right, and addresses and keys no longer hold.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(origin: OriginFor<T>, label: Label, new_owner: AccountId32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_transfer(who, label, new_owner)
        }

        /// Gives a name up and returns its deposits. It is free at once. What is left of its rent is lost.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::release(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn release(origin: OriginFor<T>, label: Label) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::release(records, subnames);
            Self::do_release(who, label).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Says that a label will be registered, without showing it. Holds a deposit.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::commit())]
        pub fn commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_commit(who, commitment)
        }

        /// Takes a commitment back, whatever its age, and returns its deposit.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::cancel_commit())]
        pub fn cancel_commit(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel_commit(who, commitment)
        }

        /// Pays further years of a name that works. Anybody may. The rent is burned.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::renew())]
        pub fn renew(origin: OriginFor<T>, label: Label, years: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_renew(who, label, years)
        }

        /// Points a name at what it pointed at in one of its last versions. Its owner and its delegates may.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::rollback())]
        pub fn rollback(origin: OriginFor<T>, label: Label, version: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_rollback(&who, label, version)
        }

        /// Takes a name that has lapsed, and whose premium is over, out of the state. Anybody may.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::sweep(MAX_RECORDS, MAX_SUBNAMES))]
        pub fn sweep(origin: OriginFor<T>, label: Label) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let Usage { records, subnames } = Usages::<T>::get(&label);
            let weight = T::WeightInfo::sweep(records, subnames);
            Self::do_sweep(label).map_err(|refused| refused.with_weight(weight))?;
            Ok(Some(weight).into())
        }

        /// Writes a record of a name, or removes it. Its owner and its delegates may. The owner's deposit is held for a new
        /// one, and comes back with its removal.
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::set_record())]
        pub fn set_record(
            origin: OriginFor<T>,
            label: Label,
            key: RecordKey,
            value: Option<RecordValue>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_record(&who, label, key, value)
        }

        /// Lets an account write content, records and subnames of a name, or no longer. Only its owner may.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::set_delegate())]
        pub fn set_delegate(
            origin: OriginFor<T>,
            label: Label,
            delegate: AccountId32,
            allowed: bool,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_delegate(&who, label, delegate, allowed)
        }

        /// Makes a name below a name, against a deposit of the owner, or points it elsewhere. The owner and the delegates of
        /// the label may; the delegate of the subname may where it exists.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::set_subname())]
        pub fn set_subname(
            origin: OriginFor<T>,
            label: Label,
            sub: Label,
            content: Option<NameContent>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_subname(&who, label, sub, content)
        }

        /// Lets one account write the content of a name below a name, or nobody any more. Only the label's owner may.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::set_subname_delegate())]
        pub fn set_subname_delegate(
            origin: OriginFor<T>,
            label: Label,
            sub: Label,
            delegate: Option<AccountId32>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_subname_delegate(&who, label, sub, delegate)
        }

        /// Removes a name below a name and returns its deposit. Only the label's owner may.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::remove_subname())]
        pub fn remove_subname(origin: OriginFor<T>, label: Label, sub: Label) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_remove_subname(&who, label, sub)
        }

        /// Says by which of its names the signer goes, or by none.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::set_reverse())]
        pub fn set_reverse(origin: OriginFor<T>, label: Option<Label>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_reverse(who, label)
        }

        /// Reserves a label and what looks like it, or frees it. Who owns such a name keeps it. Root only.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::set_reserved())]
        pub fn set_reserved(origin: OriginFor<T>, label: Label, reserved: bool) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_reserved(label, reserved)
        }

        /// Changes prices and times, of names that there are too. Root only.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::set_params())]
        pub fn set_params(origin: OriginFor<T>, params: NameParams) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_params(params)
        }
    }
}
