//! What nodes ask the runtime about names.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use meganet_primitives::{
    AccountId,
    chain::{Availability, CommitmentInfo, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    name::{NameParams, Quote, RecordKey},
};

sp_api::decl_runtime_apis! {
    /// Questions about names. Lists hold at most [`meganet_primitives::chain::MAX_PAGE`] items. Labels and names are ASCII;
    /// what can't be one is owned by nobody.
    pub trait NamesApi {
        /// The name with this label, if it is in the state: also one that has lapsed and that nobody has taken since.
        fn name(label: Vec<u8>) -> Option<NameInfo>;

        /// What a name leads to: `alice`, or `blog.alice`. `None` where there is no such name.
        fn resolve(name: Vec<u8>) -> Option<Resolution>;

        /// Up to `limit` names of an account, in the order of the chain's storage (not alphabetical), after the label
        /// `after`, or from the first one. Names that have lapsed are among them until somebody else takes them.
        fn names_of(owner: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NameInfo>;

        /// Whether `who` could register this label now.
        fn availability(label: Vec<u8>, who: AccountId) -> Availability;

        /// What registering this label for `years` years would cost now.
        fn quote(label: Vec<u8>, years: u32) -> Quote;

        /// Prices and times.
        fn params() -> NameParams;

        /// The versions of a name that it can be rolled back to, the newest first; the first one is what it points at.
        fn history(label: Vec<u8>) -> Vec<NameVersion>;

        /// The records of a name that works, at most [`meganet_primitives::name::MAX_RECORDS`].
        fn records(label: Vec<u8>) -> Vec<NameRecordEntry>;

        /// One record of a name that works.
        fn record(label: Vec<u8>, key: RecordKey) -> Option<Vec<u8>>;

        /// Who may write for a name besides its owner.
        fn delegates(label: Vec<u8>) -> Vec<AccountId>;

        /// Up to `limit` names below a name that works, in the order of the chain's storage, after the label `after`.
        fn subnames(label: Vec<u8>, after: Option<Vec<u8>>, limit: u32) -> Vec<SubnameInfo>;

        /// The name that an account goes by, if the account owns it and it works.
        fn reverse(account: AccountId) -> Option<Vec<u8>>;

        /// The commitments of an account, at most [`meganet_primitives::chain::MAX_PAGE`].
        fn commitments(account: AccountId) -> Vec<CommitmentInfo>;
    }
}
