//! The invariants of storage. They hold after every call and every block; the tests check them after every step.

use crate::{
    AutoRenewals, AutoRenewalsIn, AutoRenewalsOf, Beacon, Config, Eligible, EligibleAt, EligibleCount, Endings,
    FillQueue, Fixed, Group, Groups, HoldReason, Ledger, NextAutoRenewal, NextGroup, NextWorker, OpenGroups, Pallet,
    Ranges, RangesOf, SlotsOf, Stale, Tombstones, Total, Worker, WorkerByPeer, Workers, types::RangeTotals,
    workers::is_eligible,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use frame_support::{
    ensure,
    traits::fungible::{Inspect, InspectHold},
};
use meganet_primitives::{
    Balance, Epoch, GroupId, SlotIndex, WorkerId,
    convert::to_usize,
    placement::{ProfileId, check},
};
use sp_runtime::{AccountId32, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of workers, groups, ranges, tombstones, totals and money.
    ///
    /// # Errors
    /// A message with the violated invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_workers()?;
        Self::check_eligible()?;
        Self::check_groups()?;
        Self::check_lists()?;
        Self::check_ranges()?;
        Self::check_tombstones()?;
        Self::check_auto_renewals()?;
        Self::check_totals()?;
        Self::check_beacon()?;
        Self::check_money()
    }

    /// A worker's key is unique; its committed bytes are the sum of its slots, and at most its capacity.
    fn check_workers() -> Result<(), TryRuntimeError> {
        let mut count = 0usize;
        for (id, worker) in Workers::<T>::iter() {
            count += 1;
            ensure!(id < NextWorker::<T>::get(), "storage: a worker's number is not below the next one");
            ensure!(worker.country.is_assigned(), "storage: a worker's country is not assigned");
            ensure!(WorkerByPeer::<T>::get(worker.peer) == Some(id), "storage: a worker's key maps to another worker");
            ensure!(worker.committed <= worker.capacity, "storage: a worker committed more than its capacity");
            let (mut slots, mut committed) = (0u32, 0u64);
            for (key, record) in SlotsOf::<T>::iter_prefix(id) {
                let group = Groups::<T>::get(GroupId::from_be_bytes(key)).ok_or("storage: a slot without a group")?;
                ensure!(occupant(&group, record.slot) == Some(id), "storage: a worker's slot is held by another");
                slots += 1;
                committed = committed.saturating_add(group.slot_capacity);
            }
            ensure!(slots == worker.slots, "storage: a worker's slots are miscounted");
            ensure!(committed == worker.committed, "storage: a worker's committed bytes are miscounted");
        }
        ensure!(WorkerByPeer::<T>::iter_keys().count() == count, "storage: a key without a worker");
        Ok(())
    }

    /// The list of eligible workers is dense, consistent with its index, and holds exactly the workers that can be
    /// assigned to a slot.
    fn check_eligible() -> Result<(), TryRuntimeError> {
        let count = EligibleCount::<T>::get();
        let listed = to_usize(count.into());
        ensure!(Eligible::<T>::iter_keys().count() == listed, "storage: eligible workers are miscounted");
        ensure!(EligibleAt::<T>::iter_keys().count() == listed, "storage: indices of eligible workers are miscounted");
        for at in 0..count {
            let id = Eligible::<T>::get(at).ok_or("storage: a gap among the eligible workers")?;
            ensure!(EligibleAt::<T>::get(id) == Some(at), "storage: an eligible worker has a wrong index");
            ensure!(Workers::<T>::contains_key(id), "storage: an eligible worker does not exist");
        }
        let smallest = Fixed::<T>::get().smallest_slot();
        for (id, worker) in Workers::<T>::iter() {
            let eligible = EligibleAt::<T>::contains_key(id);
            ensure!(eligible == is_eligible::<T>(&worker, smallest), "storage: eligibility is out of date");
        }
        Ok(())
    }

    /// Every group satisfies the placement rules, agrees with the slots of its workers, and has room for what is
    /// registered in it.
    fn check_groups() -> Result<(), TryRuntimeError> {
        let mut seats = 0usize;
        for (id, group) in Groups::<T>::iter() {
            ensure!(id < NextGroup::<T>::get(), "storage: a group's number is not below the next one");
            let seated = Self::seated(&group.slots);
            check(group.profile.profile(), &seated).map_err(|_| "storage: a group breaks the placement rules")?;
            for (slot, worker) in (0..SlotIndex::MAX).zip(&group.slots) {
                let Some(worker) = worker else { continue };
                seats += 1;
                let key = SlotsOf::<T>::get(worker, id.to_be_bytes());
                ensure!(key.map(|record| record.slot) == Some(slot), "storage: a member has no record of its slot");
            }
            let members = seated.iter().flatten().count();
            ensure!(members == group.slots.iter().flatten().count(), "storage: a member does not exist");
            ensure!(group.ready || members == 0, "storage: a new group is filled in part");
            let own = |totals: &RangeTotals| totals.share.now().bytes.saturating_sub(totals.renewed);
            let used = RangesOf::<T>::get(id).iter().map(own).fold(0u64, u64::saturating_add);
            ensure!(used == group.used, "storage: a group's used bytes are miscounted");
            ensure!(used <= group.slot_capacity, "storage: a group holds more than its slots");
            ensure!(group.ready || used == 0, "storage: a group without workers holds batches");
        }
        ensure!(SlotsOf::<T>::iter().count() == seats, "storage: a slot record without a slot");
        Ok(())
    }

    /// The fill queue and the lists of open groups agree with the groups, without duplicates.
    fn check_lists() -> Result<(), TryRuntimeError> {
        let queue = FillQueue::<T>::get();
        let queued: BTreeSet<GroupId> = queue.iter().map(|request| request.group).collect();
        ensure!(queued.len() == queue.len(), "storage: a group is queued twice");
        let mut open = BTreeMap::<GroupId, ProfileId>::new();
        for (profile, list) in OpenGroups::<T>::iter() {
            for id in list {
                ensure!(open.insert(id, profile).is_none(), "storage: a group is listed twice");
            }
        }
        for (id, group) in Groups::<T>::iter() {
            ensure!(queued.contains(&id) == group.queued, "storage: a group's queued flag is wrong");
            ensure!(!group.queued || group.ready || group.vacant() > 0, "storage: a new, complete group is queued");
            let listed = open.remove(&id);
            ensure!(listed.is_some() == group.listed, "storage: a group's listed flag is wrong");
            ensure!(
                listed.is_none_or(|profile| profile == group.profile),
                "storage: a group is on the list of another profile"
            );
        }
        ensure!(open.is_empty(), "storage: a listed group does not exist");
        ensure!(queued.iter().all(Groups::<T>::contains_key), "storage: a queued group does not exist");
        Ok(())
    }

    /// The expiries of a group are those of its ranges, in order, and no range is empty.
    fn check_ranges() -> Result<(), TryRuntimeError> {
        let mut ranges = 0usize;
        for (group, list) in RangesOf::<T>::iter() {
            ensure!(Groups::<T>::contains_key(group), "storage: ranges without a group");
            ensure!(list.windows(2).all(|pair| pair[0].expiry < pair[1].expiry), "storage: expiries out of order");
            for totals in list {
                let range = Ranges::<T>::get(group, totals.expiry).ok_or("storage: an expiry without a range")?;
                ensure!(range.state.now().leaves > 0, "storage: an empty range");
                ensure!(range.state.now().bytes() == totals.share.now().bytes, "storage: a range is miscounted");
                let period = Self::period();
                let (state, share) = (range.state.at_start_of(period), totals.share.at_start_of(period));
                ensure!(state.bytes() == share.bytes, "storage: a range is miscounted at the beginning of its period");
                ensure!(totals.renewed <= totals.share.now().bytes, "storage: more is renewed than there is");
                ranges += 1;
            }
        }
        ensure!(Ranges::<T>::iter_keys().count() == ranges, "storage: a range without an expiry");
        Ok(())
    }

    /// Every tombstone belongs to a range, or to one that was dropped, and they are counted.
    fn check_tombstones() -> Result<(), TryRuntimeError> {
        let mut found = BTreeMap::<(GroupId, Epoch), u32>::new();
        for (range, _, _) in Tombstones::<T>::iter() {
            *found.entry(range).or_default() += 1;
        }
        for (group, expiry, range) in Ranges::<T>::iter() {
            let count = found.remove(&(group, expiry)).unwrap_or_default();
            ensure!(count == range.tombstones, "storage: a range's tombstones are miscounted");
        }
        for (group, stale) in Stale::<T>::iter() {
            for range in stale {
                ensure!(range.tombstones > 0, "storage: a stale range has no tombstones");
                let count = found.remove(&(group, range.expiry));
                ensure!(count == Some(range.tombstones), "storage: a stale range's tombstones are miscounted");
            }
        }
        ensure!(found.is_empty(), "storage: tombstones without a range");
        Ok(())
    }

    /// Every automatic renewal is indexed by its payer and its range, and is for a leaf of that range.
    fn check_auto_renewals() -> Result<(), TryRuntimeError> {
        let mut count = 0usize;
        for (id, order) in AutoRenewals::<T>::iter() {
            count += 1;
            ensure!(
                id < NextAutoRenewal::<T>::get(),
                "storage: an automatic renewal's number is not below the next one"
            );
            ensure!(order.epochs > 0, "storage: an automatic renewal adds no epochs");
            let key = id.to_be_bytes();
            ensure!(
                AutoRenewalsOf::<T>::contains_key(&order.payer, key),
                "storage: an automatic renewal is not indexed by its payer"
            );
            let place = (order.group, order.expiry);
            ensure!(
                AutoRenewalsIn::<T>::contains_key(place, key),
                "storage: an automatic renewal is not indexed by its range"
            );
            if order.expiry > Self::epoch() {
                let range = Ranges::<T>::get(order.group, order.expiry)
                    .ok_or("storage: an automatic renewal without a range")?;
                ensure!(order.leaf_index < range.state.now().leaves, "storage: an automatic renewal without a leaf");
            }
        }
        ensure!(
            AutoRenewalsOf::<T>::iter().count() == count,
            "storage: a payer's index has an unknown automatic renewal"
        );
        ensure!(
            AutoRenewalsIn::<T>::iter().count() == count,
            "storage: a range's index has an unknown automatic renewal"
        );
        Ok(())
    }

    /// The totals are the sums over workers and groups.
    fn check_totals() -> Result<(), TryRuntimeError> {
        let total = Total::<T>::get();
        let workers: Vec<Worker> = Workers::<T>::iter_values().collect();
        let sum = |of: fn(&Worker) -> u64| workers.iter().map(of).fold(0, u64::saturating_add);
        ensure!(usize::try_from(total.workers) == Ok(workers.len()), "storage: workers are miscounted");
        ensure!(total.capacity == sum(|worker| worker.capacity), "storage: capacity is miscounted");
        ensure!(total.committed == sum(|worker| worker.committed), "storage: committed bytes are miscounted");
        ensure!(
            usize::try_from(total.groups) == Ok(Groups::<T>::iter_keys().count()),
            "storage: groups are miscounted"
        );
        let filling = Groups::<T>::iter_values().filter(|group| group.vacant() > 0).count();
        ensure!(usize::try_from(total.groups_filling) == Ok(filling), "storage: vacant groups are miscounted");
        Ok(())
    }

    /// The holds of each account cover its bonds and deposits, and the pot exists.
    fn check_money() -> Result<(), TryRuntimeError> {
        let bonds = Workers::<T>::iter_values().map(|worker| (worker.operator, worker.bond));
        Self::check_holds(HoldReason::WorkerBond, bonds)?;
        let deposits = Groups::<T>::iter_values().map(|group| (group.opener, group.deposit));
        Self::check_holds(HoldReason::GroupDeposit, deposits)?;
        let tombstones = Tombstones::<T>::iter_values().map(|tombstone| (tombstone.owner, tombstone.deposit));
        Self::check_holds(HoldReason::Tombstone, tombstones)?;
        let prepaid = AutoRenewals::<T>::iter_values();
        let prepaid = prepaid.map(|order| (order.payer, order.balance.saturating_add(order.deposit)));
        Self::check_holds(HoldReason::AutoRenewal, prepaid)?;
        Self::check_books()
    }

    /// The books balance and agree with the pot. A transfer to the pot may make it hold more.
    fn check_books() -> Result<(), TryRuntimeError> {
        let books = Ledger::<T>::get();
        let inside = books.escrow.saturating_add(books.held_back).saturating_add(books.fund);
        let came = books.paid_in.saturating_add(books.slashed);
        let went = books.burned.saturating_add(books.paid_out).saturating_add(inside);
        ensure!(came == went, "storage: the books do not balance");
        let pot = T::Currency::balance(&Self::pot());
        ensure!(
            pot >= inside.saturating_add(T::Currency::minimum_balance()),
            "storage: the pot holds less than the books"
        );
        let held_back = Workers::<T>::iter_values().map(|worker| worker.held_back).fold(0, Balance::saturating_add);
        ensure!(held_back == books.held_back, "storage: the pay held back is miscounted");

        let epoch = Self::epoch();
        let (mut rate, mut escrow, mut live) = (0u128, 0u128, 0u128);
        for (id, list) in RangesOf::<T>::iter() {
            let n = Groups::<T>::get(id).map_or(0, |group| u128::from(group.profile.profile().n));
            for totals in list.iter().filter(|totals| totals.expiry > epoch) {
                let all = totals.share.now().rate.saturating_mul(n);
                rate = rate.saturating_add(all);
                escrow = escrow.saturating_add(all.saturating_mul((totals.expiry - epoch).into()));
                live = live.saturating_add(u128::from(totals.share.now().bytes).saturating_mul(n));
            }
        }
        ensure!(books.income == rate, "storage: the income of the epoch is miscounted");
        ensure!(books.spent <= books.income, "storage: more was paid than the epoch's income");
        ensure!(books.escrow.saturating_add(books.spent) == escrow, "storage: the escrow is miscounted");
        ensure!(books.live == live, "storage: live bytes are miscounted");
        let (mut ending_rate, mut ending_bytes) = (0u128, 0u128);
        for (at, ending) in Endings::<T>::iter() {
            ensure!(at > epoch, "storage: a past epoch still has endings");
            ending_rate = ending_rate.saturating_add(ending.rate);
            ending_bytes = ending_bytes.saturating_add(ending.bytes);
        }
        ensure!((ending_rate, ending_bytes) == (rate, live), "storage: endings do not match what is stored");
        Ok(())
    }

    /// Randomness is kept for as long as audits need it, and no longer.
    fn check_beacon() -> Result<(), TryRuntimeError> {
        let memory = to_usize(Self::schedule().memory().into());
        ensure!(Beacon::<T>::iter_keys().count() <= memory, "storage: old randomness was not removed");
        Ok(())
    }

    fn check_holds(
        reason: HoldReason,
        due: impl Iterator<Item = (AccountId32, Balance)>,
    ) -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<AccountId32, Balance>::new();
        for (who, amount) in due {
            *sums.entry(who).or_default() += amount;
        }
        let reason = reason.into();
        for (who, sum) in sums {
            ensure!(
                T::Currency::balance_on_hold(&reason, &who) >= sum,
                "storage: holds do not cover bonds and deposits"
            );
        }
        Ok(())
    }
}

fn occupant(group: &Group, slot: SlotIndex) -> Option<WorkerId> {
    group.slots.get(usize::from(slot)).copied().flatten()
}
