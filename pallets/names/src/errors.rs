//! The errors. Their docs reach users through the metadata: what is wrong, then what to do. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// The reasons for which a call is refused. A refused call changes nothing.
    #[pallet::error]
    pub enum Error<T> {
        /// The label is invalid. Use 3 to 63 characters of a-z, 0-9 and hyphens, with no hyphen at either end and not
        /// at both positions 3 and 4.
        #[codec(index = 0)]
        BadLabel,
        /// The name is owned by an account. Choose another name, or ask the owner for a transfer.
        #[codec(index = 1)]
        NameTaken,
        /// The label looks like a name that another account owns, or that has lapsed but is still in the state. Choose
        /// a label that can't be mistaken for it, or have the lapsed name swept once its premium is over.
        #[codec(index = 2)]
        LooksLikeAnother,
        /// The name is not registered. Check the spelling, or register it first.
        #[codec(index = 3)]
        NoSuchName,
        /// Another account owns this name. Sign with the owner's key.
        #[codec(index = 4)]
        NotOwner,
        /// The new owner is the current owner, so there is nothing to transfer.
        #[codec(index = 5)]
        AlreadyOwner,
        /// The owner has other names that look like this one, and look-alikes must have one owner. Release those first,
        /// or wait until the lapsed ones are swept.
        #[codec(index = 6)]
        HasLookAlikes,
        /// The new owner can't hold the name's deposit because its account does not exist. Send it some tokens first.
        #[codec(index = 7)]
        ReceiverNotReady,
        /// The rent can't be paid or the deposit can't be held. The paying account (the name's owner for records and
        /// subnames) needs that amount in addition to the fee and the existential deposit.
        #[codec(index = 8)]
        InsufficientFunds,
        /// A name is paid for in whole years, from 1 to 10. Choose a number in that range.
        #[codec(index = 9)]
        BadYears,
        /// This account has not made this commitment. Commit first, with the same account, name and secret, and check
        /// the spelling of the name.
        #[codec(index = 10)]
        CommitmentMissing,
        /// The commitment is too recent. Try again some blocks later.
        #[codec(index = 11)]
        CommitmentTooNew,
        /// The commitment has expired. Cancel it, which returns its deposit, and commit again.
        #[codec(index = 12)]
        CommitmentTooOld,
        /// This account has already made this commitment. Register the name, or cancel the commitment first.
        #[codec(index = 13)]
        AlreadyCommitted,
        /// This account has the maximum number of commitments. Cancel those that are no longer needed.
        #[codec(index = 14)]
        TooManyCommitments,
        /// The label, or one that looks like it, is reserved. Choose another label.
        #[codec(index = 15)]
        NameReserved,
        /// The name has lapsed. Everybody, including its former owner, must register it again.
        #[codec(index = 16)]
        Lapsed,
        /// The name is still paid for, in its grace period or at a premium. It can be swept after all of these.
        #[codec(index = 17)]
        NotLapsed,
        /// The name would be paid for more than 10 years ahead. Renew it for fewer years, or later.
        #[codec(index = 18)]
        PaidTooFar,
        /// This version is not in the name's history. Choose one that is.
        #[codec(index = 19)]
        NoSuchVersion,
        /// The name already has this version. Choose an older one from the name's history.
        #[codec(index = 20)]
        CurrentVersion,
        /// The value does not fit the key of the record. A text key has 1 to 32 printable ASCII characters without
        /// spaces and a UTF-8 value, an address must not be empty, an encryption key has 32 bytes.
        #[codec(index = 21)]
        BadRecord,
        /// The name has no such record, so there is nothing to remove.
        #[codec(index = 22)]
        NoSuchRecord,
        /// The name has the maximum number of records. Remove one first.
        #[codec(index = 23)]
        TooManyRecords,
        /// This account may not write here. Sign with the owner's key, or have the owner make this account a delegate.
        #[codec(index = 24)]
        NotAllowed,
        /// The name has the maximum number of delegates. Remove one first.
        #[codec(index = 25)]
        TooManyDelegates,
        /// This account may already write for the name, so there is nothing to add.
        #[codec(index = 26)]
        AlreadyDelegate,
        /// This account is not a delegate of the name, so there is nothing to remove.
        #[codec(index = 27)]
        NoSuchDelegate,
        /// The part before the dot is invalid. Use 1 to 63 characters of a-z, 0-9 and hyphens, with no hyphen at either
        /// end and not at both positions 3 and 4.
        #[codec(index = 28)]
        BadSubname,
        /// The subname does not exist. Check the spelling, or set its content first.
        #[codec(index = 29)]
        NoSuchSubname,
        /// The name has the maximum number of subnames. Remove one first.
        #[codec(index = 30)]
        TooManySubnames,
        /// The foreign reference does not begin with the multicodec of a supported network. Check its bytes (ENSIP-7).
        #[codec(index = 31)]
        BadContent,
        /// The parameters contradict each other. See `NameParams` for the rules.
        #[codec(index = 32)]
        BadParams,
    }
}
