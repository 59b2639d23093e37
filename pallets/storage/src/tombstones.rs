//! Early deletion: an owner declares that an object of one of its batches need not be kept until it expires.
//!
//! A tombstone applies to one registration (group, expiry, leaf) and not to the object: another account may have stored
//! the same object in the same group, and must not lose it. A worker drops an object when none of its registrations in
//! the group is left.
//!
//! Each tombstone is paid for by a deposit, so their number is not limited. `roll_group` returns the deposits once the
//! range has expired ([`crate::expiry`]).

use crate::{Config, Error, Event, HoldReason, Pallet, Ranges, TombstoneRecord, Tombstones};
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{Get, fungible::MutateHold},
};
use meganet_primitives::{
    Epoch, GroupId,
    range::{RangeLeaf, RangeLeafProof, verify_leaf},
    sum_tree::{BatchEntry, SumProof, verify_entry},
};
use sp_runtime::AccountId32;

/// The place of an object: its batch and its index in it.
pub(crate) struct ObjectPlace {
    /// The group.
    pub group: GroupId,
    /// The expiry of the range.
    pub expiry: Epoch,
    /// The index of the batch in the range.
    pub leaf_index: u64,
    /// The index of the object in the batch.
    pub entry_index: u32,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_tombstone(
        owner: AccountId32,
        place: ObjectPlace,
        leaf: RangeLeaf,
        leaf_proof: RangeLeafProof,
        entry: BatchEntry,
        entry_proof: SumProof,
    ) -> DispatchResult {
        let ObjectPlace { group, expiry, leaf_index, entry_index } = place;
        let key = (leaf_index, entry.object);
        let mut range = Ranges::<T>::get(group, expiry).ok_or(Error::<T>::NoSuchRange)?;
        ensure!(expiry > Self::epoch(), Error::<T>::Expired);
        ensure!(AccountId32::new(leaf.owner) == owner, Error::<T>::NotOwner);
        verify_leaf(range.state.now(), leaf_index, &leaf, &leaf_proof).map_err(|_| Error::<T>::BadLeafProof)?;
        verify_entry(&leaf.batch, entry_index, &entry, &entry_proof).map_err(|_| Error::<T>::BadEntryProof)?;
        ensure!(!Tombstones::<T>::contains_key((group, expiry), key), Error::<T>::AlreadyTombstoned);

        let deposit = T::TombstoneDeposit::get();
        T::Currency::hold(&HoldReason::Tombstone.into(), &owner, deposit).map_err(|_| Error::<T>::InsufficientFunds)?;
        range.tombstones = range.tombstones.checked_add(1).ok_or(Error::<T>::Overflow)?;
        Ranges::<T>::insert(group, expiry, range);
        Tombstones::<T>::insert((group, expiry), key, TombstoneRecord { owner, deposit });
        Self::deposit_event(Event::Tombstoned {
            group,
            expiry,
            leaf: leaf_index,
            entry: entry_index,
            object: entry.object,
        });
        Ok(())
    }
}
