//! The accounts that may write for a name in addition to its owner: content, records, and the content of subnames. A
//! delegate can't transfer or release the name, choose delegates, or remove subnames, so its key can be kept on a build
//! machine.

use crate::{Config, Delegates, Error, Event, Label, Pallet};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_delegate(
        who: &AccountId32,
        label: Label,
        delegate: AccountId32,
        allowed: bool,
    ) -> DispatchResult {
        Self::owned_by(who, &label)?;
        let mut list = Delegates::<T>::get(&label);
        let at = list.iter().position(|one| *one == delegate);
        if allowed {
            ensure!(at.is_none() && delegate != *who, Error::<T>::AlreadyDelegate);
            list.try_push(delegate.clone()).map_err(|_| Error::<T>::TooManyDelegates)?;
        } else {
            list.swap_remove(at.ok_or(Error::<T>::NoSuchDelegate)?);
        }
        if list.is_empty() {
            Delegates::<T>::remove(&label);
        } else {
            Delegates::<T>::insert(&label, list);
        }
        Self::deposit_event(Event::DelegateSet { label, delegate, allowed });
        Ok(())
    }
}
