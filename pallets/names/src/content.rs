//! The content of names, and the versions that they can be rolled back to.

use crate::{Config, CurrentParams, Error, Event, Histories, Label, Names, Pallet, Version};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::{content::NameContent, name::StoredName};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_content(who: &AccountId32, label: Label, content: Option<NameContent>) -> DispatchResult {
        Self::check_content(content.as_ref())?;
        let record = Self::writable_by(who, &label, &CurrentParams::<T>::get())?;
        Self::point(label, record, content);
        Ok(())
    }

    pub(crate) fn do_rollback(who: &AccountId32, label: Label, version: u32) -> DispatchResult {
        let record = Self::writable_by(who, &label, &CurrentParams::<T>::get())?;
        ensure!(version != record.version, Error::<T>::CurrentVersion);
        let found = Histories::<T>::get(&label).into_iter().find(|old| old.version == version);
        let old = found.ok_or(Error::<T>::NoSuchVersion)?;
        Self::point(label, record, old.content);
        Ok(())
    }

    /// Checks the multicodec of a foreign reference, which decoding does not.
    pub(crate) fn check_content(content: Option<&NameContent>) -> Result<(), Error<T>> {
        match content {
            Some(NameContent::Foreign(reference)) => reference.check().map_err(|_| Error::<T>::BadContent),
            Some(NameContent::Object(_)) | None => Ok(()),
        }
    }

    /// Sets the content of a name as its next version.
    fn point(label: Label, mut record: StoredName, content: Option<NameContent>) {
        let now = Self::now();
        let version = record.version.saturating_add(1);
        record.content = content.clone();
        record.version = version;
        record.updated = now;
        Names::<T>::insert(&label, record);
        Self::remember(&label, Version { version, block: now, content: content.clone() });
        Self::deposit_event(Event::ContentSet { label, version, content });
    }

    /// Adds the latest version to a name's history.
    pub(crate) fn remember(label: &Label, version: Version) {
        Histories::<T>::mutate(label, |ring| {
            if ring.is_full() {
                ring.remove(0);
            }
            // There is room now.
            let _fits = ring.try_push(version);
        });
    }
}
