//! Dropping expired ranges, a bounded number at a time.
//!
//! A range expires at the beginning of its expiry epoch: from then on it is not counted or listed, and takes no
//! tombstones. Its record is dropped, and its space freed, by the next `store` into the group or by `roll_group`,
//! whichever comes first. After that only `roll_group` removes its tombstones and returns their deposits.

use crate::{
    Config, Error, Event, Group, Groups, HoldReason, Pallet, Ranges, RangesOf, Stale, Tombstones, types::StaleRange,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{fungible::MutateHold, tokens::Precision},
};
use meganet_primitives::GroupId;

/// Maximum number of expired ranges that a `roll_group` drops.
pub const DROPS_PER_ROLL: u32 = 8;
/// Maximum number of tombstones that a `roll_group` removes.
pub const TOMBSTONES_PER_ROLL: u32 = 64;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_roll_group(id: GroupId) -> DispatchResult {
        let mut group = Groups::<T>::get(id).ok_or(Error::<T>::NoSuchGroup)?;
        let dropped = Self::drop_expired(id, &mut group, DROPS_PER_ROLL);
        let removed = Self::remove_stale(id, TOMBSTONES_PER_ROLL);
        ensure!(dropped > 0 || removed > 0, Error::<T>::NothingExpired);
        Groups::<T>::insert(id, group);
        Ok(())
    }

    /// Drops up to `limit` expired ranges, oldest first, and lists the group again if that made room. The caller stores
    /// the group. Returns the number of dropped ranges.
    pub(crate) fn drop_expired(id: GroupId, group: &mut Group, limit: u32) -> u32 {
        let epoch = Self::epoch();
        let mut list = RangesOf::<T>::get(id);
        let mut dropped = 0u32;
        while dropped < limit {
            let Some(totals) = list.first().copied().filter(|first| first.expiry <= epoch) else { break };
            let expiry = totals.expiry;
            if let Some(record) = Ranges::<T>::get(id, expiry) {
                let stale = StaleRange { expiry, tombstones: record.tombstones };
                if stale.tombstones > 0 && Stale::<T>::try_append(id, stale).is_err() {
                    // Too many tombstones wait for removal: `roll_group` makes room.
                    break;
                }
                // The space of batches that are also registered in a later range stays used.
                let bytes = totals.share.now().bytes.saturating_sub(totals.renewed);
                group.used = group.used.saturating_sub(bytes);
                Ranges::<T>::remove(id, expiry);
                Self::deposit_event(Event::RangeDropped { group: id, expiry, bytes });
            }
            list.remove(0);
            dropped = dropped.saturating_add(1);
        }
        if dropped > 0 {
            if list.is_empty() {
                RangesOf::<T>::remove(id);
            } else {
                RangesOf::<T>::insert(id, list);
            }
            if !group.full() {
                Self::list(id, group);
            }
        }
        dropped
    }

    /// Removes up to `limit` tombstones of dropped ranges and returns their deposits to the owners. Returns the number
    /// of removed tombstones.
    fn remove_stale(id: GroupId, limit: u32) -> u32 {
        let mut stale = Stale::<T>::get(id);
        let mut left = limit;
        while left > 0 {
            let Some(range) = stale.get_mut(0) else { break };
            let count = left.min(range.tombstones);
            let found: Vec<_> = Tombstones::<T>::iter_prefix((id, range.expiry))
                .take(usize::try_from(count).unwrap_or_default())
                .collect();
            for (key, record) in found {
                Tombstones::<T>::remove((id, range.expiry), key);
                let released = T::Currency::release(
                    &HoldReason::Tombstone.into(),
                    &record.owner,
                    record.deposit,
                    Precision::BestEffort,
                );
                if let Err(error) = released {
                    // A failure of one account must not block the deposits of all others.
                    log::error!(target: crate::LOG_TARGET, "a tombstone's deposit is stuck: {error:?}");
                }
            }
            left = left.saturating_sub(count);
            range.tombstones = range.tombstones.saturating_sub(count);
            if range.tombstones == 0 {
                stale.remove(0);
            }
        }
        let removed = limit.saturating_sub(left);
        if removed > 0 {
            if stale.is_empty() {
                Stale::<T>::remove(id);
            } else {
                Stale::<T>::insert(id, stale);
            }
        }
        removed
    }
}
