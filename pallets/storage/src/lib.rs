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
pub mod expiry;
pub mod fill;
mod genesis;
pub mod groups;
#[cfg(test)]
mod mock;
pub mod pricing;
pub mod renewal;
pub mod rolled;
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
    Totals, Worker,
};
pub use weights::WeightInfo;

/// Calls, storage, events and errors.
// What the macros generate has public items without docs, casts the indices that are written below to bytes, and takes
// as many arguments as a tombstone has.
#[allow(missing_docs, clippy::cast_possible_truncation, clippy::too_many_arguments)]
#[frame_support::pallet]
pub mod pallet {
    use crate::{
        AuditParams, AutoRenewal, Books, FillRequest, FixedParams, Group, Params, PriceCurve, RangeRecord,
        TombstoneRecord, Totals, WeightInfo, Worker,
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

    /// What root may change.
    #[pallet::storage]
    pub type CurrentParams<T: Config> = StorageValue<_, Params, ValueQuery>;

    /// What genesis fixes: what is stored depends on it.
    #[pallet::storage]
    pub type Fixed<T: Config> = StorageValue<_, FixedParams, ValueQuery>;

    /// Sums over everything that is stored.
    #[pallet::storage]
    pub type Total<T: Config> = StorageValue<_, Totals, ValueQuery>;

    /// The number of the next worker.
    #[pallet::storage]
    pub type NextWorker<T: Config> = StorageValue<_, WorkerId, ValueQuery>;

    /// The workers.
    #[pallet::storage]
    pub type Workers<T: Config> = StorageMap<_, Twox64Concat, WorkerId, Worker>;

    /// The worker of each identity key.
    #[pallet::storage]
    pub type WorkerByPeer<T: Config> = StorageMap<_, Blake2_128Concat, PeerKey, WorkerId>;

    /// The workers that can be given a slot, dense from 0, so that a random window of them can be read.
    #[pallet::storage]
    pub type Eligible<T: Config> = StorageMap<_, Twox64Concat, u32, WorkerId>;

    /// Where in `Eligible` a worker is.
    #[pallet::storage]
    pub type EligibleAt<T: Config> = StorageMap<_, Twox64Concat, WorkerId, u32>;

    /// How many entries `Eligible` has.
    #[pallet::storage]
    pub type EligibleCount<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// The slots of each worker, by group. Big-endian keys under an identity hash: the storage is in their order.
    #[pallet::storage]
    pub type SlotsOf<T: Config> = StorageDoubleMap<_, Twox64Concat, WorkerId, Identity, GroupKey, SlotRecord>;

    /// The number of the next group.
    #[pallet::storage]
    pub type NextGroup<T: Config> = StorageValue<_, GroupId, ValueQuery>;

    /// The placement groups.
    #[pallet::storage]
    pub type Groups<T: Config> = StorageMap<_, Twox64Concat, GroupId, Group>;

    /// The groups of each profile in which there is room.
    #[pallet::storage]
    pub type OpenGroups<T: Config> = StorageMap<_, Twox64Concat, ProfileId, OpenList<T>, ValueQuery>;

    /// The groups that wait for workers, first come first served.
    #[pallet::storage]
    pub type FillQueue<T: Config> = StorageValue<_, BoundedVec<FillRequest, T::MaxFillQueue>, ValueQuery>;

    /// What the ranges of a group come to, by expiry, ascending.
    #[pallet::storage]
    pub type RangesOf<T: Config> = StorageMap<_, Twox64Concat, GroupId, RangeList<T>, ValueQuery>;

    /// The ranges: of each group, one for each expiry.
    #[pallet::storage]
    pub type Ranges<T: Config> = StorageDoubleMap<_, Twox64Concat, GroupId, Twox64Concat, Epoch, RangeRecord>;

    /// The tombstones of each range: leaf and object.
    #[pallet::storage]
    pub type Tombstones<T: Config> =
        StorageDoubleMap<_, Twox64Concat, (GroupId, Epoch), Blake2_128Concat, (u64, ObjectId), TombstoneRecord>;

    /// Ranges that are dropped already and whose tombstones are still to be removed, by group.
    #[pallet::storage]
    pub type Stale<T: Config> = StorageMap<_, Twox64Concat, GroupId, BoundedVec<StaleRange, T::MaxRanges>, ValueQuery>;

    /// The VRF outputs of the last blocks.
    #[pallet::storage]
    pub type Beacon<T: Config> = StorageMap<_, Twox64Concat, BlockNumber, Hash>;

    /// The last period whose challenges are drawn, and the seed that tells when each worker is challenged in it.
    #[pallet::storage]
    pub type Drawn<T: Config> = StorageValue<_, (Period, Hash)>;

    /// Where the money is that was paid for storage.
    #[pallet::storage]
    pub type Ledger<T: Config> = StorageValue<_, Books, ValueQuery>;

    /// The number of the next automatic renewal.
    #[pallet::storage]
    pub type NextAutoRenewal<T: Config> = StorageValue<_, AutoRenewalId, ValueQuery>;

    /// The automatic renewals.
    #[pallet::storage]
    pub type AutoRenewals<T: Config> = StorageMap<_, Twox64Concat, AutoRenewalId, AutoRenewal>;

    /// The automatic renewals of each payer, in the order of their numbers.
    #[pallet::storage]
    pub type AutoRenewalsOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, AutoRenewalKey, ()>;

    /// The automatic renewals of the batches in each range, in the order of their numbers.
    #[pallet::storage]
    pub type AutoRenewalsIn<T: Config> =
        StorageDoubleMap<_, Twox64Concat, (GroupId, Epoch), Identity, AutoRenewalKey, ()>;

    /// What ends with each epoch that has not begun.
    #[pallet::storage]
    pub type Endings<T: Config> = StorageMap<_, Twox64Concat, Epoch, AllSlots, ValueQuery>;

    /// The state at genesis.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Blocks of a storage epoch, at least 1. It can't change afterwards.
        pub epoch_blocks: u32,
        /// Bytes of a slot, by profile. They can't change afterwards.
        pub slot_capacity: [u64; 4],
        /// The latest expiry that can be bought is this many epochs away; at most [`Config::MaxRanges`].
        pub max_epochs: u32,
        /// Blocks of an audit period; an epoch is a whole number of them. It can't change afterwards.
        pub period_blocks: u32,
        /// Blocks within which a challenge must be answered. It can't change afterwards.
        pub window_blocks: u32,
        /// Bytes that a challenge asks for. It can't change afterwards.
        pub samples: u8,
        /// Price of one GiB (of shard bytes, all n shards counted) for one epoch, in planck, at first.
        pub price_per_gib_epoch: Balance,
        /// How the price moves.
        pub curve: PriceCurve,
        /// What missed audits lead to, and how workers are paid.
        pub audit: AuditParams,
        /// Held from the account that opens a group, in planck.
        pub group_deposit: Balance,
        /// Bond of a worker for each GiB that it lends, in planck.
        pub bond_per_gib: Balance,
        /// The bond of the smallest worker, in planck.
        pub min_bond: Balance,
        /// The smallest capacity that a worker may declare, in bytes.
        pub min_capacity: u64,
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            let fixed = FixedParams::default();
            let params = Params::default();
            Self {
                epoch_blocks: fixed.epoch_blocks,
                slot_capacity: fixed.slot_capacity,
                max_epochs: params.max_epochs.min(T::MaxRanges::get()),
                period_blocks: fixed.schedule.period_blocks,
                window_blocks: fixed.schedule.window_blocks,
                samples: fixed.schedule.samples,
                price_per_gib_epoch: params.price_per_gib_epoch,
                curve: params.curve,
                audit: params.audit,
                group_deposit: params.group_deposit,
                bond_per_gib: params.bond_per_gib,
                min_bond: params.min_bond,
                min_capacity: params.min_capacity,
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
        /// A worker joined.
        #[codec(index = 0)]
        WorkerRegistered { worker: WorkerId, operator: AccountId32, peer: PeerKey },
        /// A worker changed what it declares.
        #[codec(index = 1)]
        WorkerUpdated { worker: WorkerId, country: Country, capacity: u64, accepting: bool },
        /// A worker left; its bond went back.
        #[codec(index = 2)]
        WorkerExited { worker: WorkerId },
        /// A group waits for its workers.
        #[codec(index = 3)]
        GroupOpened { group: GroupId, profile: ProfileId, opener: AccountId32 },
        /// A vacant group or slot was queued again.
        #[codec(index = 4)]
        FillRequested { group: GroupId },
        /// A worker got a slot.
        #[codec(index = 5)]
        SlotFilled { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// All slots of a group have a worker: batches can be stored in it.
        #[codec(index = 6)]
        GroupFilled { group: GroupId },
        /// Too few eligible workers, countries or operators for a group: it is tried again, or, when `again` is false,
        /// somebody must call `fill_group` once there are more.
        #[codec(index = 7)]
        FillFailed { group: GroupId, vacant: u32, again: bool },
        /// A batch was registered: leaf `index` of the group's range for `expiry`.
        #[codec(index = 8)]
        Stored { group: GroupId, expiry: Epoch, index: u64, leaf: RangeLeaf },
        /// An owner deleted an object of a batch early: the batch is leaf `leaf` of the range, the object is its entry `entry`.
        #[codec(index = 9)]
        Tombstoned { group: GroupId, expiry: Epoch, leaf: u64, entry: u32, object: ObjectId },
        /// A range expired and was dropped; `bytes` of each slot are free again.
        #[codec(index = 10)]
        RangeDropped { group: GroupId, expiry: Epoch, bytes: u64 },
        /// A group is nearly full, so its opener got the deposit back.
        #[codec(index = 11)]
        GroupDepositReturned { group: GroupId, opener: AccountId32, deposit: Balance },
        /// Root changed the parameters.
        #[codec(index = 12)]
        ParamsSet { params: Params },
        /// A worker proved that it holds its shards; `paid` went to its operator.
        #[codec(index = 13)]
        Proven { worker: WorkerId, period: Period, paid: Balance, held_back: Balance },
        /// A worker was away for too long: it lost its slots and its bond, and is not registered any more.
        #[codec(index = 14)]
        WorkerExpelled { worker: WorkerId, missed: u32, bond: Balance, reporter: AccountId32, bounty: Balance },
        /// A slot has no worker any more.
        #[codec(index = 15)]
        SlotVacated { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// A worker lacked a slot's shards for too long.
        #[codec(index = 16)]
        SlotGivenUp { group: GroupId, slot: SlotIndex, worker: WorkerId },
        /// A worker hands its slots over in order to exit.
        #[codec(index = 17)]
        WorkerLeaving { worker: WorkerId },
        /// An epoch began: what was not earned in the one before went to the repair fund, and the price has moved.
        #[codec(index = 18)]
        EpochBegan { epoch: Epoch, price: Balance, unearned: Balance },
        /// Leaf `leaf` of the range that expires at `from` is now also leaf `index` of the one that expires at `until`.
        #[codec(index = 19)]
        Renewed { group: GroupId, from: Epoch, leaf: u64, until: Epoch, index: u64 },
        /// Leaf `leaf` of the range that expires at `expiry` is renewed by itself from now on; `amount` is prepaid for it.
        #[codec(index = 20)]
        AutoRenewalOpened {
            id: AutoRenewalId,
            payer: AccountId32,
            group: GroupId,
            expiry: Epoch,
            leaf: u64,
            amount: Balance,
        },
        /// Somebody added to what is prepaid.
        #[codec(index = 21)]
        AutoRenewalFunded { id: AutoRenewalId, giver: AccountId32, amount: Balance, balance: Balance },
        /// A batch was renewed by itself until `until`: `price` was paid for storage and `fee` to whoever asked for it, and
        /// `balance` is left.
        #[codec(index = 22)]
        AutoRenewed { id: AutoRenewalId, until: Epoch, price: Balance, fee: Balance, balance: Balance },
        /// What is left does not pay for the next renewal at today's price: unless somebody adds to it, the batch will expire.
        #[codec(index = 23)]
        AutoRenewalShort { id: AutoRenewalId, balance: Balance, needed: Balance },
        /// An automatic renewal was closed; the payer got back what was left, and the deposit.
        #[codec(index = 24)]
        AutoRenewalClosed { id: AutoRenewalId, payer: AccountId32, returned: Balance },
    }

    /// Why a call was refused. A refused call changes nothing.
    #[pallet::error]
    pub enum Error<T> {
        /// No country has this code: use an ISO 3166-1 alpha-2 code in capitals, such as DE.
        #[codec(index = 0)]
        BadCountry,
        /// The capacity is below the smallest that is allowed: lend more (see the storage parameters).
        #[codec(index = 1)]
        CapacityTooSmall,
        /// Slots of this worker need more than the new capacity: keep at least what is committed.
        #[codec(index = 2)]
        CapacityCommitted,
        /// The capacity is beyond what can be counted: declare what the disks hold.
        #[codec(index = 3)]
        CapacityTooLarge,
        /// This identity key belongs to a registered worker: use a fresh one, or that worker's number.
        #[codec(index = 4)]
        PeerTaken,
        /// The identity key did not sign this chain's genesis hash and this operator: sign again on the right chain.
        #[codec(index = 5)]
        BadPeerProof,
        /// The bond or deposit can't be held: the account needs it and the existential deposit besides the fee.
        #[codec(index = 6)]
        InsufficientFunds,
        /// There is no worker with this number.
        #[codec(index = 7)]
        NoSuchWorker,
        /// Another account runs this worker: sign with the operator's key.
        #[codec(index = 8)]
        NotOperator,
        /// A worker that holds slots can't change its country or leave: stop accepting and wait until it holds none.
        #[codec(index = 9)]
        HoldsSlots,
        /// There is room in the open groups of this profile, or one still waits for workers: use those.
        #[codec(index = 10)]
        OpenGroupsHaveRoom,
        /// Too many groups wait to be filled: try again in some blocks.
        #[codec(index = 11)]
        FillQueueFull,
        /// There is no group with this number.
        #[codec(index = 12)]
        NoSuchGroup,
        /// All slots of this group have a worker: there is nothing to fill.
        #[codec(index = 13)]
        NothingVacant,
        /// This group waits to be filled already: give it some blocks.
        #[codec(index = 14)]
        AlreadyQueued,
        /// This group has no workers yet: wait for its GroupFilled event, or use another one.
        #[codec(index = 15)]
        GroupNotReady,
        /// The expiry is not after the current epoch: choose a later one and collect new receipts.
        #[codec(index = 16)]
        Expired,
        /// The expiry is more than the allowed number of epochs away: choose an earlier one and renew later.
        #[codec(index = 17)]
        ExpiryTooFar,
        /// The batch summary can't be that of any batch: it needs objects, and bytes in whole leaves of 1 KiB for each.
        #[codec(index = 18)]
        BadBatch,
        /// The batch does not fit into the slots of this group: use another open group, or split the batch.
        #[codec(index = 19)]
        GroupFull,
        /// Receipts must be in the order of their slots, one a slot.
        #[codec(index = 20)]
        ReceiptsUnsorted,
        /// A receipt names a slot that the group does not have or that is vacant: read the group again.
        #[codec(index = 21)]
        NoSuchSlot,
        /// A receipt is not signed by the slot's worker for this chain, group, slot, expiry, owner and batch.
        #[codec(index = 22)]
        BadReceipt,
        /// Fewer receipts than the profile's quorum: collect more before registering.
        #[codec(index = 23)]
        BelowQuorum,
        /// The account can't pay for the batch: it needs the price besides the fee and the existential deposit.
        #[codec(index = 24)]
        CannotPay,
        /// The group has too many ranges, expired ones included: call roll_group and try again.
        #[codec(index = 25)]
        TooManyRanges,
        /// The range can't take another batch: choose another expiry or group.
        #[codec(index = 26)]
        RangeFull,
        /// The group has no range for this expiry: it has expired, or nothing was stored for it.
        #[codec(index = 27)]
        NoSuchRange,
        /// The leaf is not the batch at this index of the range: build the proof again from the range as it is now.
        #[codec(index = 28)]
        BadLeafProof,
        /// The entry is not the object at this index of the batch: build the proof again.
        #[codec(index = 29)]
        BadEntryProof,
        /// Another account stored this batch: sign with the owner's key.
        #[codec(index = 30)]
        NotOwner,
        /// The object was deleted from this batch before.
        #[codec(index = 31)]
        AlreadyTombstoned,
        /// Nothing of this group has expired.
        #[codec(index = 32)]
        NothingExpired,
        /// The parameters contradict each other or the runtime's bounds: see the documentation of `set_params`.
        #[codec(index = 33)]
        BadParams,
        /// A sum left the range of its type; nothing was changed.
        #[codec(index = 34)]
        Overflow,
        /// The proof is for another period than this block's: prove the present one.
        #[codec(index = 35)]
        WrongPeriod,
        /// The worker is not challenged in this block: it has no slot since before the period, or its challenge is to come.
        #[codec(index = 36)]
        NotChallenged,
        /// The challenge had to be answered before: nothing is lost but this period's pay.
        #[codec(index = 37)]
        TooLate,
        /// This period is proven, or the worker's first one is still to come.
        #[codec(index = 38)]
        AlreadyProven,
        /// One answer for each sample, in their order: ask for the challenge again.
        #[codec(index = 39)]
        WrongAnswerCount,
        /// An answer does not prove its sample: ask for the challenge again, and check the shard.
        #[codec(index = 40)]
        BadAnswer,
        /// The worker has signed for this batch itself, so it must show the leaf.
        #[codec(index = 41)]
        NotExcused,
        /// The owner has not deleted this object: show the leaf.
        #[codec(index = 42)]
        NotDeleted,
        /// The worker has missed too many periods: it waits to be reported and to lose its slots.
        #[codec(index = 43)]
        Overdue,
        /// The worker has not missed too many periods.
        #[codec(index = 44)]
        NotOverdue,
        /// The worker hands its slots over already: give it time.
        #[codec(index = 45)]
        AlreadyLeaving,
        /// Others may still copy from this worker: keep it running, and exit some blocks later.
        #[codec(index = 46)]
        StillNeeded,
        /// The batch is registered for as long already: choose a later expiry.
        #[codec(index = 47)]
        NoExtension,
        /// There is no automatic renewal with this number: it was closed, or never opened.
        #[codec(index = 48)]
        NoSuchAutoRenewal,
        /// Another account pays for this automatic renewal: only that one can close it before the batch has expired.
        #[codec(index = 49)]
        NotPayer,
        /// The batch is not about to expire: wait for the last epoch before.
        #[codec(index = 50)]
        NotDue,
        /// Storage costs more than the payer of this automatic renewal allows: wait for a lower price, or close it and open
        /// another one.
        #[codec(index = 51)]
        TooDear,
        /// Fees are higher at the moment than an automatic renewal may pay: try again when blocks are less full.
        #[codec(index = 52)]
        FeesTooHigh,
        /// What is prepaid does not pay for the next renewal at today's price: add to it.
        #[codec(index = 53)]
        PrepaidTooLow,
        /// A batch can be renewed by itself for 1 epoch or more each time, and fewer than the allowed number of epochs.
        #[codec(index = 54)]
        BadRenewalEpochs,
        /// The receipts are not valid any more: collect them again.
        #[codec(index = 55)]
        ReceiptsStale,
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

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Registers a worker and holds its bond. `proof_of_peer` is the identity key's signature of
        /// [`meganet_primitives::receipt::worker_signed_bytes`], so that nobody can register another's key.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_worker())]
        pub fn register_worker(
            origin: OriginFor<T>,
            peer: PeerKey,
            country: Country,
            capacity: u64,
            proof_of_peer: PeerSignature,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register_worker(who, peer, country, capacity, proof_of_peer)
        }

        /// Changes what a worker declares; `None` leaves a value as it is. The bond follows the capacity. The country can
        /// change only while the worker holds no slot.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::update_worker())]
        pub fn update_worker(
            origin: OriginFor<T>,
            worker: WorkerId,
            country: Option<Country>,
            capacity: Option<u64>,
            accepting: Option<bool>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_update_worker(who, worker, country, capacity, accepting)
        }

        /// Removes a worker that holds no slot and returns its bond and what was held back of its pay. One that has left
        /// stays for some blocks first, so that others can copy from it.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::exit_worker())]
        pub fn exit_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_exit_worker(who, worker)
        }

        /// Opens a group, against a deposit, when no open group of the profile has room. The chain fills it within blocks.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::open_group(T::MaxOpenGroups::get()))]
        pub fn open_group(origin: OriginFor<T>, profile: ProfileId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_open_group(who, profile)
        }

        /// Registers a batch for which a quorum of the group's members has given receipts, and pays for it until `expiry`. The
        /// receipts are valid in blocks up to `valid_until`.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::store(receipts.len().saturated_into()))]
        pub fn store(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            batch: BatchSummary,
            valid_until: BlockNumber,
            receipts: BoundedVec<Receipt, ConstU32<MAX_SLOTS>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_store(who, group, expiry, batch, valid_until, receipts)
        }

        /// Deletes an object of a batch early. Its owner proves that the batch is leaf `leaf_index` of the range and the
        /// object its entry `entry_index`. Space and money come back to nobody before the expiry; a deposit is held
        /// until then.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::tombstone())]
        pub fn tombstone(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            leaf_index: u64,
            leaf: RangeLeaf,
            leaf_proof: RangeLeafProof,
            entry_index: u32,
            entry: BatchEntry,
            entry_proof: SumProof,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let place = crate::tombstones::Place { group, expiry, leaf_index, entry_index };
            Self::do_tombstone(who, place, leaf, leaf_proof, entry, entry_proof)
        }

        /// Drops expired ranges of a group and their tombstones, a bounded number a call. Anybody may; call it again while
        /// it succeeds.
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::roll_group())]
        pub fn roll_group(origin: OriginFor<T>, group: GroupId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_roll_group(group)
        }

        /// Root: changes the parameters, for what is bought, bonded and opened from now on. `max_epochs` must be at least
        /// 1 and at most [`Config::MaxRanges`]; `min_capacity` at least 1.
        #[pallet::call_index(7)]
        #[pallet::weight((T::WeightInfo::set_params(), DispatchClass::Operational))]
        pub fn set_params(origin: OriginFor<T>, params: Params) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_params(params)
        }

