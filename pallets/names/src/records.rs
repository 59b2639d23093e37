//! The records of names: text, addresses, a key.

use crate::{Config, CurrentParams, Error, Event, HoldReason, Label, Names, Pallet, Records, Usages};
use frame_support::{ensure, pallet_prelude::DispatchResult};
use meganet_primitives::name::{MAX_RECORDS, RecordKey, RecordValue, StoredRecord};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_record(
        who: &AccountId32,
        label: Label,
        key: RecordKey,
        value: Option<RecordValue>,
    ) -> DispatchResult {
        let params = CurrentParams::<T>::get();
        let mut name = Self::writable_by(who, &label, &params)?;
        let owner = AccountId32::new(name.owner);
        let tenure = name.tenure;
        match (value.clone(), Records::<T>::get(&label, &key)) {
            (Some(value), found) => {
                ensure!(key.allows(&value), Error::<T>::BadRecord);
                let deposit = match found {
                    Some(old) => old.deposit,
                    None => {
                        let mut usage = Usages::<T>::get(&label);
                        ensure!(usage.records < MAX_RECORDS, Error::<T>::TooManyRecords);
                        Self::hold(HoldReason::Name, &owner, params.record_deposit)?;
                        usage.records = usage.records.saturating_add(1);
                        Usages::<T>::insert(&label, usage);
                        name.deposit = name.deposit.saturating_add(params.record_deposit);
                        Names::<T>::insert(&label, name);
                        params.record_deposit
                    }
                };
                Records::<T>::insert(&label, &key, StoredRecord { value, tenure, deposit });
            }
            (None, Some(old)) => {
                Records::<T>::remove(&label, &key);
                Self::use_less(&label, |usage| usage.records = usage.records.saturating_sub(1));
                name.deposit = name.deposit.saturating_sub(old.deposit);
                Names::<T>::insert(&label, name);
                Self::give_back(HoldReason::Name, &owner, old.deposit);
            }
            (None, None) => return Err(Error::<T>::NoSuchRecord.into()),
        }
        Self::deposit_event(Event::RecordSet { label, key, value });
        Ok(())
    }

    /// Lowers the counts of a name, and removes them if they are zero.
    pub(crate) fn use_less(label: &Label, change: impl FnOnce(&mut crate::Usage)) {
        let mut usage = Usages::<T>::get(label);
        change(&mut usage);
        if usage == crate::Usage::default() {
            Usages::<T>::remove(label);
        } else {
            Usages::<T>::insert(label, usage);
        }
    }
}
