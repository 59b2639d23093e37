//! Subnames, such as `blog.alice`. They exist as long as their name; rent is paid for the name only.

use crate::{Config, CurrentParams, Error, Event, HoldReason, Label, Names, Pallet, Subnames, Usages};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::{
    content::NameContent,
    name::{MAX_SUBNAMES, StoredSubname, SubnameDelegate, check_sub_label},
};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_subname(
        who: &AccountId32,
        label: Label,
        sub: Label,
        content: Option<NameContent>,
    ) -> DispatchResult {
        check_sub_label(&sub).map_err(|_| Error::<T>::BadSubname)?;
        Self::check_content(content.as_ref())?;
        let params = CurrentParams::<T>::get();
        let mut name = Self::working(&label, &params)?;
        let found = Subnames::<T>::get(&label, &sub);
        let delegate = found.as_ref().and_then(|sub| sub.delegate_of(&name));
        let allowed = Self::may_write(who, &label, &name) || delegate.map(AccountId32::new).as_ref() == Some(who);
        ensure!(allowed, Error::<T>::NotAllowed);

        let now = Self::now();
        let stored = match found {
            Some(old) => {
                StoredSubname { content: content.clone(), version: old.version.saturating_add(1), updated: now, ..old }
            }
            None => {
                let mut usage = Usages::<T>::get(&label);
                ensure!(usage.subnames < MAX_SUBNAMES, Error::<T>::TooManySubnames);
                let deposit = params.record_deposit;
                Self::hold(HoldReason::Name, &AccountId32::new(name.owner), deposit)?;
                usage.subnames = usage.subnames.saturating_add(1);
                Usages::<T>::insert(&label, usage);
                name.deposit = name.deposit.saturating_add(deposit);
                Names::<T>::insert(&label, name);
                StoredSubname { content: content.clone(), version: 1, updated: now, delegate: None, deposit }
            }
        };
        let version = stored.version;
        Subnames::<T>::insert(&label, &sub, stored);
        Self::deposit_event(Event::SubnameSet { label, sub, version, content });
        Ok(())
    }

    pub(crate) fn do_set_subname_delegate(
        who: &AccountId32,
        label: Label,
        sub: Label,
        delegate: Option<AccountId32>,
    ) -> DispatchResult {
        let name = Self::owned_by(who, &label)?;
        let mut stored = Subnames::<T>::get(&label, &sub).ok_or(Error::<T>::NoSuchSubname)?;
        stored.delegate =
            delegate.clone().map(|account| SubnameDelegate { account: account.into(), tenure: name.tenure });
        Subnames::<T>::insert(&label, &sub, stored);
        Self::deposit_event(Event::SubnameDelegateSet { label, sub, delegate });
        Ok(())
    }

    pub(crate) fn do_remove_subname(who: &AccountId32, label: Label, sub: Label) -> DispatchResult {
        let mut name = Self::owned_by(who, &label)?;
        let stored = Subnames::<T>::get(&label, &sub).ok_or(Error::<T>::NoSuchSubname)?;
        Subnames::<T>::remove(&label, &sub);
        Self::use_less(&label, |usage| usage.subnames = usage.subnames.saturating_sub(1));
        name.deposit = name.deposit.saturating_sub(stored.deposit);
        Names::<T>::insert(&label, name);
        Self::give_back(HoldReason::Name, who, stored.deposit);
        Self::deposit_event(Event::SubnameRemoved { label, sub });
        Ok(())
    }
}
