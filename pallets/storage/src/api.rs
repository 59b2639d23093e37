//! The implementation of `pallet-storage-runtime-api`. Expired ranges are treated as dropped, even if they still exist.

mod audits;
mod renewals;

use crate::{
    Config, CurrentParams, Fixed, Group, Groups, NextGroup, NextWorker, OpenGroups, Pallet, Ranges, RangesOf, SlotsOf,
    Tombstones, Total, Worker, WorkerByPeer, Workers,
};
use alloc::vec::Vec;
use frame_support::traits::{Get, fungible::Inspect};
use meganet_primitives::{
    Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        GroupInfo, MAX_PAGE, RangeInfo, SlotAssignment, SlotMember, StorageParams, StorageStats, Tombstone, WorkerInfo,
        page,
    },
    placement::ProfileId,
    receipt::PeerKey,
};

impl<T: Config> Pallet<T> {
    /// Returns the parameters that a client needs before it stores something.
    pub fn api_params() -> StorageParams {
        let fixed = Fixed::<T>::get();
        let params = CurrentParams::<T>::get();
        StorageParams {
            epoch: Self::epoch(),
            epoch_blocks: fixed.epoch_blocks,
            max_epochs: params.max_epochs,
            price_per_gib_epoch: params.price_per_gib_epoch,
            group_deposit: params.group_deposit,
            bond_per_gib: params.bond_per_gib,
            min_bond: params.min_bond,
            min_capacity: params.min_capacity,
            slot_capacity: fixed.slot_capacity.to_vec(),
            schedule: fixed.schedule,
            tolerance: params.audit.tolerance(),
            burn_ppm: params.audit.burn_ppm,
            renewal_deposit: T::AutoRenewalDeposit::get(),
            renewal_fee: Self::renewal_fee(),
        }
    }

    /// Returns the totals of the network.
    pub fn api_stats() -> StorageStats {
        let pot = T::Currency::balance(&Self::pot());
        StorageStats {
            totals: Total::<T>::get(),
            pot: pot.saturating_sub(T::Currency::minimum_balance()),
            epoch: Self::epoch(),
        }
    }

    /// Returns a placement group.
    pub fn api_group(id: GroupId) -> Option<GroupInfo> {
        Groups::<T>::get(id).map(|group| Self::group_info(id, group))
    }

    /// Returns up to `limit` groups, at most [`MAX_PAGE`], from number `from` on.
    pub fn api_groups(from: GroupId, limit: u32) -> Vec<GroupInfo> {
        (from..NextGroup::<T>::get()).filter_map(Self::api_group).take(page(limit)).collect()
    }

    /// Returns the groups of a profile that have room, including those that still wait for their workers.
    pub fn api_open_groups(profile: ProfileId) -> Vec<GroupInfo> {
        OpenGroups::<T>::get(profile).into_iter().filter_map(Self::api_group).collect()
    }

    /// Returns a worker.
    pub fn api_worker(id: WorkerId) -> Option<WorkerInfo> {
        Workers::<T>::get(id).map(|worker| worker_info(id, worker))
    }

    /// Returns the worker with this identity key.
    pub fn api_worker_by_peer(peer: PeerKey) -> Option<WorkerInfo> {
        WorkerByPeer::<T>::get(peer).and_then(Self::api_worker)
    }

    /// Returns up to `limit` workers, at most [`MAX_PAGE`], from number `from` on.
    pub fn api_workers(from: WorkerId, limit: u32) -> Vec<WorkerInfo> {
        (from..NextWorker::<T>::get()).filter_map(Self::api_worker).take(page(limit)).collect()
    }

    /// Returns up to `limit` slots of a worker, at most [`MAX_PAGE`], in the order of their groups, from group
    /// `from_group` on.
    pub fn api_slots_of(worker: WorkerId, from_group: GroupId, limit: u32) -> Vec<SlotAssignment> {
        // The keys are in order, so the page begins right after the previous group.
        let slots = match from_group.checked_sub(1) {
            None => SlotsOf::<T>::iter_prefix(worker),
            Some(before) => {
                let key = SlotsOf::<T>::hashed_key_for(worker, before.to_be_bytes());
                SlotsOf::<T>::iter_prefix_from(worker, key)
            }
        };
        slots
            .take(page(limit))
            .map(|(group, record)| SlotAssignment { group: GroupId::from_be_bytes(group), slot: record.slot })
            .collect()
    }

    /// Returns the slot that a worker holds in a group.
    pub fn api_slot_in(worker: WorkerId, group: GroupId) -> Option<SlotIndex> {
        SlotsOf::<T>::get(worker, group.to_be_bytes()).map(|record| record.slot)
    }

    /// Returns the ranges of a group that have not expired, by expiry.
    pub fn api_ranges(group: GroupId) -> Vec<RangeInfo> {
        let epoch = Self::epoch();
        RangesOf::<T>::get(group)
            .into_iter()
            .filter(|totals| totals.expiry > epoch)
            .filter_map(|totals| {
                let state = Ranges::<T>::get(group, totals.expiry)?.state.now().clone();
                Some(RangeInfo { expiry: totals.expiry, state })
            })
            .collect()
    }

    /// Returns for each of up to [`MAX_PAGE`] objects whether its owner deleted it early.
    pub fn api_is_tombstoned(group: GroupId, of: Vec<Tombstone>) -> Vec<bool> {
        of.into_iter()
            .take(page(MAX_PAGE))
            .map(|Tombstone { expiry, leaf, object }| Tombstones::<T>::contains_key((group, expiry), (leaf, object)))
            .collect()
    }

    /// Returns up to `limit` tombstones of one range, at most [`MAX_PAGE`], in the order of the storage, after `after`
    /// or from the first. `after` need not exist any longer.
    pub fn api_tombstones(group: GroupId, expiry: Epoch, after: Option<Tombstone>, limit: u32) -> Vec<Tombstone> {
        let keys = match after {
            None => Tombstones::<T>::iter_key_prefix((group, expiry)),
            Some(Tombstone { leaf, object, .. }) => {
                let key = Tombstones::<T>::hashed_key_for((group, expiry), (leaf, object));
                Tombstones::<T>::iter_key_prefix_from((group, expiry), key)
            }
        };
        keys.take(page(limit)).map(|(leaf, object)| Tombstone { expiry, leaf, object }).collect()
    }

    fn group_info(id: GroupId, group: Group) -> GroupInfo {
        let epoch = Self::epoch();
        let expired: u64 = RangesOf::<T>::get(id)
            .into_iter()
            .take_while(|totals| totals.expiry <= epoch)
            .map(|totals| totals.share.now().bytes.saturating_sub(totals.renewed))
            .fold(0, u64::saturating_add);
        let slots = group.slots.iter().map(|slot| slot.and_then(Self::member)).collect();
        GroupInfo {
            id,
            profile: group.profile,
            slot_capacity: group.slot_capacity,
            used: group.used.saturating_sub(expired),
            slots,
            opened: group.opened,
        }
    }

    fn member(worker: WorkerId) -> Option<SlotMember> {
        let Worker { peer, country, .. } = Workers::<T>::get(worker)?;
        Some(SlotMember { worker, peer, country })
    }
}

fn worker_info(id: WorkerId, worker: Worker) -> WorkerInfo {
    WorkerInfo {
        id,
        operator: worker.operator.into(),
        peer: worker.peer,
        country: worker.country,
        capacity: worker.capacity,
        committed: worker.committed,
        slots: worker.slots,
        bond: worker.bond,
        accepting: worker.accepting,
        registered: worker.registered,
    }
}
