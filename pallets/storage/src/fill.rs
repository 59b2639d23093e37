//! Giving the slots of groups to workers: one group a block at most, from a bounded window of candidates.
//!
//! A group is filled some blocks after it was asked for, by randomness that was unknown then. The window begins at a random
//! place of the dense list of eligible workers. A group that was never complete is filled whole or not at all, so that no
//! worker's space is promised to a group that never comes about; a vacancy of a complete group is filled as far as possible.

use crate::{
    types::Slots, Config, Eligible, EligibleCount, Event, FillQueue, FillRequest, Group, Groups, Pallet, SlotsOf,
    Total, WeightInfo, Worker, Workers,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    traits::{Get, Randomness},
    weights::Weight,
};
use meganet_primitives::{
    hash::{tagged, Hash, Tag},
    placement::{fill, Candidate},
    GroupId, SlotIndex, WorkerId,
};

/// What the seed of a fill begins with.
const PURPOSE: &[u8] = b"meganet/fill/1";

impl<T: Config> Pallet<T> {
    /// Works on the first request of the queue if it has waited long enough. Returns what that may have cost.
    pub(crate) fn fill_next() -> Weight {
        let idle = T::WeightInfo::fill_idle();
        let Some(request) = FillQueue::<T>::get().first().copied() else { return idle };
        if Self::now() < request.since.saturating_add(T::FillDelay::get()) {
            return idle;
        }
        let Some(seed) = Self::seed(request.group) else { return idle };
        let candidates = EligibleCount::<T>::get().min(T::FillWindow::get());
        Self::serve_first(&seed);
        T::WeightInfo::fill_step(candidates)
    }

    /// Takes the first request off the queue and works on it; if that fails it goes to the end of the queue.
    pub(crate) fn serve_first(seed: &Hash) {
        let mut queue = FillQueue::<T>::get();
        let Some(request) = queue.first().copied() else { return };
        queue.remove(0);
        if let Some(again) = Self::fill_step(request, seed) {
            // There is room: a request was removed above.
            if queue.try_push(again).is_err() {
                log::error!(target: "runtime::storage", "the fill queue is full after a removal");
            }
        }
        FillQueue::<T>::put(queue);
    }

    /// Tries to fill a group. Returns the request to queue again, if there is one.
    fn fill_step(request: FillRequest, seed: &Hash) -> Option<FillRequest> {
        let id = request.group;
        let mut group = Groups::<T>::get(id)?;
        let chosen = Self::choose(&group, seed);
        let chosen_all = u32::try_from(chosen.len()).is_ok_and(|count| count == group.vacant());
        if group.ready || chosen_all {
            for (slot, worker_id, worker) in chosen {
                Self::assign(id, &mut group, slot, worker_id, worker);
            }
        }

        let vacant = group.vacant();
        if vacant == 0 {
            group.queued = false;
            group.ready = true;
            Groups::<T>::insert(id, group);
            Total::<T>::mutate(|total| {
                total.groups_filling = total.groups_filling.saturating_sub(1);
            });
            Self::deposit_event(Event::GroupFilled { group: id });
            return None;
        }
        let attempts = request.attempts.saturating_add(1);
        let again = attempts < T::MaxFillAttempts::get();
        group.queued = again;
        Groups::<T>::insert(id, group);
        Self::deposit_event(Event::FillFailed { group: id, vacant, again });
        again.then(|| FillRequest { group: id, since: Self::now(), attempts })
    }

    /// Which workers get which vacant slots.
    fn choose(group: &Group, seed: &Hash) -> Vec<(SlotIndex, WorkerId, Worker)> {
        let taken = Self::seated(&group.slots);
        let mut window = Self::window(seed);
        window.retain(|(_, worker)| worker.accepting && worker.free() >= group.slot_capacity);
        let candidates: Vec<Candidate> = window.iter().map(|(id, worker)| candidate(*id, worker)).collect();
        fill(group.profile.profile(), &taken, &candidates, seed)
            .into_iter()
            .filter_map(|(slot, index)| window.get(index).map(|(id, worker)| (slot, *id, worker.clone())))
            .collect()
    }

    /// At most `FillWindow` eligible workers, from a random one on, around the end of the list to its beginning.
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

    /// Gives a slot to a worker. The caller stores the group.
    fn assign(id: GroupId, group: &mut Group, slot: SlotIndex, worker_id: WorkerId, worker: Worker) {
        let Some(place) = group.slots.get_mut(usize::from(slot)) else { return };
        *place = Some(worker_id);
        let mut worker = worker;
        worker.committed = worker.committed.saturating_add(group.slot_capacity);
        worker.slots = worker.slots.saturating_add(1);
        Self::put_worker(worker_id, &worker);
        SlotsOf::<T>::insert(worker_id, id.to_be_bytes(), slot);
        Total::<T>::mutate(|total| {
            total.committed = total.committed.saturating_add(group.slot_capacity);
        });
        Self::deposit_event(Event::SlotFilled { group: id, slot, worker: worker_id });
    }

    /// The seed for filling a group in this block: the epoch's randomness is settled long before, the parent block's was
    /// unknown when the group was queued. `None` where the parent block has none.
    pub(crate) fn seed(group: GroupId) -> Option<Hash> {
        let (epoch, _) = T::EpochRandomness::random(PURPOSE);
        let (parent, _) = T::BlockRandomness::random(PURPOSE);
        let parent = parent?;
        let place = (group, Self::now()).encode();
        Some(tagged(Tag::Seed, &[PURPOSE, epoch.as_ref(), parent.as_ref(), &place]))
    }

    /// Who sits in the slots of a group, as the placement rules see them.
    pub(crate) fn seated(slots: &Slots) -> Vec<Option<Candidate>> {
        slots.iter().map(|slot| slot.and_then(|id| Some(candidate(id, &Workers::<T>::get(id)?)))).collect()
    }
}

fn candidate(id: WorkerId, worker: &Worker) -> Candidate {
    Candidate { worker: id, operator: worker.operator.clone().into(), country: worker.country, weight: worker.free() }
}
