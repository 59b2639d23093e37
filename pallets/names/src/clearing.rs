//! Removing a name with everything that belongs to it.

use crate::{Config, Delegates, Histories, HoldReason, Label, Names, Owned, Pallet, Records, Subnames, Usages};
use meganet_primitives::name::{MAX_RECORDS, MAX_SUBNAMES, StoredName};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Removes a name from the state, with its records, subnames, versions, delegates and index entries, and returns
    /// its deposits to its owner. [`Usages`] has the number of records and subnames.
    pub(crate) fn clear(label: &Label, record: &StoredName) {
        let owner = AccountId32::new(record.owner);
        let usage = Usages::<T>::take(label);
        // The limits are the maxima, so nothing is left for a second call.
        if usage.records > 0 {
            let _all = Records::<T>::clear_prefix(label, MAX_RECORDS, None);
        }
        if usage.subnames > 0 {
            let _all = Subnames::<T>::clear_prefix(label, MAX_SUBNAMES, None);
        }
        Histories::<T>::remove(label);
        Delegates::<T>::remove(label);
        Names::<T>::remove(label);
        Owned::<T>::remove(&owner, label);
        Self::leave_skeleton(&Self::skeleton_of(label));
        Self::unindex_expiry(label, record.expires);
        Self::forget_reverse(&owner, label);
        Self::give_back(HoldReason::Name, &owner, record.deposit);
    }
}
