//! Placement groups: opening them, and the lists of open groups.
//!
//! A group is *listed* among the open groups of its profile while it has room. `store` removes it from the list when
//! less than 1/64 is free; dropping an expired range lists it again. The list is bounded: when it is full, a new group
//! replaces the fullest one, and a group that regains room stays off the list until it regains more while the list has
//! room.

use crate::{
    Config, CurrentParams, Error, Event, FillQueue, FillRequest, Fixed, Group, Groups, HoldReason, NextGroup,
    OpenGroups, Pallet, Total,
};
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{Get, fungible::MutateHold, tokens::Precision},
};
use meganet_primitives::{BlockNumber, Epoch, GroupId, placement::ProfileId};
use sp_runtime::{AccountId32, SaturatedConversion};

/// Open groups of a profile that have room, at which no further one is opened.
const WITH_ROOM: u32 = 8;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open_group(opener: AccountId32, profile: ProfileId) -> DispatchResult {
        let fullest = Self::ensure_may_open(profile)?;
        let id = NextGroup::<T>::get();
        let next = id.checked_add(1).ok_or(Error::<T>::Overflow)?;
        let deposit = CurrentParams::<T>::get().group_deposit;
        T::Currency::hold(&HoldReason::GroupDeposit.into(), &opener, deposit)
            .map_err(|_| Error::<T>::InsufficientFunds)?;

        let slots = vec_of_vacant(profile).ok_or(Error::<T>::Overflow)?;
        let mut group = Group {
            profile,
            slot_capacity: Fixed::<T>::get().slot_capacity_of(profile),
            used: 0,
            slots,
            ready: false,
            queued: false,
            listed: false,
            opener: opener.clone(),
            deposit,
            opened: Self::now(),
        };
        Self::queue(id, &mut group, Self::now().saturating_add(T::FillDelay::get()))?;
        if let Some(fullest) = fullest {
            Groups::<T>::mutate_extant(fullest, |full| Self::unlist(fullest, full));
        }
        Self::list(id, &mut group);
        Groups::<T>::insert(id, group);
        NextGroup::<T>::put(next);
        Total::<T>::mutate(|total| {
            total.groups = total.groups.saturating_add(1);
            total.groups_filling = total.groups_filling.saturating_add(1);
        });
        Self::deposit_event(Event::GroupOpened { group: id, profile, opener });
        Ok(())
    }

    pub(crate) fn do_fill_group(id: GroupId) -> DispatchResult {
        let mut group = Groups::<T>::get(id).ok_or(Error::<T>::NoSuchGroup)?;
        ensure!(group.vacant() > 0 || Self::has_leaving(&group), Error::<T>::NothingVacant);
        ensure!(!group.queued, Error::<T>::AlreadyQueued);
        Self::queue(id, &mut group, Self::now().saturating_add(T::FillDelay::get()))?;
        Groups::<T>::insert(id, group);
        Self::deposit_event(Event::FillRequested { group: id });
        Ok(())
    }

    /// Checks that every open group of the profile is complete, and that few of them have room: publishers need others where
    /// the members of one are away, and each group takes a slot from every member. Returns the group to remove from the
    /// list, if the list is full.
    fn ensure_may_open(profile: ProfileId) -> Result<Option<GroupId>, Error<T>> {
        let open = OpenGroups::<T>::get(profile);
        let mut fullest = None;
        let mut with_room = 0;
        for id in &open {
            let group = Groups::<T>::get(id).ok_or(Error::<T>::NoSuchGroup)?;
            ensure!(group.ready, Error::<T>::OpenGroupsHaveRoom);
            with_room += u32::from(!group.nearly_full());
            if fullest.is_none_or(|(_, room)| group.room() < room) {
                fullest = Some((*id, group.room()));
            }
        }
        ensure!(with_room < T::MaxOpenGroups::get().min(WITH_ROOM), Error::<T>::OpenGroupsHaveRoom);
        Ok(fullest.filter(|_| open.is_full()).map(|(id, _)| id))
    }

    /// Appends a group to the fill queue, to be served in block `due` or later. The caller stores the group.
    pub(crate) fn queue(id: GroupId, group: &mut Group, due: BlockNumber) -> Result<(), Error<T>> {
        let request = FillRequest { group: id, due, attempts: 0 };
        FillQueue::<T>::try_append(request).map_err(|()| Error::<T>::FillQueueFull)?;
        group.queued = true;
        Ok(())
    }

    /// Lists a group among those of its profile if the list has room. The caller stores the group.
    pub(crate) fn list(id: GroupId, group: &mut Group) {
        if !group.listed {
            group.listed = OpenGroups::<T>::try_append(group.profile, id).is_ok();
        }
    }

    /// Removes a group from the list of its profile. The caller stores the group.
    pub(crate) fn unlist(id: GroupId, group: &mut Group) {
        if group.listed {
            OpenGroups::<T>::mutate(group.profile, |open| open.retain(|other| *other != id));
            group.listed = false;
        }
    }

    /// Returns the deposit to the opener if the group is nearly full, since it was needed. The caller stores the group.
    pub(crate) fn return_deposit(id: GroupId, group: &mut Group) -> DispatchResult {
        if group.deposit == 0 || !group.nearly_full() {
            return Ok(());
        }
        let deposit = T::Currency::release(
            &HoldReason::GroupDeposit.into(),
            &group.opener,
            group.deposit,
            Precision::BestEffort,
        )?;
        group.deposit = 0;
        let opener = group.opener.clone();
        Self::deposit_event(Event::GroupDepositReturned { group: id, opener, deposit });
        Ok(())
    }

    /// The number of the current block.
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// The storage epoch of the current block.
    pub fn epoch() -> Epoch {
        Self::now() / Fixed::<T>::get().epoch_blocks.max(1)
    }
}

fn vec_of_vacant(profile: ProfileId) -> Option<crate::types::Slots> {
    let n = usize::from(profile.profile().n);
    alloc::vec![None; n].try_into().ok()
}
