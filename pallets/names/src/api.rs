//! The answers to `pallet-names-runtime-api`.

use crate::{Config, Label, NameRecord, Names, Owned, Pallet, Skeletons};
use alloc::vec::Vec;
use meganet_primitives::{
    chain::{Availability, NameInfo, MAX_PAGE},
    name::check_label,
    AccountId,
};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// The name with this label, if somebody owns it.
    pub fn api_name(label: Vec<u8>) -> Option<NameInfo> {
        let label = Label::try_from(label).ok()?;
        Names::<T>::get(&label).map(|record| info(label, record))
    }

    /// Up to `limit` names of an account, at most [`MAX_PAGE`], after the label `after`, in the order of the storage.
    /// `after` need not exist any more; one that can't be a label ends the list.
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
        let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
        labels.take(limit).filter_map(|label| Names::<T>::get(&label).map(|record| info(label, record))).collect()
    }

    /// Whether `who` could register this label now.
    pub fn api_availability(label: Vec<u8>, who: AccountId) -> Availability {
        let Ok(label) = Label::try_from(label) else { return Availability::Invalid };
        if check_label(&label).is_err() {
            return Availability::Invalid;
        }
        if Names::<T>::contains_key(&label) {
            return Availability::Taken;
        }
        let Ok(skeleton) = Self::skeleton_of(&label) else { return Availability::Invalid };
        match Skeletons::<T>::get(skeleton) {
            Some(record) if record.owner != AccountId32::new(who) => Availability::LooksLikeAnother,
            _ => Availability::Free,
        }
    }
}

fn info(label: Label, record: NameRecord) -> NameInfo {
    NameInfo {
        label: label.into_inner(),
        owner: record.owner.into(),
        content: record.content,
        version: record.version,
        registered: record.registered,
        updated: record.updated,
        deposit: record.deposit,
    }
}
