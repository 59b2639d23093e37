//! What goes with a name: everything that was said by it or about it.

use crate::{Config, Delegates, Histories, HoldReason, Label, Names, Owned, Pallet, Records, Subnames, Usages};
use meganet_primitives::name::{MAX_RECORDS, MAX_SUBNAMES, StoredName};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Takes a name out of the state, with records, subnames, versions, delegates and every index, and returns its
    /// deposits to its owner. How much there is to clear is in [`Usages`].
    pub(crate) fn clear(label: &Label, record: &StoredName) {
        let owner = AccountId32::new(record.owner);
        let usage = Usages::<T>::take(label);
        // The bounds are those of what can be there: nothing is left for a second call.
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
