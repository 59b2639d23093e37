//! The name that stands for an account. It must be one that the account owns, so both directions agree.

use crate::{Config, Event, Label, Pallet, Reverse};
use frame_support::pallet_prelude::DispatchResult;
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_reverse(who: AccountId32, label: Option<Label>) -> DispatchResult {
        match &label {
            Some(label) => {
                Self::owned_by(&who, label)?;
                Reverse::<T>::insert(&who, label);
            }
            None => Reverse::<T>::remove(&who),
        }
        Self::deposit_event(Event::ReverseSet { owner: who, label });
        Ok(())
    }

    /// Removes the reverse record of an account if it is the name that the account loses.
    pub(crate) fn forget_reverse(who: &AccountId32, label: &Label) {
        if Reverse::<T>::get(who).as_ref() == Some(label) {
            Reverse::<T>::remove(who);
        }
    }
}
