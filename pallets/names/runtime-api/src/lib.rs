//! The runtime API of `pallet-names`, called by nodes and clients.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use meganet_primitives::{
    AccountId,
    chain::{Availability, CommitmentInfo, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo},
    name::{NameParams, Quote, RecordKey},
};

sp_api::decl_runtime_apis! {
    /// Queries about names. Lists have at most [`meganet_primitives::chain::MAX_PAGE`] items. Labels and names are
    /// ASCII; an invalid one is treated like a name that does not exist.
    pub trait NamesApi {
        /// Returns the name with this label, if it is in the state; it may have lapsed.
        fn name(label: Vec<u8>) -> Option<NameInfo>;

        /// Resolves `alice` or `blog.alice`. `None` if it does not exist.
        fn resolve(name: Vec<u8>) -> Option<Resolution>;

        /// Returns up to `limit` names of an account, in the order of the chain's storage (not alphabetical), after the
        /// label `after`, or from the first one. Lapsed names are included until they are swept or registered by
        /// another account.
        fn names_of(owner: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NameInfo>;

        /// Returns whether `who` could register this label now.
        fn availability(label: Vec<u8>, who: AccountId) -> Availability;

        /// Returns the cost of registering this label for `years` years now.
        fn quote(label: Vec<u8>, years: u32) -> Quote;

        /// Returns prices and times.
        fn params() -> NameParams;

        /// Returns the versions that a name can be rolled back to, the newest first; the first one is current.
        fn history(label: Vec<u8>) -> Vec<NameVersion>;

        /// Returns the records of a name that has not lapsed, at most [`meganet_primitives::name::MAX_RECORDS`].
        fn records(label: Vec<u8>) -> Vec<NameRecordEntry>;

        /// Returns one record of a name that has not lapsed.
        fn record(label: Vec<u8>, key: RecordKey) -> Option<Vec<u8>>;

        /// Returns the accounts that may write for a name in addition to its owner.
        fn delegates(label: Vec<u8>) -> Vec<AccountId>;

        /// Returns up to `limit` subnames of a name that has not lapsed, in the order of the chain's storage, after the
        /// label `after`.
        fn subnames(label: Vec<u8>, after: Option<Vec<u8>>, limit: u32) -> Vec<SubnameInfo>;

        /// Returns the name that stands for an account, if the account owns it and it has not lapsed.
        fn reverse(account: AccountId) -> Option<Vec<u8>>;

        /// Returns the commitments of an account, at most [`meganet_primitives::chain::MAX_PAGE`].
        fn commitments(account: AccountId) -> Vec<CommitmentInfo>;
    }
}
