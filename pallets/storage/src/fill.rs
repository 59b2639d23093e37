//! Assigning workers to the slots of groups: at most one group in each block, from a bounded window of candidates.
//!
//! Slots of workers that leave are handled in the same way, one at a time for each group.
//!
//! A group is filled some blocks after the request, by randomness that was unknown then. The window begins at a random
//! index of the dense list of eligible workers. A group that was never complete is filled completely or not at all, so
//! that no worker's space is committed to a group that can't be completed; vacancies of a complete group are filled as
//! far as possible.

use crate::{
    Config, Eligible, EligibleCount, Event, FillQueue, FillRequest, Group, Groups, Pallet, SlotsOf, Total, WeightInfo,
    Worker, Workers,
    types::{SlotRecord, Slots, WHOLE_AFTER},
    workers::is_eligible,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    traits::{Get, Randomness},
    weights::Weight,
};
use meganet_primitives::{
    GroupId, SlotIndex, WorkerId,
    hash::{Hash, Tag, tagged},
    placement::{Candidate, fill},
};

/// Domain separator of the seed of a fill.
const PURPOSE: &[u8] = b"meganet/fill/1";

impl<T: Config> Pallet<T> {
    /// Processes the first request of the queue that is due. Returns an upper bound of its weight.
    pub(crate) fn fill_next() -> Weight {
        let idle = T::WeightInfo::fill_idle();
        let now = Self::now();
        let Some(request) = FillQueue::<T>::get().into_iter().find(|request| request.due <= now) else { return idle };
        let Some(seed) = Self::seed(request.group) else { return idle };
        let candidates = EligibleCount::<T>::get().min(T::FillWindow::get());
        Self::serve(request, &seed);
        T::WeightInfo::fill_step(candidates)
    }

    /// Removes a request from the queue and processes it; remaining work goes to the end of the queue.
    pub(crate) fn serve(request: FillRequest, seed: &Hash) {
        let mut queue = FillQueue::<T>::get();
        queue.retain(|other| other.group != request.group);
        if let Some(again) = Self::fill_step(request, seed) {
            // There is room, since a request was removed above.
            if queue.try_push(again).is_err() {
                log::error!(target: crate::LOG_TARGET, "the fill queue is full after a removal");
            }
        }
        FillQueue::<T>::put(queue);
    }

    /// Fills the vacant slots of a group, or, if there are none, hands over one slot of a worker that leaves. Returns
    /// the request to queue again, if any.
    fn fill_step(request: FillRequest, seed: &Hash) -> Option<FillRequest> {
        let id = request.group;
        let mut group = Groups::<T>::get(id)?;
        let vacant = group.vacant();
        let done =
            if vacant > 0 { Self::fill_vacant(id, &mut group, seed) } else { Self::hand_over(id, &mut group, seed) };
        let left = group.vacant();
        if vacant > 0 && left == 0 {
            group.ready = true;
            Total::<T>::mutate(|total| {
                total.groups_filling = total.groups_filling.saturating_sub(1);
            });
            Self::deposit_event(Event::GroupFilled { group: id });
        }
        let more = left > 0 || Self::has_leaving(&group);
        let attempts = if done { 0 } else { request.attempts.saturating_add(1) };
        // Repair must not depend on a call of `fill_group`: a complete group is retried for ever, at a slow rate.
        let again = more && (group.ready || attempts < T::MaxFillAttempts::get());
        if left > 0 {
            Self::deposit_event(Event::FillFailed { group: id, vacant: left, again });
        }
        group.queued = again;
        let wait = if group.ready { Self::schedule().period_blocks } else { T::FillDelay::get() };
        Groups::<T>::insert(id, group);
        let due = Self::now().saturating_add(wait.max(T::FillDelay::get()));
        again.then_some(FillRequest { group: id, due, attempts })
    }

    /// Assigns workers to vacant slots; to all of them or none if the group was never complete.
    fn fill_vacant(id: GroupId, group: &mut Group, seed: &Hash) -> bool {
        let chosen = Self::choose(group, seed);
        let chosen_all = u32::try_from(chosen.len()).is_ok_and(|count| count == group.vacant());
        if !group.ready && !chosen_all {
            return false;
        }
        let some = !chosen.is_empty();
        for (slot, worker_id, worker) in chosen {
            Self::assign(id, group, slot, worker_id, worker);
        }
        some
    }

