//! Errors and events of `pallet-names`. Amounts are in planck.

use super::{pallet_errors, pallet_events};
use crate::{
    AccountId, Balance, BlockNumber,
    content::NameContent,
    hash::Hash,
    name::{Label, NameParams, RecordKey, RecordValue},
};

pallet_errors! {
    /// Why `pallet-names` refused a call.
    NamesError of "Names" {
        BadLabel,
        NameTaken,
        LooksLikeAnother,
        NoSuchName,
        NotOwner,
        AlreadyOwner,
        HasLookAlikes,
        ReceiverNotReady,
        InsufficientFunds,
        BadYears,
        CommitmentMissing,
        CommitmentTooNew,
        CommitmentTooOld,
        AlreadyCommitted,
        TooManyCommitments,
        NameReserved,
        Lapsed,
        NotLapsed,
        PaidTooFar,
        NoSuchVersion,
        CurrentVersion,
        BadRecord,
        NoSuchRecord,
        TooManyRecords,
        NotAllowed,
        TooManyDelegates,
        AlreadyDelegate,
        NoSuchDelegate,
        BadSubname,
        NoSuchSubname,
        TooManySubnames,
        BadContent,
        BadParams,
    }
}

pallet_events! {
    "Names" {
        /// A name was registered. Rent and premium were burned.
        Registered { label: Label, owner: AccountId, expires: BlockNumber, rent: Balance, premium: Balance }
        /// The content of a name changed; `version` counts the changes.
        ContentSet { label: Label, version: u32, content: Option<NameContent> }
        /// A name was transferred, with its records, subnames and deposits. Its delegates lost their access.
        Transferred { label: Label, from: AccountId, to: AccountId }
        /// A name was released; its deposits were returned.
        Released { label: Label, owner: AccountId }
        /// An account committed to registering a name.
        Committed { owner: AccountId, commitment: Hash }
        /// An account cancelled a commitment; its deposit was returned.
        CommitmentCancelled { owner: AccountId, commitment: Hash }
        /// Rent for further years of a name was paid, and burned.
        Renewed { label: Label, by: AccountId, expires: BlockNumber, rent: Balance }
        /// A lapsed name was removed from the state; its deposits were returned to its last owner.
        Swept { label: Label, owner: AccountId }
        /// A record was written, or removed if `value` is `None`.
        RecordSet { label: Label, key: RecordKey, value: Option<RecordValue> }
        /// An account was allowed to write for a name, or lost that right.
        DelegateSet { label: Label, delegate: AccountId, allowed: bool }
        /// A subname was created or its content changed; `version` counts the changes.
        SubnameSet { label: Label, sub: Label, version: u32, content: Option<NameContent> }
        /// The account that may write the content of a subname, in addition to those that may for the name, changed.
        SubnameDelegateSet { label: Label, sub: Label, delegate: Option<AccountId> }
        /// A subname was removed; its deposit was returned.
        SubnameRemoved { label: Label, sub: Label }
        /// The name that stands for an account was set or removed.
        ReverseSet { owner: AccountId, label: Option<Label> }
        /// A label and its look-alikes were reserved, or are no longer.
        ReservedSet { label: Label, reserved: bool }
        /// Root changed prices and times.
        ParamsSet { params: NameParams }
    }
}
