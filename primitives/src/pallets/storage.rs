//! Errors and events of `pallet-storage`. Amounts are in planck.

use super::{pallet_errors, pallet_events};
use crate::{
    AccountId, AutoRenewalId, Balance, Epoch, GroupId, Period, SlotIndex, WorkerId, country::Country, object::ObjectId,
    placement::ProfileId, range::RangeLeaf, receipt::PeerKey,
};

pallet_errors! {
    /// Why `pallet-storage` refused a call.
    StorageError of "Storage" {
        BadCountry,
        CapacityTooSmall,
        CapacityCommitted,
        CapacityTooLarge,
        PeerTaken,
        BadPeerProof,
        InsufficientFunds,
        NoSuchWorker,
        NotOperator,
        HoldsSlots,
        OpenGroupsHaveRoom,
        FillQueueFull,
        NoSuchGroup,
        NothingVacant,
        AlreadyQueued,
        GroupNotReady,
        Expired,
        ExpiryTooFar,
        BadBatch,
        GroupFull,
        ReceiptsUnsorted,
        NoSuchSlot,
        BadReceipt,
        BelowQuorum,
        CannotPay,
        TooManyRanges,
        RangeFull,
        NoSuchRange,
        BadLeafProof,
        BadEntryProof,
        NotOwner,
        AlreadyTombstoned,
        NothingExpired,
        BadParams,
        Overflow,
        WrongPeriod,
        NotChallenged,
        TooLate,
        AlreadyProven,
        WrongAnswerCount,
        BadAnswer,
        NotExcused,
        NotDeleted,
        Overdue,
        NotOverdue,
        AlreadyLeaving,
        StillNeeded,
        NoExtension,
        NoSuchAutoRenewal,
        NotPayer,
        NotDue,
        TooDear,
        FeesTooHigh,
        PrepaidTooLow,
        BadRenewalEpochs,
        ReceiptsStale,
    }
}

// All but `ParamsSet`, whose parameters are a type of the pallet that no client reads.
pallet_events! {
    "Storage" {
        /// A worker was registered.
        WorkerRegistered { worker: WorkerId, operator: AccountId, peer: PeerKey }
        /// A worker changed what it declares.
        WorkerUpdated { worker: WorkerId, country: Country, capacity: u64, accepting: bool }
        /// A worker left the registry; its bond was returned.
        WorkerExited { worker: WorkerId }
        /// A placement group was opened and waits for workers.
        GroupOpened { group: GroupId, profile: ProfileId, opener: AccountId }
        /// A group with vacant slots was queued to be filled again.
        FillRequested { group: GroupId }
        /// A worker was assigned to a slot.
        SlotFilled { group: GroupId, slot: SlotIndex, worker: WorkerId }
        /// All slots of a group have a worker: batches can be stored in it.
        GroupFilled { group: GroupId }
        /// Too few eligible workers, countries or operators to fill a group. The chain retries, or, if `again` is
        /// false, somebody must call `fill_group` once there are more.
        FillFailed { group: GroupId, vacant: u32, again: bool }
        /// A batch was registered as leaf `index` of the group's range for `expiry`.
        Stored { group: GroupId, expiry: Epoch, index: u64, leaf: RangeLeaf }
        /// An owner deleted an object early: entry `entry` of the batch at leaf `leaf` of the range.
        Tombstoned { group: GroupId, expiry: Epoch, leaf: u64, entry: u32, object: ObjectId }
        /// A range expired and was dropped, which freed `bytes` in each slot.
        RangeDropped { group: GroupId, expiry: Epoch, bytes: u64 }
        /// A group is nearly full, so the deposit was returned to its opener.
        GroupDepositReturned { group: GroupId, opener: AccountId, deposit: Balance }
        /// A worker proved that it holds its shards. Its operator was paid `paid`; `held_back` of the pay is kept until
        /// it leaves.
        Proven { worker: WorkerId, period: Period, paid: Balance, held_back: Balance }
        /// A worker missed too many periods: it lost its slots and its bond and was removed from the registry.
        WorkerExpelled { worker: WorkerId, missed: u32, bond: Balance, reporter: AccountId, bounty: Balance }
        /// A slot lost its worker.
        SlotVacated { group: GroupId, slot: SlotIndex, worker: WorkerId }
        /// A worker lacked the shards of a slot for too long and lost the slot.
        SlotGivenUp { group: GroupId, slot: SlotIndex, worker: WorkerId }
        /// A worker began to hand over its slots in order to exit.
        WorkerLeaving { worker: WorkerId }
        /// A storage epoch began: the unearned pay of the previous one went to the repair fund, and the price was
        /// adjusted.
        EpochBegan { epoch: Epoch, price: Balance, unearned: Balance }
        /// A batch was renewed: leaf `leaf` of the range that expires at `from` is now also leaf `index` of the one
        /// that expires at `until`.
        Renewed { group: GroupId, from: Epoch, leaf: u64, until: Epoch, index: u64 }
        /// An automatic renewal was opened for leaf `leaf` of the range that expires at `expiry`, with `amount`
        /// prepaid.
        AutoRenewalOpened {
            id: AutoRenewalId,
            payer: AccountId,
            group: GroupId,
            expiry: Epoch,
            leaf: u64,
            amount: Balance,
        }
        /// An account added to the prepaid balance of an automatic renewal.
        AutoRenewalFunded { id: AutoRenewalId, giver: AccountId, amount: Balance, balance: Balance }
        /// A batch was renewed automatically until `until`: `price` was paid for storage, `fee` to the caller, and
        /// `balance` is left.
        AutoRenewed { id: AutoRenewalId, until: Epoch, price: Balance, fee: Balance, balance: Balance }
        /// The prepaid balance does not cover the next renewal at the current price: the batch expires unless somebody
        /// adds to it.
        AutoRenewalShort { id: AutoRenewalId, balance: Balance, needed: Balance }
        /// An automatic renewal was closed; the payer got back the remaining balance and the deposit.
        AutoRenewalClosed { id: AutoRenewalId, payer: AccountId, returned: Balance }
    }
}
