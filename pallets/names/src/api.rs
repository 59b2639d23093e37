//! The implementation of `pallet-names-runtime-api`.

use crate::{
    Commitments, Config, CurrentParams, Delegates, Histories, Label, Names, Owned, Pallet, Records, Reserved, Reverse,
    Subnames,
};
use alloc::vec::Vec;
use meganet_primitives::{
    AccountId, BlockNumber,
    chain::{Availability, CommitmentInfo, NameInfo, NameRecordEntry, NameVersion, Resolution, SubnameInfo, page},
    name::{NameParams, Quote, RecordKey, StoredName, StoredSubname, check_label, split_name},
};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Returns the name with this label, if it is in the state, lapsed or not.
    pub fn api_name(label: Vec<u8>) -> Option<NameInfo> {
        let label = Label::try_from(label).ok()?;
        let (params, now) = Self::today();
        Names::<T>::get(&label).map(|record| info(label, record, &params, now))
    }

    /// Resolves a name or subname. `None` if it does not exist.
    pub fn api_resolve(name: Vec<u8>) -> Option<Resolution> {
        let (sub, label) = split_name(core::str::from_utf8(&name).ok()?).ok()?;
        let label = Label::try_from(label.as_bytes().to_vec()).ok()?;
        let record = Names::<T>::get(&label)?;
        let (params, now) = Self::today();
        let below = match sub {
            None => None,
            Some(sub) => Some(Subnames::<T>::get(&label, Label::try_from(sub.as_bytes().to_vec()).ok()?)),
        };
        Resolution::of(&record, below.as_ref().map(Option::as_ref), &params, now)
    }

    /// Returns up to `limit` names of an account, at most a [`page`], after the label `after`, in the order of the
    /// storage. `after` need not exist any longer; the list is empty if it can't be a label.
    pub fn api_names_of(owner: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NameInfo> {
        let owner = AccountId32::new(owner);
        let labels = match after.map(Label::try_from) {
            None => Owned::<T>::iter_key_prefix(&owner),
            Some(Ok(label)) => {
                let from = Owned::<T>::hashed_key_for(&owner, label);
                Owned::<T>::iter_key_prefix_from(&owner, from)
            }
            Some(Err(_)) => return Vec::new(),
        };
        let (params, now) = Self::today();
        labels
            .take(page(limit))
            .filter_map(|label| Names::<T>::get(&label).map(|record| info(label, record, &params, now)))
            .collect()
    }

    /// Returns whether `who` could register this label now.
    pub fn api_availability(label: Vec<u8>, who: AccountId) -> Availability {
        let Ok(label) = Label::try_from(label) else { return Availability::Invalid };
        if check_label(&label).is_err() {
            return Availability::Invalid;
        }
        let (params, now) = Self::today();
        let former = Names::<T>::get(&label);
        let skeleton = Self::skeleton_of(&label);
        if former.as_ref().is_some_and(|record| record.status(&params, now).works()) {
            Availability::Taken
        } else if Reserved::<T>::contains_key(&skeleton) {
            Availability::Reserved
        } else if Self::may_own(&AccountId32::new(who), &skeleton, former.is_some()) {
            Availability::Free
        } else {
            Availability::LooksLikeAnother
        }
    }

    /// Returns the cost of registering this label now. It depends on its length and on when it lapsed.
    pub fn api_quote(label: Vec<u8>, years: u32) -> Quote {
        let (params, now) = Self::today();
        let len = label.len();
        let former = Label::try_from(label).ok().and_then(Names::<T>::get);
        params.quote(len, years, former.map(|record| record.expires), now)
    }

    /// Returns prices and times.
    pub fn api_params() -> NameParams {
        CurrentParams::<T>::get()
    }

    /// Returns the versions that a name can be rolled back to, the newest first. Empty until its content is set.
    pub fn api_history(label: Vec<u8>) -> Vec<NameVersion> {
        let Ok(label) = Label::try_from(label) else { return Vec::new() };
        let versions = Histories::<T>::get(label).into_iter().rev();
        versions.map(|old| NameVersion { version: old.version, block: old.block, content: old.content }).collect()
    }

    /// Returns the records of a name that has not lapsed.
    pub fn api_records(label: Vec<u8>) -> Vec<NameRecordEntry> {
        let Some((label, name)) = Self::api_working(label) else { return Vec::new() };
        Records::<T>::iter_prefix(&label)
            .filter(|(key, record)| record.holds(key, &name))
            .map(|(key, record)| NameRecordEntry { key, value: record.value })
            .collect()
    }

    /// Returns one record of a name that has not lapsed.
    pub fn api_record(label: Vec<u8>, key: RecordKey) -> Option<Vec<u8>> {
        let (label, name) = Self::api_working(label)?;
        let record = Records::<T>::get(&label, &key).filter(|record| record.holds(&key, &name))?;
        Some(record.value.into_inner())
    }

    /// Returns the accounts that may write for a name that has not lapsed, in addition to its owner.
    pub fn api_delegates(label: Vec<u8>) -> Vec<AccountId> {
        let Some((label, _)) = Self::api_working(label) else { return Vec::new() };
        Delegates::<T>::get(&label).into_iter().map(Into::into).collect()
    }

    /// Returns up to `limit` subnames of a name that has not lapsed, at most a [`page`], after the label `after`, in
    /// the order of the storage.
    pub fn api_subnames(label: Vec<u8>, after: Option<Vec<u8>>, limit: u32) -> Vec<SubnameInfo> {
        let Some((label, name)) = Self::api_working(label) else { return Vec::new() };
        let found = match after.map(Label::try_from) {
            None => Subnames::<T>::iter_prefix(&label),
            Some(Ok(sub)) => {
                let from = Subnames::<T>::hashed_key_for(&label, sub);
                Subnames::<T>::iter_prefix_from(&label, from)
            }
            Some(Err(_)) => return Vec::new(),
        };
        found.take(page(limit)).map(|(sub, stored)| subname_info(sub, stored, &name)).collect()
    }

    /// Returns the name that stands for an account, if the account owns it and it has not lapsed.
    pub fn api_reverse(account: AccountId) -> Option<Vec<u8>> {
        let label = Reverse::<T>::get(AccountId32::new(account))?;
        let (label, name) = Self::api_working(label.into_inner())?;
        (name.owner == account).then(|| label.into_inner())
    }

    /// Returns the commitments of an account.
    pub fn api_commitments(account: AccountId) -> Vec<CommitmentInfo> {
        Commitments::<T>::get(AccountId32::new(account))
            .into_iter()
            .map(|one| CommitmentInfo { commitment: one.digest, block: one.block })
            .collect()
    }

    fn api_working(label: Vec<u8>) -> Option<(Label, StoredName)> {
        let label = Label::try_from(label).ok()?;
        let name = Self::working(&label, &CurrentParams::<T>::get()).ok()?;
        Some((label, name))
    }

    fn today() -> (NameParams, BlockNumber) {
        (CurrentParams::<T>::get(), Self::now())
    }
}

fn info(label: Label, record: StoredName, params: &NameParams, now: BlockNumber) -> NameInfo {
    let status = record.status(params, now);
    NameInfo {
        label: label.into_inner(),
        owner: record.owner,
        content: record.content,
        version: record.version,
        registered: record.registered,
        updated: record.updated,
        expires: record.expires,
        status,
        deposit: record.deposit,
    }
}

fn subname_info(label: Label, stored: StoredSubname, name: &StoredName) -> SubnameInfo {
    let delegate = stored.delegate_of(name);
    SubnameInfo {
        label: label.into_inner(),
        content: stored.content,
        version: stored.version,
        updated: stored.updated,
        delegate,
    }
}
