//! The registry of workers, and the dense list of those that can be assigned to a slot.

use crate::{
    Config, Eligible, EligibleAt, EligibleCount, Error, Event, Fixed, HoldReason, NextWorker, Pallet, Params, Total,
    Worker, WorkerByPeer, Workers,
};
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{Get, fungible::MutateHold, tokens::Precision},
};
use meganet_primitives::{
    Balance, WorkerId,
    audit::Record,
    country::Country,
    pay,
    receipt::{PeerKey, PeerSignature, worker_signed_bytes},
};
use sp_core::ed25519;
use sp_runtime::AccountId32;

/// The bond of a worker with `capacity` bytes, in planck; `None` if it overflows.
pub fn bond_of(params: &Params, capacity: u64) -> Option<Balance> {
    pay::bond(capacity, params.bond_per_gib, params.min_bond)
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register_worker(
        operator: AccountId32,
        peer: PeerKey,
        country: Country,
        capacity: u64,
        proof: PeerSignature,
    ) -> DispatchResult {
        let params = crate::CurrentParams::<T>::get();
        ensure!(country.is_assigned(), Error::<T>::BadCountry);
        ensure!(capacity >= params.min_capacity, Error::<T>::CapacityTooSmall);
        ensure!(!WorkerByPeer::<T>::contains_key(peer), Error::<T>::PeerTaken);
        let claim = worker_signed_bytes(&Self::genesis_hash(), operator.as_ref());
        ensure!(verify(&peer, &proof, &claim), Error::<T>::BadPeerProof);

        let id = NextWorker::<T>::get();
        let next = id.checked_add(1).ok_or(Error::<T>::Overflow)?;
        let bond = bond_of(&params, capacity).ok_or(Error::<T>::CapacityTooLarge)?;
        Total::<T>::try_mutate(|total| {
            total.workers = total.workers.checked_add(1).ok_or(Error::<T>::Overflow)?;
            total.capacity = total.capacity.checked_add(capacity).ok_or(Error::<T>::CapacityTooLarge)?;
            Ok::<_, Error<T>>(())
        })?;
        T::Currency::hold(&HoldReason::WorkerBond.into(), &operator, bond)
            .map_err(|_| Error::<T>::InsufficientFunds)?;

        NextWorker::<T>::put(next);
        WorkerByPeer::<T>::insert(peer, id);
        let worker = Worker {
            operator: operator.clone(),
            peer,
            country,
            capacity,
            committed: 0,
            slots: 0,
            bond,
            accepting: true,
            registered: Self::now(),
            record: Record::default(),
            earned: 0,
            held_back: 0,
            leaving: false,
            handed_over: 0,
        };
        Self::put_worker(id, &worker);
        Self::deposit_event(Event::WorkerRegistered { worker: id, operator, peer });
        Ok(())
    }

    pub(crate) fn do_update_worker(
        who: AccountId32,
        id: WorkerId,
        country: Option<Country>,
        capacity: Option<u64>,
        accepting: Option<bool>,
    ) -> DispatchResult {
        let mut worker = Self::operated_by(&who, id)?;
        if let Some(country) = country.filter(|new| *new != worker.country) {
            ensure!(country.is_assigned(), Error::<T>::BadCountry);
            ensure!(worker.slots == 0, Error::<T>::HoldsSlots);
            worker.country = country;
        }
        if let Some(capacity) = capacity.filter(|new| *new != worker.capacity) {
            Self::change_capacity(&mut worker, capacity)?;
        }
        if let Some(accepting) = accepting {
            worker.accepting = accepting;
            // A worker that accepts further slots does not leave.
            worker.leaving &= !accepting;
        }
        Self::put_worker(id, &worker);
        let Worker { country, capacity, accepting, .. } = worker;
        Self::deposit_event(Event::WorkerUpdated { worker: id, country, capacity, accepting });
        Ok(())
    }

    /// Sets the capacity and adjusts the bond to it.
    fn change_capacity(worker: &mut Worker, capacity: u64) -> DispatchResult {
        let params = crate::CurrentParams::<T>::get();
        ensure!(capacity >= params.min_capacity, Error::<T>::CapacityTooSmall);
        ensure!(capacity >= worker.committed, Error::<T>::CapacityCommitted);
        let bond = bond_of(&params, capacity).ok_or(Error::<T>::CapacityTooLarge)?;
        let reason = HoldReason::WorkerBond.into();
        if let Some(more) = bond.checked_sub(worker.bond) {
            T::Currency::hold(&reason, &worker.operator, more).map_err(|_| Error::<T>::InsufficientFunds)?;
        } else {
            let less = worker.bond.saturating_sub(bond);
            T::Currency::release(&reason, &worker.operator, less, Precision::BestEffort)?;
        }
        Total::<T>::try_mutate(|total| {
            total.capacity = total
                .capacity
                .saturating_sub(worker.capacity)
                .checked_add(capacity)
                .ok_or(Error::<T>::CapacityTooLarge)?;
            Ok::<_, Error<T>>(())
        })?;
        worker.capacity = capacity;
        worker.bond = bond;
        Ok(())
    }

    pub(crate) fn do_exit_worker(who: AccountId32, id: WorkerId) -> DispatchResult {
        let mut worker = Self::operated_by(&who, id)?;
        ensure!(worker.slots == 0, Error::<T>::HoldsSlots);
        let stay = crate::CurrentParams::<T>::get().audit.handover_blocks;
        let needed = worker.leaving && Self::now() < worker.handed_over.saturating_add(stay);
        ensure!(!needed, Error::<T>::StillNeeded);
        T::Currency::release(&HoldReason::WorkerBond.into(), &worker.operator, worker.bond, Precision::BestEffort)?;
        Self::pay_back(&mut worker)?;
        Self::forget(id, &worker);
        Self::deposit_event(Event::WorkerExited { worker: id });
        Ok(())
    }

    /// Stores a worker, and adds it to the eligible ones or removes it, according to its record.
    pub(crate) fn put_worker(id: WorkerId, worker: &Worker) {
        let smallest = Fixed::<T>::get().smallest_slot();
        Self::set_eligible(id, is_eligible::<T>(worker, smallest));
        Workers::<T>::insert(id, worker);
    }

    /// Adds a worker to the dense list, or removes it and moves the last one to its index.
    pub(crate) fn set_eligible(id: WorkerId, eligible: bool) {
        let at = EligibleAt::<T>::get(id);
        match (at, eligible) {
            (None, true) => {
                let at = EligibleCount::<T>::get();
                Eligible::<T>::insert(at, id);
                EligibleAt::<T>::insert(id, at);
                EligibleCount::<T>::put(at.saturating_add(1));
            }
            (Some(at), false) => {
                let last = EligibleCount::<T>::get().saturating_sub(1);
                if let Some(moved) = Eligible::<T>::take(last).filter(|_| at != last) {
                    Eligible::<T>::insert(at, moved);
                    EligibleAt::<T>::insert(moved, at);
                }
                EligibleAt::<T>::remove(id);
                EligibleCount::<T>::put(last);
            }
            _ => {}
        }
    }

    pub(crate) fn operated_by(who: &AccountId32, id: WorkerId) -> Result<Worker, Error<T>> {
        let worker = Workers::<T>::get(id).ok_or(Error::<T>::NoSuchWorker)?;
        ensure!(worker.operator == *who, Error::<T>::NotOperator);
        Ok(worker)
    }

    /// The chain's genesis hash, which the system pallet never prunes.
    pub(crate) fn genesis_hash() -> [u8; 32] {
        use sp_runtime::traits::Zero;
        let genesis = frame_system::pallet_prelude::BlockNumberFor::<T>::zero();
        frame_system::Pallet::<T>::block_hash(genesis).into()
    }
}

/// Returns true if a worker can be assigned to a slot of `smallest` bytes.
pub(crate) fn is_eligible<T: Config>(worker: &Worker, smallest: u64) -> bool {
    worker.accepting && worker.slots < T::MaxSlots::get() && worker.free() >= smallest
}

/// Returns true if the signature of these bytes by an identity key is valid.
pub(crate) fn verify(peer: &PeerKey, signature: &PeerSignature, message: &[u8]) -> bool {
    sp_io::crypto::ed25519_verify(
        &ed25519::Signature::from_raw(signature.0),
        message,
        &ed25519::Public::from_raw(peer.0),
    )
}
