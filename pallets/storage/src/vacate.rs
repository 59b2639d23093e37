//! Slots that lose their worker, because it missed too many periods, lacked shards for too long, or leaves.

use crate::{
    Config, CurrentParams, Error, Event, FillQueue, Group, Groups, Pallet, SlotsOf, Total, Worker, WorkerByPeer,
    Workers,
};
use alloc::vec::Vec;
use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use meganet_primitives::{BlockNumber, GroupId, SlotIndex, WorkerId};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_report(reporter: AccountId32, id: WorkerId) -> DispatchResult {
        let mut worker = Workers::<T>::get(id).ok_or(Error::<T>::NoSuchWorker)?;
        ensure!(Self::is_overdue(&worker), Error::<T>::NotOverdue);
        worker.record = worker.record.missed_before(Self::period());
        let (bond, bounty) = Self::slash(&mut worker, &reporter)?;
        Workers::<T>::insert(id, &worker);
        for (group, slot) in Self::slots(id) {
            Self::vacate(group, slot)?;
        }
        Self::forget(id, &worker);
        Self::deposit_event(Event::WorkerExpelled { worker: id, missed: worker.record.misses, bond, reporter, bounty });
        Ok(())
    }

    /// Returns true if a worker has missed enough periods to lose its slots and its bond.
    pub(crate) fn is_overdue(worker: &Worker) -> bool {
        let tolerance = CurrentParams::<T>::get().audit.tolerance();
        worker.slots > 0 && worker.record.missed_before(Self::period()).is_intolerable(&tolerance)
    }

    /// The slots of a worker, by group.
    pub(crate) fn slots(id: WorkerId) -> Vec<(GroupId, SlotIndex)> {
        SlotsOf::<T>::iter_prefix(id).map(|(key, record)| (GroupId::from_be_bytes(key), record.slot)).collect()
    }

    /// Removes a slot's worker and queues the group to get another one.
    pub(crate) fn vacate(id: GroupId, slot: SlotIndex) -> DispatchResult {
        let mut group = Groups::<T>::get(id).ok_or(Error::<T>::NoSuchGroup)?;
        Self::unassign(id, &mut group, slot);
        let taken = u32::try_from(group.slots.len()).unwrap_or_default().saturating_sub(group.vacant());
        let eager = taken < group.margin();
        let wait = if eager { T::FillDelay::get() } else { CurrentParams::<T>::get().audit.lazy_blocks };
        Self::queue_by(id, &mut group, Self::now().saturating_add(wait.max(T::FillDelay::get())));
        Groups::<T>::insert(id, group);
        Ok(())
    }

    /// Removes a slot's worker. The caller stores the group.
    pub(crate) fn unassign(id: GroupId, group: &mut Group, slot: SlotIndex) {
        let vacant_before = group.vacant() > 0;
        let Some(worker_id) = group.slots.get_mut(usize::from(slot)).and_then(Option::take) else { return };
        SlotsOf::<T>::remove(worker_id, id.to_be_bytes());
        if let Some(mut worker) = Workers::<T>::get(worker_id) {
            worker.committed = worker.committed.saturating_sub(group.slot_capacity);
            worker.slots = worker.slots.saturating_sub(1);
            // Periods that it missed until now stay missed, even if it has no further challenges.
            worker.record = worker.record.missed_before(Self::period());
            Self::put_worker(worker_id, &worker);
        }
        Total::<T>::mutate(|total| {
            total.committed = total.committed.saturating_sub(group.slot_capacity);
            if !vacant_before {
                total.groups_filling = total.groups_filling.saturating_add(1);
            }
        });
        Self::deposit_event(Event::SlotVacated { group: id, slot, worker: worker_id });
    }

    /// Ensures that a group is processed by block `due` at the latest. If the queue is full, the group waits for a call
    /// of `fill_group`. The caller stores the group.
    pub(crate) fn queue_by(id: GroupId, group: &mut Group, due: BlockNumber) {
        if group.queued {
            FillQueue::<T>::mutate(|queue| {
                for request in queue.iter_mut().filter(|request| request.group == id) {
                    request.due = request.due.min(due);
                }
            });
        } else if Self::queue(id, group, due).is_err() {
            let vacant = group.vacant();
            Self::deposit_event(Event::FillFailed { group: id, vacant, again: false });
        }
    }

    pub(crate) fn do_leave(who: AccountId32, id: WorkerId) -> DispatchResult {
        let mut worker = Self::operated_by(&who, id)?;
        ensure!(!worker.leaving, Error::<T>::AlreadyLeaving);
        worker.leaving = true;
        worker.accepting = false;
        worker.handed_over = Self::now();
        Self::put_worker(id, &worker);
        let due = Self::now().saturating_add(T::FillDelay::get());
        for (group_id, _) in Self::slots(id) {
            let Some(mut group) = Groups::<T>::get(group_id) else { continue };
            Self::queue_by(group_id, &mut group, due);
            Groups::<T>::insert(group_id, group);
        }
        Self::deposit_event(Event::WorkerLeaving { worker: id });
        Ok(())
    }

    /// Removes a worker without slots and bond from the registry.
    pub(crate) fn forget(id: WorkerId, worker: &Worker) {
        Self::set_eligible(id, false);
        WorkerByPeer::<T>::remove(worker.peer);
        Workers::<T>::remove(id);
        Total::<T>::mutate(|total| {
            total.workers = total.workers.saturating_sub(1);
            total.capacity = total.capacity.saturating_sub(worker.capacity);
        });
    }
}
