//! The invariants of names. They hold after every call; the tests check them after every step.

use crate::{
    Commitments, Config, CurrentParams, Delegates, Expiring, Histories, HoldReason, Label, Names, Owned, Pallet,
    Records, Reverse, Skeletons, Subnames, SweepFrom, Usage, Usages, expiry::bucket_of,
};
use alloc::collections::BTreeMap;
use frame_support::ensure;
use meganet_primitives::{
    Balance,
    name::{MAX_RECORDS, MAX_SUBNAMES, StoredName, check_label, check_sub_label},
};
use sp_runtime::{AccountId32, TryRuntimeError};

/// The names, by label.
type NameMap = BTreeMap<Label, StoredName>;

impl<T: Config> Pallet<T> {
    /// Checks that
    /// - every label is valid, and in its owner's index and in its expiry bucket, which have no other entries;
    /// - every skeleton has one owner and counts its names;
    /// - records, subnames, versions and delegates belong to a name, are counted, and are within their limits;
    /// - a name's deposit covers those of its records and subnames, and the holds of an account are exactly the
    ///   deposits of its names and of its commitments;
    /// - reverse records are names that the account owns;
    /// - prices and times are sound.
    ///
    /// # Errors
    /// A message with the violated invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(CurrentParams::<T>::get().are_sound(), "names: the parameters contradict each other");
        let names: NameMap = Names::<T>::iter().collect();
        Self::check_indices(&names)?;
        Self::check_skeletons(&names)?;
        Self::check_belongings(&names)?;
        Self::check_writers(&names)?;
        Self::check_money(&names)
    }

    fn check_indices(names: &NameMap) -> Result<(), TryRuntimeError> {
        let first = SweepFrom::<T>::get();
        for (label, name) in names {
            ensure!(check_label(label).is_ok(), "names: a label is invalid");
            let owner = AccountId32::new(name.owner);
            ensure!(Owned::<T>::contains_key(&owner, label), "names: a name is missing in its owner's index");
            let bucket = bucket_of(name.expires);
            ensure!(Expiring::<T>::contains_key(bucket, label), "names: a name is missing in its expiry bucket");
            ensure!(bucket >= first, "names: a name is in a bucket that is already swept");
        }
        ensure!(Owned::<T>::iter_keys().count() == names.len(), "names: the owner index has unknown entries");
        ensure!(Expiring::<T>::iter_keys().count() == names.len(), "names: the expiry index has unknown entries");
        Ok(())
    }

    fn check_skeletons(names: &NameMap) -> Result<(), TryRuntimeError> {
        let mut skeletons = BTreeMap::<Label, (AccountId32, u32)>::new();
        for (label, name) in names {
            let owner = AccountId32::new(name.owner);
            let entry = skeletons.entry(Self::skeleton_of(label)).or_insert((owner.clone(), 0));
            ensure!(entry.0 == owner, "names: look-alikes have different owners");
            entry.1 = entry.1.saturating_add(1);
        }
        ensure!(Skeletons::<T>::iter_keys().count() == skeletons.len(), "names: a skeleton has no names");
        for (skeleton, (owner, count)) in skeletons {
            let record = Skeletons::<T>::get(skeleton).ok_or("names: a skeleton is missing")?;
            ensure!(record.owner == owner, "names: a skeleton has a wrong owner");
            ensure!(record.names == count, "names: a skeleton has a wrong count");
        }
        Ok(())
    }

    fn check_belongings(names: &NameMap) -> Result<(), TryRuntimeError> {
        let mut used = BTreeMap::<Label, (Usage, Balance)>::new();
        for (label, key, record) in Records::<T>::iter() {
            ensure!(key.allows(&record.value), "names: a record's key and value don't fit");
            let (usage, deposit) = used.entry(label).or_default();
            usage.records = usage.records.saturating_add(1);
            *deposit = deposit.saturating_add(record.deposit);
        }
        for (label, sub, stored) in Subnames::<T>::iter() {
            ensure!(check_sub_label(&sub).is_ok(), "names: a subname is invalid");
            let (usage, deposit) = used.entry(label).or_default();
            usage.subnames = usage.subnames.saturating_add(1);
            *deposit = deposit.saturating_add(stored.deposit);
        }
        ensure!(
            Usages::<T>::iter_keys().count() == used.len(),
            "names: a name without records and subnames has a count of them"
        );
        for (label, (usage, deposit)) in used {
            let name = names.get(&label).ok_or("names: a record or subname has no name")?;
            ensure!(Usages::<T>::get(&label) == usage, "names: a name has a wrong count of records or subnames");
            ensure!(
                usage.records <= MAX_RECORDS && usage.subnames <= MAX_SUBNAMES,
                "names: a name has too many records or subnames"
            );
            ensure!(name.deposit >= deposit, "names: a name's deposit does not cover its records and subnames");
        }
        for (label, history) in Histories::<T>::iter() {
            let name = names.get(&label).ok_or("names: a history has no name")?;
            let last = history.last().ok_or("names: an empty history is stored")?;
            ensure!(last.version == name.version, "names: a history lacks the current version");
            ensure!(last.content == name.content, "names: a history ends with another content");
            let grows = history.windows(2).all(|pair| matches!(pair, [a, b] if a.version < b.version));
            ensure!(grows, "names: a history is out of order");
        }
        let set = names.values().filter(|name| name.version > 0).count();
        ensure!(Histories::<T>::iter_keys().count() == set, "names: a history is missing");
        Ok(())
    }

    fn check_writers(names: &NameMap) -> Result<(), TryRuntimeError> {
        for (label, list) in Delegates::<T>::iter() {
            let name = names.get(&label).ok_or("names: delegates have no name")?;
            ensure!(!list.is_empty(), "names: an empty list of delegates is stored");
            ensure!(list.iter().all(|one| !Self::owns(one, name)), "names: an owner is a delegate");
        }
        for (account, label) in Reverse::<T>::iter() {
            let name = names.get(&label).ok_or("names: a reverse record is not a name")?;
            ensure!(Self::owns(&account, name), "names: a reverse record is another's name");
        }
        Ok(())
    }

    fn check_money(names: &NameMap) -> Result<(), TryRuntimeError> {
        let mut deposits = BTreeMap::<AccountId32, Balance>::new();
        for name in names.values() {
            let sum = deposits.entry(AccountId32::new(name.owner)).or_default();
            *sum = sum.saturating_add(name.deposit);
        }
        for (owner, deposit) in deposits {
            ensure!(Self::held(HoldReason::Name, &owner) == deposit, "names: deposits and holds differ");
        }
        for (owner, list) in Commitments::<T>::iter() {
            ensure!(!list.is_empty(), "names: an empty list of commitments is stored");
            let deposit = list.iter().fold(0, |sum: Balance, one| sum.saturating_add(one.deposit));
            ensure!(
                Self::held(HoldReason::Commitment, &owner) == deposit,
                "names: deposits of commitments and holds differ"
            );
        }
        Ok(())
    }
}
