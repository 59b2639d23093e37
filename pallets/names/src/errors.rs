//! The errors. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
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
}
