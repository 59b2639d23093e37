//! The invariants of names. They hold after every call; tests check them after every step.

use crate::{Config, Label, Names, Owned, Pallet, Skeletons};
use alloc::collections::BTreeMap;
use frame_support::ensure;
use meganet_primitives::{name::check_label, Balance};
use sp_runtime::{AccountId32, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks that
    /// - every label is valid, and in its owner's index, which holds nothing else;
    /// - every skeleton has one owner and counts its names;
    /// - what is held from an owner covers the deposits of its names.
    ///
    /// # Errors
    /// Which of them is broken.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut deposits = BTreeMap::<AccountId32, Balance>::new();
        let mut skeletons = BTreeMap::<Label, (AccountId32, u32)>::new();
        let mut names = 0usize;
        for (label, record) in Names::<T>::iter() {
            names += 1;
            ensure!(check_label(&label).is_ok(), "names: a label is invalid");
            ensure!(Owned::<T>::contains_key(&record.owner, &label), "names: a name is missing in its owner's index");
            let skeleton = Self::skeleton_of(&label).map_err(|_| "names: a label has no skeleton")?;
            let entry = skeletons.entry(skeleton).or_insert((record.owner.clone(), 0));
            ensure!(entry.0 == record.owner, "names: look-alikes have different owners");
            entry.1 += 1;
            *deposits.entry(record.owner).or_default() += record.deposit;
        }
        ensure!(Owned::<T>::iter_keys().count() == names, "names: the owner index has strangers");
        ensure!(Skeletons::<T>::iter_keys().count() == skeletons.len(), "names: a skeleton has no names");
        for (skeleton, (owner, count)) in skeletons {
            let record = Skeletons::<T>::get(skeleton).ok_or("names: a skeleton is missing")?;
            ensure!(record.owner == owner, "names: a skeleton has a wrong owner");
            ensure!(record.names == count, "names: a skeleton has a wrong count");
        }
        for (owner, deposit) in deposits {
            ensure!(Self::held(&owner) >= deposit, "names: deposits are not covered by holds");
        }
        Ok(())
    }
}
