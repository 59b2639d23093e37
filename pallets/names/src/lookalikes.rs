//! Look-alikes: all names with one skeleton have one owner, and labels that look like a reserved one cannot be
//! registered.
//!
//! The rule covers every name in the state, also lapsed ones. While `paypal` is in its premium, only its former owner
//! can register `paypa1`: otherwise `paypal` could be had for the price of a look-alike, and an account that pays the
//! premium would find the skeleton occupied. Any account can take over `paypal` itself, if its former owner has no
//! other name with the skeleton. No skeleton is blocked for ever: a name whose premium is over is swept at the end of a
//! block, or by any account.

use crate::{Config, Error, Event, Label, Pallet, Reserved, SkeletonRecord, Skeletons};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::name::{check_label, skeleton};
use sp_runtime::AccountId32;

/// Labels that are reserved at genesis: host names with a special meaning for machines and gateways, and names that
/// users would mistake for official ones.
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
    /// The skeleton of a label, which all its look-alikes share. It is never longer than the label.
    pub(crate) fn skeleton_of(label: &Label) -> Label {
        Label::truncate_from(skeleton(label))
    }

    /// Returns true if `who` may own a name with this skeleton. `taking_over` means that a lapsed name with the
    /// skeleton would be cleared first.
    pub(crate) fn may_own(who: &AccountId32, skeleton: &Label, taking_over: bool) -> bool {
        match Skeletons::<T>::get(skeleton) {
            None => true,
            Some(record) => record.owner == *who || (taking_over && record.names == 1),
        }
    }

    /// Counts a new name of `who` under its skeleton.
    pub(crate) fn enter_skeleton(who: &AccountId32, skeleton: &Label) {
        let names = Skeletons::<T>::get(skeleton).map_or(0, |record| record.names).saturating_add(1);
        Skeletons::<T>::insert(skeleton, SkeletonRecord { owner: who.clone(), names });
    }

    /// Removes a name from the count of its skeleton.
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

    /// Reserves a label at genesis. Returns false if the label is invalid.
    pub(crate) fn reserve(label: &str) -> bool {
        let Ok(label) = Label::try_from(label.as_bytes().to_vec()) else { return false };
        let valid = check_label(&label).is_ok();
        if valid {
            Reserved::<T>::insert(Self::skeleton_of(&label), ());
        }
        valid
    }

    /// Checks that a label is valid and not reserved.
    pub(crate) fn ensure_free_label(label: &Label, skeleton: &Label) -> Result<(), Error<T>> {
        check_label(label).map_err(|_| Error::<T>::BadLabel)?;
        ensure!(!Reserved::<T>::contains_key(skeleton), Error::<T>::NameReserved);
        Ok(())
    }
}
