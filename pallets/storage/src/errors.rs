//! The errors. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
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
}
