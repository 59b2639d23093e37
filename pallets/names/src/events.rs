//! The events. A section of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
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
}
