//! The events. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    /// The events of this pallet. Amounts are in planck.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A name was registered. Rent and premium were burned.
        #[codec(index = 0)]
        Registered { label: Label, owner: AccountId32, expires: BlockNumber, rent: Balance, premium: Balance },
        /// The content of a name changed; `version` counts the changes.
        #[codec(index = 1)]
        ContentSet { label: Label, version: u32, content: Option<NameContent> },
        /// A name was transferred, with its records, subnames and deposits. Its delegates lost their access.
        #[codec(index = 2)]
        Transferred { label: Label, from: AccountId32, to: AccountId32 },
        /// A name was released; its deposits were returned.
        #[codec(index = 3)]
        Released { label: Label, owner: AccountId32 },
        /// An account committed to registering a name.
        #[codec(index = 4)]
        Committed { owner: AccountId32, commitment: Hash },
        /// An account cancelled a commitment; its deposit was returned.
        #[codec(index = 5)]
        CommitmentCancelled { owner: AccountId32, commitment: Hash },
        /// Rent for further years of a name was paid, and burned.
        #[codec(index = 6)]
        Renewed { label: Label, by: AccountId32, expires: BlockNumber, rent: Balance },
        /// A lapsed name was removed from the state; its deposits were returned to its last owner.
        #[codec(index = 7)]
        Swept { label: Label, owner: AccountId32 },
        /// A record was written, or removed if `value` is `None`.
        #[codec(index = 8)]
        RecordSet { label: Label, key: RecordKey, value: Option<RecordValue> },
        /// An account was allowed to write for a name, or lost that right.
        #[codec(index = 9)]
        DelegateSet { label: Label, delegate: AccountId32, allowed: bool },
        /// A subname was created or its content changed; `version` counts the changes.
        #[codec(index = 10)]
        SubnameSet { label: Label, sub: Label, version: u32, content: Option<NameContent> },
        /// The account that may write the content of a subname, in addition to those that may for the name, changed.
        #[codec(index = 11)]
        SubnameDelegateSet { label: Label, sub: Label, delegate: Option<AccountId32> },
        /// A subname was removed; its deposit was returned.
        #[codec(index = 12)]
        SubnameRemoved { label: Label, sub: Label },
        /// The name that stands for an account was set or removed.
        #[codec(index = 13)]
        ReverseSet { owner: AccountId32, label: Option<Label> },
        /// A label and its look-alikes were reserved, or are no longer.
        #[codec(index = 14)]
        ReservedSet { label: Label, reserved: bool },
        /// Root changed prices and times.
        #[codec(index = 15)]
        ParamsSet { params: NameParams },
    }
}