        /// Asks for a group with a vacant slot to be filled, after attempts have failed. Anybody may.
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::fill_group(T::MaxFillQueue::get()))]
        pub fn fill_group(origin: OriginFor<T>, group: GroupId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_fill_group(group)
        }

        /// Proves that a worker holds what the present period's challenge asks for, and pays it. Only its operator may; the
        /// fee comes back if the proof is accepted.
        #[pallet::call_index(9)]
        #[pallet::weight({
            let answers = proof.answers.len().saturated_into();
            (Pallet::<T>::prove_weight(answers, T::MaxSlots::get(), answers), DispatchClass::Operational)
        })]
        pub fn prove(
            origin: OriginFor<T>,
            worker: WorkerId,
            period: Period,
            proof: AuditProof,
        ) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            Self::do_prove(who, worker, period, proof)
        }

        /// Expels a worker that has missed too many periods: it loses its slots and its bond, of which the caller gets a
        /// share.
        #[pallet::call_index(10)]
        #[pallet::weight(T::WeightInfo::report(T::MaxSlots::get()))]
        pub fn report(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_report(who, worker)
        }

        /// Begins to hand a worker's slots over, so that it can exit without loss. It goes on proving what it holds still.
        /// [`Call::update_worker`] with `accepting` takes it back.
        #[pallet::call_index(11)]
        #[pallet::weight(T::WeightInfo::leave(T::MaxSlots::get()))]
        pub fn leave(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_leave(who, worker)
        }

        /// Registers leaf `leaf_index` of a range again, until a later expiry, and pays for it. Anybody may.
        #[pallet::call_index(12)]
        #[pallet::weight(T::WeightInfo::renew())]
        pub fn renew(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            leaf_index: u64,
            leaf: RangeLeaf,
            leaf_proof: RangeLeafProof,
            until: Epoch,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let place = crate::renewal::Registered { group, expiry, leaf_index, leaf };
            Self::do_renew(&who, place, &leaf_proof, until)
        }

        /// Prepays `amount` so that leaf `leaf_index` of a range is renewed by itself: in the last epoch before it expires, for
        /// `epochs` more, as long as a GiB in one slot costs at most `max_price` for an epoch and the amount lasts. Anybody
        /// may, also for others' batches; a deposit is held besides.
        #[pallet::call_index(13)]
        #[pallet::weight(T::WeightInfo::prepay())]
        pub fn prepay(
            origin: OriginFor<T>,
            group: GroupId,
            expiry: Epoch,
            leaf_index: u64,
            leaf: RangeLeaf,
            leaf_proof: RangeLeafProof,
            epochs: u32,
            max_price: Balance,
            amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let place = crate::renewal::Registered { group, expiry, leaf_index, leaf };
            Self::do_prepay(who, place, &leaf_proof, crate::auto_renewal::Terms { epochs, max_price }, amount)
        }

        /// Adds to what is prepaid for an automatic renewal. Anybody may; what is left in the end goes to its payer.
        #[pallet::call_index(14)]
        #[pallet::weight(T::WeightInfo::top_up())]
        pub fn top_up(origin: OriginFor<T>, id: AutoRenewalId, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_top_up(who, id, amount)
        }

        /// Renews a batch from what is prepaid for it, once the last epoch before it expires has begun. Anybody may: the
        /// caller gets the fee of this call back, and a quarter more.
        #[pallet::call_index(15)]
        #[pallet::weight(T::WeightInfo::auto_renew())]
        pub fn auto_renew(origin: OriginFor<T>, id: AutoRenewalId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_auto_renew(&who, id)
        }

        /// Closes an automatic renewal and returns what is left, and the deposit, to its payer. Its payer may at any time,
        /// anybody once the batch has expired.
        #[pallet::call_index(16)]
        #[pallet::weight(T::WeightInfo::cancel_auto_renewal())]
        pub fn cancel_auto_renewal(origin: OriginFor<T>, id: AutoRenewalId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel_auto_renewal(&who, id)
        }
    }
}
