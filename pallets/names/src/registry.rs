//! Registering, pointing, transferring and releasing names.

use crate::{Config, Error, Event, HoldReason, Label, NameRecord, Names, Owned, Pallet, SkeletonRecord, Skeletons};
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
        Get,
    },
};
use meganet_primitives::{
    content::ContentRef,
    name::{check_label, skeleton},
    BlockNumber,
};
use sp_runtime::{AccountId32, SaturatedConversion};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(who: AccountId32, label: Label) -> DispatchResult {
        check_label(&label).map_err(|_| Error::<T>::BadLabel)?;
        ensure!(!Names::<T>::contains_key(&label), Error::<T>::NameTaken);
        let skeleton = Self::skeleton_of(&label)?;
        let names = match Skeletons::<T>::get(&skeleton) {
            None => 0,
            Some(record) if record.owner == who => record.names,
            Some(_) => return Err(Error::<T>::LooksLikeAnother.into()),
        };

        let deposit = T::Deposit::get();
        T::Currency::hold(&HoldReason::Name.into(), &who, deposit).map_err(|_| Error::<T>::InsufficientFunds)?;
        let now = Self::now();
        let record =
            NameRecord { owner: who.clone(), content: None, version: 0, registered: now, updated: now, deposit };
        Names::<T>::insert(&label, record);
        Owned::<T>::insert(&who, &label, ());
        let names = names.saturating_add(1);
        Skeletons::<T>::insert(skeleton, SkeletonRecord { owner: who.clone(), names });
        Self::deposit_event(Event::Registered { label, owner: who });
        Ok(())
    }

    pub(crate) fn do_set_content(who: AccountId32, label: Label, content: Option<ContentRef>) -> DispatchResult {
        let mut record = Self::owned_by(&who, &label)?;
        record.content = content;
        record.version = record.version.saturating_add(1);
        record.updated = Self::now();
        let version = record.version;
        Names::<T>::insert(&label, record);
        Self::deposit_event(Event::ContentSet { label, version, content });
        Ok(())
    }

    pub(crate) fn do_transfer(who: AccountId32, label: Label, to: AccountId32) -> DispatchResult {
        let mut record = Self::owned_by(&who, &label)?;
        ensure!(to != who, Error::<T>::AlreadyOwner);
        let skeleton = Self::skeleton_of(&label)?;
        let names = Skeletons::<T>::get(&skeleton).map_or(0, |found| found.names);
        ensure!(names <= 1, Error::<T>::HasLookAlikes);

        T::Currency::transfer_on_hold(
            &HoldReason::Name.into(),
            &who,
            &to,
            record.deposit,
            Precision::Exact,
            Restriction::OnHold,
            Fortitude::Polite,
        )
        .map_err(|_| Error::<T>::ReceiverNotReady)?;
        record.owner = to.clone();
        record.updated = Self::now();
        Names::<T>::insert(&label, record);
        Owned::<T>::remove(&who, &label);
        Owned::<T>::insert(&to, &label, ());
        Skeletons::<T>::insert(skeleton, SkeletonRecord { owner: to.clone(), names: 1 });
        Self::deposit_event(Event::Transferred { label, from: who, to });
        Ok(())
    }

    pub(crate) fn do_release(who: AccountId32, label: Label) -> DispatchResult {
        let record = Self::owned_by(&who, &label)?;
        let skeleton = Self::skeleton_of(&label)?;
        T::Currency::release(&HoldReason::Name.into(), &who, record.deposit, Precision::BestEffort)?;
        Names::<T>::remove(&label);
        Owned::<T>::remove(&who, &label);
        Skeletons::<T>::mutate_exists(&skeleton, |found| {
            *found = found
                .take()
                .filter(|rest| rest.names > 1)
                .map(|rest| SkeletonRecord { names: rest.names.saturating_sub(1), ..rest });
        });
        Self::deposit_event(Event::Released { label, owner: who });
        Ok(())
    }

    /// The record of a name, if `who` owns it.
    fn owned_by(who: &AccountId32, label: &Label) -> Result<NameRecord, Error<T>> {
        let record = Names::<T>::get(label).ok_or(Error::<T>::NoSuchName)?;
        ensure!(record.owner == *who, Error::<T>::NotOwner);
        Ok(record)
    }

    /// What all labels that look like this one have in common.
    pub(crate) fn skeleton_of(label: &Label) -> Result<Label, Error<T>> {
        Label::try_from(skeleton(label)).map_err(|_| Error::<T>::BadLabel)
    }

    /// What the holds of an account for names amount to.
    #[cfg(any(feature = "try-runtime", test))]
    pub(crate) fn held(who: &AccountId32) -> meganet_primitives::Balance {
        <T::Currency as frame_support::traits::fungible::InspectHold<_>>::balance_on_hold(&HoldReason::Name.into(), who)
    }

    fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }
}