    /// Hands a slot of a worker that leaves to another worker, once all other members have rebuilt their shards. So a
    /// group never lacks more than one shard because of workers that leave.
    fn hand_over(id: GroupId, group: &mut Group, seed: &Hash) -> bool {
        let Some((slot, leaver)) = Self::first_leaving(group) else { return true };
        let others = (0..SlotIndex::MAX).zip(&group.slots).filter(|(other, _)| *other != slot);
        let whole =
            |worker: WorkerId| SlotsOf::<T>::get(worker, id.to_be_bytes()).is_some_and(|record| record.is_whole());
        if !others.into_iter().all(|(_, worker)| worker.is_some_and(whole)) {
            return true;
        }
        let mut without = group.clone();
        if let Some(place) = without.slots.get_mut(usize::from(slot)) {
            *place = None;
        }
        let Some((slot, worker_id, worker)) = Self::choose(&without, seed).into_iter().next() else { return false };
        Self::unassign(id, group, slot);
        Workers::<T>::mutate_extant(leaver, |worker| worker.handed_over = Self::now());
        Self::assign(id, group, slot, worker_id, worker);
        Total::<T>::mutate(|total| {
            total.groups_filling = total.groups_filling.saturating_sub(1);
        });
        true
    }

    /// The first slot of a worker that leaves.
    fn first_leaving(group: &Group) -> Option<(SlotIndex, WorkerId)> {
        let taken = (0..SlotIndex::MAX).zip(&group.slots).filter_map(|(slot, worker)| Some((slot, (*worker)?)));
        taken.into_iter().find(|(_, worker)| Workers::<T>::get(worker).is_some_and(|worker| worker.leaving))
    }

    /// Returns true if a member leaves.
    pub(crate) fn has_leaving(group: &Group) -> bool {
        Self::first_leaving(group).is_some()
    }

    /// Selects the workers for the vacant slots.
    fn choose(group: &Group, seed: &Hash) -> Vec<(SlotIndex, WorkerId, Worker)> {
        let taken = Self::seated(&group.slots);
        let mut window = Self::window(seed);
        window.retain(|(_, worker)| is_eligible::<T>(worker, group.slot_capacity));
        let candidates: Vec<Candidate> = window.iter().map(|(id, worker)| candidate(*id, worker)).collect();
        fill(group.profile.profile(), &taken, &candidates, seed)
            .into_iter()
            .filter_map(|(slot, index)| window.get(index).map(|(id, worker)| (slot, *id, worker.clone())))
            .collect()
    }

    /// At most `FillWindow` eligible workers from a random index on, wrapping around at the end of the list.
    fn window(seed: &Hash) -> Vec<(WorkerId, Worker)> {
        let count = EligibleCount::<T>::get();
        if count == 0 {
            return Vec::new();
        }
        let [a, b, c, d, ..] = tagged(Tag::Seed, &[b"meganet/fill/1/window", seed]);
        let start = u32::from_le_bytes([a, b, c, d]) % count;
        (0..count.min(T::FillWindow::get()))
            .filter_map(|step| {
                let at = (u64::from(start) + u64::from(step)) % u64::from(count);
                let id = Eligible::<T>::get(u32::try_from(at).ok()?)?;
                Some((id, Workers::<T>::get(id)?))
            })
            .collect()
    }

    /// Assigns a worker to a slot. The caller stores the group.
    fn assign(id: GroupId, group: &mut Group, slot: SlotIndex, worker_id: WorkerId, worker: Worker) {
        let Some(place) = group.slots.get_mut(usize::from(slot)) else { return };
        *place = Some(worker_id);
        let mut worker = worker;
        if worker.slots == 0 {
            // Its first challenge is in the next period.
            worker.record.settled = worker.record.settled.max(Self::period());
        }
        worker.committed = worker.committed.saturating_add(group.slot_capacity);
        worker.slots = worker.slots.saturating_add(1);
        Self::put_worker(worker_id, &worker);
        // A group without batches has nothing to rebuild.
        let held = if group.used == 0 { WHOLE_AFTER } else { 0 };
        let record = SlotRecord { slot, since: Self::now(), excused: 0, held };
        SlotsOf::<T>::insert(worker_id, id.to_be_bytes(), record);
        Total::<T>::mutate(|total| {
            total.committed = total.committed.saturating_add(group.slot_capacity);
        });
        Self::deposit_event(Event::SlotFilled { group: id, slot, worker: worker_id });
    }

    /// The seed for filling a group in the current block. The epoch's randomness was fixed long before, the parent
    /// block's was unknown when the group was queued. `None` if the parent block has none.
    pub(crate) fn seed(group: GroupId) -> Option<Hash> {
        let (epoch, _) = T::EpochRandomness::random(PURPOSE);
        let (parent, _) = T::BlockRandomness::random(PURPOSE);
        let parent = parent?;
        let place = (group, Self::now()).encode();
        Some(tagged(Tag::Seed, &[PURPOSE, epoch.as_ref(), parent.as_ref(), &place]))
    }

    /// The members of a group, in the form that the placement rules take.
    pub(crate) fn seated(slots: &Slots) -> Vec<Option<Candidate>> {
        slots.iter().map(|slot| slot.and_then(|id| Some(candidate(id, &Workers::<T>::get(id)?)))).collect()
    }
}

fn candidate(id: WorkerId, worker: &Worker) -> Candidate {
    Candidate { worker: id, operator: worker.operator.clone().into(), country: worker.country, weight: worker.free() }
}
