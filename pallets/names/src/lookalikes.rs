//! Skeletons: all names that look alike have one owner, and nobody gets what looks like a reserved label.
//!
//! The rule covers every name in the state, also one that has lapsed. While `paypal` is in its premium, nobody but its
//! former owner can register `paypa1`: otherwise the price of `paypal` could be had for that of a look-alike, and who
//! pays the premium would find the skeleton occupied. `paypal` itself can be taken over by anybody, if its former owner has
//! no other name of the skeleton. No skeleton is blocked for ever: a name whose premium is over is swept at the end of a
//! block, or by anybody who asks for it.

use crate::{Config, Error, Event, Label, Pallet, Reserved, SkeletonRecord, Skeletons};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::name::{check_label, skeleton};
use sp_runtime::AccountId32;

/// Labels that are reserved from the beginning: hosts that machines and gateways answer to by themselves, and what people
/// take for the network's own voice.
pub const RESERVED: [&str; 36] = [
    "abuse",
    "account",
    "admin",
    "administrator",
    "api",
    "app",
    "auth",
    "billing",
    "dns",
    "example",
    "gateway",
    "help",
    "invalid",
    "ipfs",
    "local",
    "localhost",
    "login",
    "mail",
    "mega",
    "meganet",
    "node",
    "official",
    "onion",
    "password",
    "root",
    "rpc",
    "security",
    "signin",
    "status",
    "support",
    "system",
    "validator",
    "vault",
    "wallet",
    "worker",
    "www",
];

impl<T: Config> Pallet<T> {
    /// What all labels that look like this one have in common. It is never longer than the label.
    pub(crate) fn skeleton_of(label: &Label) -> Label {
        Label::truncate_from(skeleton(label))
    }

    /// Whether `who` may own a name with this skeleton. `taking_over`: a lapsed name with it would be cleared for that.
    pub(crate) fn may_own(who: &AccountId32, skeleton: &Label, taking_over: bool) -> bool {
        match Skeletons::<T>::get(skeleton) {
            None => true,
            Some(record) => record.owner == *who || (taking_over && record.names == 1),
        }
    }

    /// Counts a new name of `who`.
    pub(crate) fn enter_skeleton(who: &AccountId32, skeleton: &Label) {
        let names = Skeletons::<T>::get(skeleton).map_or(0, |record| record.names).saturating_add(1);
        Skeletons::<T>::insert(skeleton, SkeletonRecord { owner: who.clone(), names });
    }

    /// Counts a name no longer.
    pub(crate) fn leave_skeleton(skeleton: &Label) {
        Skeletons::<T>::mutate_exists(skeleton, |found| {
            *found = found
                .take()
                .filter(|rest| rest.names > 1)
                .map(|rest| SkeletonRecord { names: rest.names.saturating_sub(1), ..rest });
        });
    }

    pub(crate) fn do_set_reserved(label: Label, reserved: bool) -> DispatchResult {
        check_label(&label).map_err(|_| Error::<T>::BadLabel)?;
        let skeleton = Self::skeleton_of(&label);
        if reserved {
            Reserved::<T>::insert(skeleton, ());
        } else {
            Reserved::<T>::remove(skeleton);
        }
        Self::deposit_event(Event::ReservedSet { label, reserved });
        Ok(())
    }

    /// Reserves a label of the genesis, if it can be one.
    pub(crate) fn reserve(label: &str) -> bool {
        let Ok(label) = Label::try_from(label.as_bytes().to_vec()) else { return false };
        let valid = check_label(&label).is_ok();
        if valid {
            Reserved::<T>::insert(Self::skeleton_of(&label), ());
        }
        valid
    }

    /// Refuses what can't be registered by anybody.
    pub(crate) fn ensure_free_label(label: &Label, skeleton: &Label) -> Result<(), Error<T>> {
        check_label(label).map_err(|_| Error::<T>::BadLabel)?;
        ensure!(!Reserved::<T>::contains_key(skeleton), Error::<T>::NameReserved);
        Ok(())
    }
}
