//! How a worker leaves in order, and how its groups and the money are meanwhile.

use super::{PALLET, refuse};
use crate::fake::world::{Refusal, World};
use codec::Encode;
use meganet_primitives::{
    AccountId, GroupId, WorkerId,
    chain::{GroupHealth, SlotHealth, SlotMember, StorageMoney},
};

impl World {
    pub(in crate::fake) fn leave(&mut self, who: &AccountId, id: WorkerId) -> Result<(), Refusal> {
        self.operated(who, id)?;
        if self.storage.audits.leaving.contains_key(&id) {
            return Err(refuse("AlreadyLeaving"));
        }
        if let Some(worker) = self.storage.workers.get_mut(&id) {
            worker.accepting = false;
        }
        self.storage.audits.leaving.insert(id, None);
        self.emit(PALLET, "WorkerLeaving", id.encode());
        Ok(())
    }

    /// Gives one slot of one leaving worker to another worker, if there is one for it.
    pub(in crate::fake) fn hand_over(&mut self) {
        let leaving: Vec<WorkerId> = self.storage.audits.leaving.keys().copied().collect();
        for leaver in leaving {
            for held in self.slots_of(leaver) {
                if self.hand_over_slot(leaver, held.group, held.slot) {
                    return;
                }
            }
        }
    }

    fn hand_over_slot(&mut self, leaver: WorkerId, id: GroupId, slot: u8) -> bool {
        let Some(mut group) = self.storage.groups.get(&id).cloned() else { return false };
        let Some(seat) = group.slots.get_mut(usize::from(slot)) else { return false };
        *seat = None;
        let chosen = self.choose(&group).into_iter().find(|(vacant, _)| *vacant == slot);
        let Some(successor) = chosen.and_then(|(_, id)| self.storage.workers.get_mut(&id)) else { return false };
        successor.committed = successor.committed.saturating_add(group.slot_capacity);
        successor.slots = successor.slots.saturating_add(1);
        let member = SlotMember { worker: successor.id, peer: successor.peer, country: successor.country };
        if let Some(worker) = self.storage.workers.get_mut(&leaver) {
            worker.committed = worker.committed.saturating_sub(group.slot_capacity);
            worker.slots = worker.slots.saturating_sub(1);
        }
        if let Some(seat) = self.storage.groups.get_mut(&id).and_then(|group| group.slots.get_mut(usize::from(slot))) {
            *seat = Some(member);
        }
        self.storage.audits.leaving.insert(leaver, Some(self.number));
        self.seated(id, slot, member.worker, false);
        self.emit(PALLET, "SlotFilled", (id, slot, member.worker).encode());
        true
    }

    /// Whether a worker that left its last slot a moment ago must wait, so that its successor can copy.
    pub(super) fn is_still_needed(&self, id: WorkerId) -> bool {
        let last = self.storage.audits.leaving.get(&id).copied().flatten();
        last.is_some_and(|last| self.number < last.saturating_add(self.config.handover))
    }

    pub(in crate::fake) fn group_health(&self, id: GroupId) -> Option<GroupHealth> {
        let info = self.storage.groups.get(&id)?;
        let audits = &self.storage.audits;
        let health = |(slot, member): (u8, &Option<SlotMember>)| {
            member.map(|member| SlotHealth {
                worker: member.worker,
                since: audits.since.get(&(id, slot)).copied().unwrap_or(info.opened),
                whole: audits.whole.contains(&(id, slot)),
                excused: audits.excused.get(&(id, slot)).copied().unwrap_or_default(),
                misses: self.record(member.worker).map_or(0, |record| record.misses),
            })
        };
        let slots: Vec<Option<SlotHealth>> = (0..).zip(&info.slots).map(health).collect();
        let whole = slots.iter().flatten().filter(|slot| slot.whole).count();
        Some(GroupHealth {
            id,
            profile: info.profile,
            whole: u32::try_from(whole).unwrap_or(u32::MAX),
            margin: info.profile.profile().quorum().into(),
            queued: self.storage.queue.iter().any(|fill| fill.group == id),
            slots,
        })
    }

    pub(in crate::fake) fn money(&self) -> StorageMoney {
        let audits = &self.storage.audits;
        let paid_out = audits.earned.values().fold(0, |sum: u128, earned| sum.saturating_add(*earned));
        StorageMoney {
            price_per_gib_epoch: self.config.price_per_gib_epoch,
            paid_in: self.storage.pot,
            burned: 0,
            paid_out,
            escrow: self.storage.pot.saturating_sub(paid_out),
            held_back: 0,
            fund: audits.slashed,
            slashed: audits.slashed,
        }
    }
}
