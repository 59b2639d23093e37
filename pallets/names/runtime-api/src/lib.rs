//! What nodes ask the runtime about names.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use meganet_primitives::{
    chain::{Availability, NameInfo},
    AccountId,
};

sp_api::decl_runtime_apis! {
    /// Questions about names. Lists hold at most [`meganet_primitives::chain::MAX_PAGE`] items.
    pub trait NamesApi {
        /// The name with this label, if somebody owns it.
        fn name(label: Vec<u8>) -> Option<NameInfo>;

        /// Up to `limit` names of an account, in the order of the chain's storage (not alphabetical), after the label
        /// `after`, or from the first one.
        fn names_of(owner: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NameInfo>;

        /// Whether `who` could register this label now.
        fn availability(label: Vec<u8>, who: AccountId) -> Availability;
    }
}
