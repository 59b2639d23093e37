//! Registering, renewing, transferring and releasing names, and who may do so.

use crate::{
    Config, CurrentParams, Delegates, Error, Event, HoldReason, Label, Names, Owned, Pallet, SkeletonRecord, Skeletons,
};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::{
    BlockNumber,
    name::{MAX_YEARS, NameParams, Secret, StoredName, commitment},
};
use sp_runtime::{AccountId32, SaturatedConversion};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(who: AccountId32, label: Label, years: u32, secret: &Secret) -> DispatchResult {
        ensure!((1..=MAX_YEARS).contains(&years), Error::<T>::BadYears);
        let (params, now) = (CurrentParams::<T>::get(), Self::now());
        let skeleton = Self::skeleton_of(&label);
        let former = Names::<T>::get(&label);
        if let Some(former) = &former {
            ensure!(!former.status(&params, now).works(), Error::<T>::NameTaken);
        }
        Self::ensure_free_label(&label, &skeleton)?;
        ensure!(Self::may_own(&who, &skeleton, former.is_some()), Error::<T>::LooksLikeAnother);
        Self::redeem(&who, &commitment(who.as_ref(), &label, secret), &params)?;

        let quote = params.quote(label.len(), years, former.as_ref().map(|former| former.expires), now);
        if let Some(former) = former {
            Self::clear(&label, &former);
            Self::deposit_event(Event::Swept { label: label.clone(), owner: former.owner.into() });
        }
        Self::burn(&who, quote.rent.saturating_add(quote.premium))?;
        Self::hold(HoldReason::Name, &who, quote.deposit)?;

        let expires = params.extended(now, years);
        let record = StoredName {
            owner: who.clone().into(),
            content: None,
            version: 0,
            registered: now,
            updated: now,
            expires,
            deposit: quote.deposit,
            tenure: 0,
        };
        Names::<T>::insert(&label, record);
        Owned::<T>::insert(&who, &label, ());
        Self::enter_skeleton(&who, &skeleton);
        Self::index_expiry(&label, expires);
        let (rent, premium) = (quote.rent, quote.premium);
        Self::deposit_event(Event::Registered { label, owner: who, expires, rent, premium });
        Ok(())
    }

    pub(crate) fn do_renew(who: AccountId32, label: Label, years: u32) -> DispatchResult {
        ensure!((1..=MAX_YEARS).contains(&years), Error::<T>::BadYears);
        let (params, now) = (CurrentParams::<T>::get(), Self::now());
        let mut record = Self::working(&label, &params)?;
        let expires = params.extended(record.expires, years);
        ensure!(expires <= params.extended(now, MAX_YEARS), Error::<T>::PaidTooFar);
        let rent = params.rent(label.len(), years);
        Self::burn(&who, rent)?;
        Self::unindex_expiry(&label, record.expires);
        Self::index_expiry(&label, expires);
        record.expires = expires;
        Names::<T>::insert(&label, record);
        Self::deposit_event(Event::Renewed { label, by: who, expires, rent });
        Ok(())
    }

    pub(crate) fn do_transfer(who: AccountId32, label: Label, to: AccountId32) -> DispatchResult {
        let mut record = Self::owned_by(&who, &label)?;
        ensure!(to != who, Error::<T>::AlreadyOwner);
        let skeleton = Self::skeleton_of(&label);
        let names = Skeletons::<T>::get(&skeleton).map_or(0, |found| found.names);
        ensure!(names <= 1, Error::<T>::HasLookAlikes);

        Self::move_deposits(&who, &to, record.deposit)?;
        record.owner = to.clone().into();
        record.updated = Self::now();
        record.tenure = record.tenure.saturating_add(1);
        Names::<T>::insert(&label, record);
        Owned::<T>::remove(&who, &label);
        Owned::<T>::insert(&to, &label, ());
        Skeletons::<T>::insert(skeleton, SkeletonRecord { owner: to.clone(), names: 1 });
        Delegates::<T>::remove(&label);
        Self::forget_reverse(&who, &label);
        Self::deposit_event(Event::Transferred { label, from: who, to });
        Ok(())
    }

    pub(crate) fn do_release(who: AccountId32, label: Label) -> DispatchResult {
        let record = Self::owned_by(&who, &label)?;
        Self::clear(&label, &record);
        Self::deposit_event(Event::Released { label, owner: who });
        Ok(())
    }

    /// Returns a name that has not lapsed.
    pub(crate) fn working(label: &Label, params: &NameParams) -> Result<StoredName, Error<T>> {
        let record = Names::<T>::get(label).ok_or(Error::<T>::NoSuchName)?;
        ensure!(record.status(params, Self::now()).works(), Error::<T>::Lapsed);
        Ok(record)
    }

    /// Returns a name that has not lapsed, if `who` owns it.
    pub(crate) fn owned_by(who: &AccountId32, label: &Label) -> Result<StoredName, Error<T>> {
        let record = Self::working(label, &CurrentParams::<T>::get())?;
        ensure!(Self::owns(who, &record), Error::<T>::NotOwner);
        Ok(record)
    }

    /// Returns a name that has not lapsed, if `who` may write for it.
    pub(crate) fn writable_by(who: &AccountId32, label: &Label, params: &NameParams) -> Result<StoredName, Error<T>> {
        let record = Self::working(label, params)?;
        ensure!(Self::may_write(who, label, &record), Error::<T>::NotAllowed);
        Ok(record)
    }

    /// Returns true if an account is a name's owner or one of its delegates.
    pub(crate) fn may_write(who: &AccountId32, label: &Label, record: &StoredName) -> bool {
        Self::owns(who, record) || Delegates::<T>::get(label).contains(who)
    }

    pub(crate) fn owns(who: &AccountId32, record: &StoredName) -> bool {
        AsRef::<[u8; 32]>::as_ref(who) == &record.owner
    }

    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }
}
