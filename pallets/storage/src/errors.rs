//! The errors. Their docs reach users through the metadata: what is wrong, then what to do. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// The reasons for which a call is refused. A refused call changes nothing.
    #[pallet::error]
    pub enum Error<T> {
        /// The country code is not assigned. Use an ISO 3166-1 alpha-2 code in capitals, such as DE.
        #[codec(index = 0)]
        BadCountry,
        /// The capacity is below the minimum in the storage parameters. Offer more.
        #[codec(index = 1)]
        CapacityTooSmall,
        /// The new capacity is less than the worker has committed to its slots. Keep at least that much.
        #[codec(index = 2)]
        CapacityCommitted,
        /// The capacity is too large to represent. Declare what the disks hold.
        #[codec(index = 3)]
        CapacityTooLarge,
        /// The identity key belongs to a registered worker. Use a new key, or the number of that worker.
        #[codec(index = 4)]
        PeerTaken,
        /// The identity key did not sign this chain's genesis hash and this operator. Sign again, for the right chain.
        #[codec(index = 5)]
        BadPeerProof,
        /// The bond or deposit can't be held. The account needs that amount in addition to the fee and the existential
        /// deposit.
        #[codec(index = 6)]
        InsufficientFunds,
        /// No worker has this number.
        #[codec(index = 7)]
        NoSuchWorker,
        /// Another account operates this worker. Sign with the operator's key.
        #[codec(index = 8)]
        NotOperator,
        /// A worker that holds slots can't change its country or exit. Leave first, and wait until it holds none.
        #[codec(index = 9)]
        HoldsSlots,
        /// An open group of this profile is waiting for workers, or many have room. Use those.
        #[codec(index = 10)]
        OpenGroupsHaveRoom,
        /// Too many groups are waiting to be filled. Try again some blocks later.
        #[codec(index = 11)]
        FillQueueFull,
        /// No group has this number.
        #[codec(index = 12)]
        NoSuchGroup,
        /// The group has no vacant slot to fill.
        #[codec(index = 13)]
        NothingVacant,
        /// The group is already waiting to be filled. Wait some blocks.
        #[codec(index = 14)]
        AlreadyQueued,
        /// The group has no workers yet. Wait for its GroupFilled event, or use another group.
        #[codec(index = 15)]
        GroupNotReady,
        /// The expiry is not after the current epoch. Choose a later one and collect new receipts.
        #[codec(index = 16)]
        Expired,
        /// The expiry is further away than is allowed. Choose an earlier one, and renew the batch later.
        #[codec(index = 17)]
        ExpiryTooFar,
        /// The batch summary is impossible. A batch has at least one object, and each object has at least one whole
        /// leaf of 1 KiB.
        #[codec(index = 18)]
        BadBatch,
        /// The batch does not fit into the slots of this group. Use another open group, or split the batch.
        #[codec(index = 19)]
        GroupFull,
        /// The receipts are not in strictly ascending order of their slots. Sort them, one for each slot.
        #[codec(index = 20)]
        ReceiptsUnsorted,
        /// A receipt is for a slot that is vacant or that the group does not have. Read the group again.
        #[codec(index = 21)]
        NoSuchSlot,
        /// A receipt was not signed by the slot's worker for this chain, group, slot, expiry, owner, batch and
        /// validity.
        #[codec(index = 22)]
        BadReceipt,
        /// There are fewer receipts than the profile's quorum. Collect more before registering.
        #[codec(index = 23)]
        BelowQuorum,
        /// The account can't pay the price of the batch in addition to the fee and the existential deposit.
        #[codec(index = 24)]
        CannotPay,
        /// The group has the maximum number of ranges, including expired ones. Call roll_group and try again.
        #[codec(index = 25)]
        TooManyRanges,
        /// The range has no room for another batch. Choose another expiry or group.
        #[codec(index = 26)]
        RangeFull,
        /// The group has no range for this expiry. It has expired, or nothing was stored for it.
        #[codec(index = 27)]
        NoSuchRange,
        /// The leaf is not the batch at this index of the range. Build the proof again from the current range.
        #[codec(index = 28)]
        BadLeafProof,
        /// The entry is not the object at this index of the batch. Build the proof again.
        #[codec(index = 29)]
        BadEntryProof,
        /// Another account owns this batch. Sign with the owner's key.
        #[codec(index = 30)]
        NotOwner,
        /// The object was already deleted from this batch.
        #[codec(index = 31)]
        AlreadyTombstoned,
        /// The group has no expired range to drop.
        #[codec(index = 32)]
        NothingExpired,
        /// The parameters contradict each other or exceed the limits of the runtime. See `set_params`.
        #[codec(index = 33)]
        BadParams,
        /// A sum overflowed; nothing was changed.
        #[codec(index = 34)]
        Overflow,
        /// The proof is for another period than this block's. Prove the current period.
        #[codec(index = 35)]
        WrongPeriod,
        /// The worker has no open challenge in this block. It has held no slot since before the period, or its
        /// challenge comes later.
        #[codec(index = 36)]
        NotChallenged,
        /// The deadline of the challenge has passed. Only the pay of this period is lost.
        #[codec(index = 37)]
        TooLate,
        /// The worker has already proven this period, or its first period is still to come.
        #[codec(index = 38)]
        AlreadyProven,
        /// The number of answers differs from the number of samples. Fetch the challenge again, and answer in its
        /// order.
        #[codec(index = 39)]
        WrongAnswerCount,
        /// An answer does not prove its sample. Fetch the challenge again, and check the shard.
        #[codec(index = 40)]
        BadAnswer,
        /// The worker signed a receipt for this batch itself, so it must prove the leaf.
        #[codec(index = 41)]
        NotExcused,
        /// The owner has not deleted this object, so the worker must prove the leaf.
        #[codec(index = 42)]
        NotDeleted,
        /// The worker has missed too many periods. It will be reported, and lose its slots and bond.
        #[codec(index = 43)]
        Overdue,
        /// The worker has not missed too many periods, so it cannot be reported.
        #[codec(index = 44)]
        NotOverdue,
        /// The worker is already handing over its slots. Wait until it holds none.
        #[codec(index = 45)]
        AlreadyLeaving,
        /// Other workers may still copy from this worker. Keep it running, and exit some blocks later.
        #[codec(index = 46)]
        StillNeeded,
        /// The batch is already registered until this expiry. Choose a later one.
        #[codec(index = 47)]
        NoExtension,
        /// No automatic renewal has this number. It was closed, or never opened.
        #[codec(index = 48)]
        NoSuchAutoRenewal,
        /// Another account pays for this automatic renewal. Only that account can close it before the batch expires.
        #[codec(index = 49)]
        NotPayer,
        /// The batch is not about to expire. Wait for the last epoch before its expiry.
        #[codec(index = 50)]
        NotDue,
        /// Storage costs more than the payer of this automatic renewal allows. Wait for a lower price, or close it and
        /// open another one.
        #[codec(index = 51)]
        TooDear,
        /// Transaction fees are higher than an automatic renewal may pay. Try again when blocks are less full.
        #[codec(index = 52)]
        FeesTooHigh,
        /// The prepaid balance does not cover the next renewal at the current price. Top it up.
        #[codec(index = 53)]
        PrepaidTooLow,
        /// An automatic renewal extends a batch by at least 1 epoch, and by fewer than the maximum number of epochs.
        #[codec(index = 54)]
        BadRenewalEpochs,
        /// The receipts are no longer valid. Collect new ones.
        #[codec(index = 55)]
        ReceiptsStale,
    }
}
