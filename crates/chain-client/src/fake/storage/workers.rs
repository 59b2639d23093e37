//! The registry of workers.

use super::{PALLET, refuse, signature_holds};
use crate::{
    cost,
    fake::world::{Refusal, World},
};
use codec::Encode;
use meganet_primitives::{
    AccountId, Balance, WorkerId,
    chain::{SlotAssignment, WorkerInfo},
    country::Country,
    receipt::{PeerKey, PeerSignature, worker_signed_bytes},
};

impl World {
    pub(in crate::fake) fn register_worker(
        &mut self,
        who: &AccountId,
        peer: PeerKey,
        country: Country,
        capacity: u64,
        proof: &PeerSignature,
    ) -> Result<(), Refusal> {
        if !country.is_assigned() {
            return Err(refuse("BadCountry"));
        }
        if capacity < self.config.min_capacity {
            return Err(refuse("CapacityTooSmall"));
        }
        if self.storage.workers.values().any(|worker| worker.peer == peer) {
            return Err(refuse("PeerTaken"));
        }
        if !signature_holds(&peer, &worker_signed_bytes(&self.config.genesis, who), proof) {
            return Err(refuse("BadPeerProof"));
        }
        let bond = cost::worker_bond(&self.params(), capacity);
        self.hold(who, bond).map_err(|_| refuse("InsufficientFunds"))?;
        self.put_worker(*who, peer, country, capacity, bond);
        Ok(())
    }

    /// Adds a worker to the registry.
    pub(in crate::fake) fn put_worker(
        &mut self,
        operator: AccountId,
        peer: PeerKey,
        country: Country,
        capacity: u64,
        bond: Balance,
    ) -> WorkerId {
        let id = self.storage.next_worker;
        self.storage.next_worker += 1;
        let registered = self.number;
        let info = WorkerInfo {
            id,
            operator,
            peer,
            country,
            capacity,
            committed: 0,
            slots: 0,
            bond,
            accepting: true,
            registered,
        };
        self.storage.workers.insert(id, info);
        self.emit(PALLET, "WorkerRegistered", (id, operator, peer).encode());
        id
    }

    pub(in crate::fake) fn update_worker(
        &mut self,
        who: &AccountId,
        id: WorkerId,
        country: Option<Country>,
        capacity: Option<u64>,
        accepting: Option<bool>,
    ) -> Result<(), Refusal> {
        let mut worker = self.operated(who, id)?;
        if let Some(country) = country {
            if !country.is_assigned() {
                return Err(refuse("BadCountry"));
            }
            if worker.slots > 0 && country != worker.country {
                return Err(refuse("HoldsSlots"));
            }
            worker.country = country;
        }
        if let Some(capacity) = capacity {
            if capacity < self.config.min_capacity {
                return Err(refuse("CapacityTooSmall"));
            }
            if capacity < worker.committed {
                return Err(refuse("CapacityCommitted"));
            }
            let bond = cost::worker_bond(&self.params(), capacity);
            if bond > worker.bond {
                self.hold(who, bond - worker.bond).map_err(|_| refuse("InsufficientFunds"))?;
            } else {
                self.release(who, worker.bond - bond);
            }
            worker.bond = bond;
            worker.capacity = capacity;
        }
        worker.accepting = accepting.unwrap_or(worker.accepting);
        self.emit(PALLET, "WorkerUpdated", (id, worker.country, worker.capacity, worker.accepting).encode());
        self.storage.workers.insert(id, worker);
        Ok(())
    }

    pub(in crate::fake) fn exit_worker(&mut self, who: &AccountId, id: WorkerId) -> Result<(), Refusal> {
        let worker = self.operated(who, id)?;
        if worker.slots > 0 {
            return Err(refuse("HoldsSlots"));
        }
        if self.is_still_needed(id) {
            return Err(refuse("StillNeeded"));
        }
        self.release(who, worker.bond);
        self.storage.audits.leaving.remove(&id);
        self.storage.workers.remove(&id);
        self.emit(PALLET, "WorkerExited", id.encode());
        Ok(())
    }

    pub(in crate::fake) fn slots_of(&self, worker: WorkerId) -> Vec<SlotAssignment> {
        let mut found = Vec::new();
        for group in self.storage.groups.values() {
            for (slot, member) in (0u8..).zip(&group.slots) {
                if member.is_some_and(|member| member.worker == worker) {
                    found.push(SlotAssignment { group: group.id, slot });
                }
            }
        }
        found
    }

    /// Vacates the slots of a worker and removes it.
    pub(in crate::fake) fn expel(&mut self, id: WorkerId) {
        self.vacate(id);
        self.storage.workers.remove(&id);
    }

    /// Vacates the slots of a worker.
    pub(super) fn vacate(&mut self, id: WorkerId) {
        for group in self.storage.groups.values_mut() {
            for slot in &mut group.slots {
                slot.take_if(|member| member.worker == id);
            }
        }
    }

    pub(super) fn operated(&self, who: &AccountId, id: WorkerId) -> Result<WorkerInfo, Refusal> {
        let worker = self.storage.workers.get(&id).ok_or(refuse("NoSuchWorker"))?;
        if worker.operator != *who {
            return Err(refuse("NotOperator"));
        }
        Ok(worker.clone())
    }
}
