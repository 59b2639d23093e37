//! Opening groups and filling their slots.

use super::{Fill, PALLET, refuse};
use crate::fake::world::{Refusal, World};
use codec::Encode;
use meganet_primitives::{
    AccountId, GroupId,
    chain::{GroupInfo, RangeInfo, SlotMember, WorkerInfo},
    hash::{Tag, tagged},
    placement::{self, Candidate, ProfileId},
};

/// Blocks between asking for members and getting them, so that nobody knows the randomness when asking.
const FILL_DELAY: u32 = 2;
/// After so many attempts somebody has to ask again.
const FILL_ATTEMPTS: u32 = 8;

impl World {
    pub(in crate::fake) fn open_group(&mut self, who: &AccountId, profile: ProfileId) -> Result<(), Refusal> {
        let nearly_full = |group: &GroupInfo| group.used > group.slot_capacity / 5 * 4;
        let ready = |group: &GroupInfo| self.storage.ready.contains(&group.id);
        if self.open_groups(profile).iter().any(|group| !ready(group) || !nearly_full(group)) {
            return Err(refuse("OpenGroupsHaveRoom"));
        }
        let deposit = self.config.group_deposit;
        self.hold(who, deposit).map_err(|_| refuse("InsufficientFunds"))?;
        let id = GroupId::try_from(self.storage.groups.len()).map_err(|_| refuse("Overflow"))?;
        let slot_capacity = self.config.slot_capacity[profile.index()];
        let slots = vec![None; usize::from(profile.profile().n)];
        let info = GroupInfo { id, profile, slot_capacity, used: 0, slots, opened: self.number };
        self.storage.groups.insert(id, info);
        self.emit(PALLET, "GroupOpened", (id, profile, *who).encode());
        self.queue(id);
        Ok(())
    }

    pub(in crate::fake) fn request_fill(&mut self, group: GroupId) -> Result<(), Refusal> {
        let info = self.storage.groups.get(&group).ok_or(refuse("NoSuchGroup"))?;
        if !info.slots.contains(&None) {
            return Err(refuse("NothingVacant"));
        }
        if self.storage.queue.iter().any(|fill| fill.group == group) {
            return Err(refuse("AlreadyQueued"));
        }
        self.queue(group);
        self.emit(PALLET, "FillRequested", group.encode());
        Ok(())
    }

    pub(super) fn queue(&mut self, group: GroupId) {
        self.storage.queue.push_back(Fill { group, due: self.number.saturating_add(FILL_DELAY), attempts: 0 });
    }

    /// Fills the group at the head of the queue if it is due: whole or not at all, unless it was whole before.
    pub(in crate::fake) fn fill_next(&mut self) {
        let Some(fill) = self.storage.queue.front().copied().filter(|fill| fill.due <= self.number) else { return };
        self.storage.queue.pop_front();
        let Some(mut group) = self.storage.groups.get(&fill.group).cloned() else { return };
        let chosen = self.choose(&group);
        let vacant = group.slots.iter().filter(|slot| slot.is_none()).count();
        if self.storage.ready.contains(&fill.group) || chosen.len() == vacant {
            for (slot, id) in chosen {
                let seat = group.slots.get_mut(usize::from(slot));
                let (Some(seat), Some(worker)) = (seat, self.storage.workers.get_mut(&id)) else { continue };
                worker.committed = worker.committed.saturating_add(group.slot_capacity);
                worker.slots = worker.slots.saturating_add(1);
                *seat = Some(SlotMember { worker: id, peer: worker.peer, country: worker.country });
                let whole = !self.storage.ready.contains(&fill.group);
                self.seated(fill.group, slot, id, whole);
                self.emit(PALLET, "SlotFilled", (fill.group, slot, id).encode());
            }
        }
        let vacant = group.slots.iter().filter(|slot| slot.is_none()).count();
        self.storage.groups.insert(fill.group, group);
        if vacant == 0 {
            self.storage.ready.insert(fill.group);
            self.emit(PALLET, "GroupFilled", fill.group.encode());
            return;
        }
        let attempts = fill.attempts.saturating_add(1);
        let again = attempts < FILL_ATTEMPTS;
        if again {
            let due = self.number.saturating_add(FILL_DELAY);
            self.storage.queue.push_back(Fill { group: fill.group, due, attempts });
        }
        let vacant = u32::try_from(vacant).unwrap_or(u32::MAX);
        self.emit(PALLET, "FillFailed", (fill.group, vacant, again).encode());
    }

    /// Which workers get which vacant slots.
    pub(super) fn choose(&self, group: &GroupInfo) -> Vec<(u8, u32)> {
        let seated =
            |slot: &Option<SlotMember>| slot.and_then(|member| self.storage.workers.get(&member.worker)).map(candidate);
        let taken: Vec<Option<Candidate>> = group.slots.iter().map(seated).collect();
        let eligible: Vec<Candidate> = self
            .storage
            .workers
            .values()
            .filter(|worker| worker.accepting)
            .map(candidate)
            .filter(|candidate| candidate.weight >= group.slot_capacity)
            .collect();
        let place = (group.id, self.number).encode();
        let seed = tagged(Tag::Seed, &[b"meganet/fake/fill", &self.config.genesis, &place]);
        placement::fill(group.profile.profile(), &taken, &eligible, &seed)
            .into_iter()
            .filter_map(|(slot, index)| eligible.get(index).map(|chosen| (slot, chosen.worker)))
            .collect()
    }

    /// A group with its use as of now.
    pub(in crate::fake) fn group_info(&self, id: GroupId) -> Option<GroupInfo> {
        let mut info = self.storage.groups.get(&id)?.clone();
        info.used = self.ranges(id).iter().map(|range| range.state.bytes()).sum();
        Some(info)
    }

    /// The groups of a profile of which at least 1/64 is free.
    pub(in crate::fake) fn open_groups(&self, profile: ProfileId) -> Vec<GroupInfo> {
        let room = |group: &GroupInfo| group.slot_capacity.saturating_sub(group.used) >= group.slot_capacity / 64;
        self.storage
            .groups
            .keys()
            .filter_map(|id| self.group_info(*id))
            .filter(|group| group.profile == profile && room(group))
            .collect()
    }

    /// The ranges of a group that have not expired.
    pub(in crate::fake) fn ranges(&self, group: GroupId) -> Vec<RangeInfo> {
        let epoch = self.epoch();
        self.storage
            .ranges
            .range((group, 0)..=(group, u32::MAX))
            .filter(|((_, expiry), _)| *expiry > epoch)
            .map(|((_, expiry), state)| RangeInfo { expiry: *expiry, state: state.clone() })
            .collect()
    }
}

fn candidate(worker: &WorkerInfo) -> Candidate {
    Candidate {
        worker: worker.id,
        operator: worker.operator,
        country: worker.country,
        weight: worker.capacity.saturating_sub(worker.committed),
    }
}
