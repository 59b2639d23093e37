//! Groups, batches and tombstones.

mod audits;
mod auto_renewal;
mod groups;
mod leaving;
mod workers;

pub(super) use self::auto_renewal::Place;

use super::world::{Refusal, World};
use crate::{cost, types::StoredLeaf};
use codec::Encode;
use ed25519_dalek::{Signature, VerifyingKey};
use meganet_primitives::{
    AccountId, AutoRenewalId, Balance, BlockNumber, Epoch, GroupId, WorkerId,
    chain::{GroupInfo, StorageStats, StorageTotals, WorkerInfo},
    object::{LEAF_LEN, ObjectId},
    range::{self, RangeLeaf, RangeLeafProof, RangeState},
    receipt::{PeerKey, PeerSignature, Receipt, ReceiptStatement},
    sum_tree::BatchSummary,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) use crate::types::STORAGE_PALLET as PALLET;

#[derive(Clone, Default)]
pub(super) struct Storage {
    pub(super) workers: BTreeMap<WorkerId, WorkerInfo>,
    pub(super) next_worker: WorkerId,
    /// `used` is not kept here but summed up when somebody asks.
    pub(super) groups: BTreeMap<GroupId, GroupInfo>,
    /// Groups that were whole once.
    pub(super) ready: BTreeSet<GroupId>,
    pub(super) ranges: BTreeMap<(GroupId, Epoch), RangeState>,
    /// Who pays the deposit of each, by expiry, leaf and object.
    pub(super) tombstones: BTreeMap<GroupId, BTreeMap<(Epoch, u64, ObjectId), AccountId>>,
    pub(super) queue: VecDeque<Fill>,
    pub(super) batches: u64,
    pub(super) objects: u64,
    pub(super) bytes: u128,
    pub(super) pot: Balance,
    pub(super) audits: audits::Audits,
    pub(super) auto_renewals: BTreeMap<AutoRenewalId, auto_renewal::AutoRenewal>,
    pub(super) next_auto_renewal: AutoRenewalId,
}

/// A group that waits to be filled.
#[derive(Clone, Copy)]
pub(super) struct Fill {
    pub(super) group: GroupId,
    pub(super) due: BlockNumber,
    pub(super) attempts: u32,
}

pub(super) const fn refuse(error: &'static str) -> Refusal {
    Refusal(PALLET, error)
}

impl World {
    pub(super) fn store(
        &mut self,
        who: &AccountId,
        group: GroupId,
        expiry: Epoch,
        batch: BatchSummary,
        valid_until: BlockNumber,
        receipts: &[Receipt],
    ) -> Result<(), Refusal> {
        let epoch = self.epoch();
        if expiry <= epoch {
            return Err(refuse("Expired"));
        }
        if expiry > epoch.saturating_add(self.config.max_epochs) {
            return Err(refuse("ExpiryTooFar"));
        }
        if batch.objects == 0
            || batch.bytes < u64::from(batch.objects) * LEAF_LEN
            || !batch.bytes.is_multiple_of(LEAF_LEN)
        {
            return Err(refuse("BadBatch"));
        }
        let info = self.group_info(group).ok_or(refuse("NoSuchGroup"))?;
        if !self.storage.ready.contains(&group) {
            return Err(refuse("GroupNotReady"));
        }
        if info.used.checked_add(batch.bytes).is_none_or(|used| used > info.slot_capacity) {
            return Err(refuse("GroupFull"));
        }
        if self.number > valid_until {
            return Err(refuse("ReceiptsStale"));
        }
        if !receipts.is_sorted_by(|a, b| a.slot < b.slot) {
            return Err(refuse("ReceiptsUnsorted"));
        }
        let mut signed = 0u64;
        for receipt in receipts {
            let member = info.slots.get(usize::from(receipt.slot)).copied().flatten().ok_or(refuse("NoSuchSlot"))?;
            let genesis = self.config.genesis;
            let statement =
                ReceiptStatement { genesis, group, slot: receipt.slot, expiry, owner: *who, batch, valid_until };
            if !signature_holds(&member.peer, &statement.signed_bytes(), &receipt.signature) {
                return Err(refuse("BadReceipt"));
            }
            signed |= 1u64.checked_shl(u32::from(receipt.slot)).ok_or(refuse("NoSuchSlot"))?;
        }
        let profile = info.profile.profile();
        if signed.count_ones() < u32::from(profile.quorum()) {
            return Err(refuse("BelowQuorum"));
        }
        let price = cost::store_price(&self.params(), batch.bytes, profile.n, expiry);
        self.pay(who, price).map_err(|_| refuse("CannotPay"))?;
        let storage = &mut self.storage;
        storage.pot = storage.pot.saturating_add(price);
        let leaf = RangeLeaf { batch, owner: *who, signed, registered: self.number };
        let range = storage.ranges.entry((group, expiry)).or_default();
        let index = range.append(&leaf).map_err(|_| refuse("RangeFull"))?;
        storage.batches += 1;
        storage.objects += u64::from(batch.objects);
        storage.bytes += u128::from(batch.bytes) * u128::from(profile.n);
        self.emit(PALLET, "Stored", StoredLeaf { group, expiry, index, leaf }.encode());
        Ok(())
    }

    /// Registers a batch again in the range of a later expiry, for whoever pays.
    pub(super) fn renew(
        &mut self,
        who: &AccountId,
        group: GroupId,
        expiry: Epoch,
        (index, leaf): (u64, &RangeLeaf),
        proof: &RangeLeafProof,
        until: Epoch,
    ) -> Result<(), Refusal> {
        let state = self.storage.ranges.get(&(group, expiry)).ok_or(refuse("NoSuchRange"))?;
        let epoch = self.epoch();
        if expiry <= epoch {
            return Err(refuse("Expired"));
        }
        if until <= expiry {
            return Err(refuse("NoExtension"));
        }
        if until > epoch.saturating_add(self.config.max_epochs) {
            return Err(refuse("ExpiryTooFar"));
        }
        range::verify_leaf(state, index, leaf, proof).map_err(|_| refuse("BadLeafProof"))?;
        let slots = self.storage.groups.get(&group).map_or(0, |group| group.profile.profile().n);
        let price = cost::store_price(&self.params(), leaf.batch.bytes, slots, until);
        self.pay(who, price).map_err(|_| refuse("CannotPay"))?;
        self.storage.pot = self.storage.pot.saturating_add(price);
        self.append_renewed(group, until, leaf).map(drop)
    }

    /// Appends a leaf, which is registered already, to the range of a later expiry. Gives its index there.
    fn append_renewed(&mut self, group: GroupId, until: Epoch, leaf: &RangeLeaf) -> Result<u64, Refusal> {
        let range = self.storage.ranges.entry((group, until)).or_default();
        let index = range.append(leaf).map_err(|_| refuse("RangeFull"))?;
        self.emit(PALLET, "Stored", StoredLeaf { group, expiry: until, index, leaf: *leaf }.encode());
        Ok(index)
    }

    pub(super) fn prove_owned(
        &self,
        who: &AccountId,
        group: GroupId,
        expiry: Epoch,
        index: u64,
        leaf: &RangeLeaf,
        proof: &RangeLeafProof,
    ) -> Result<(), Refusal> {
        let state = self.storage.ranges.get(&(group, expiry)).ok_or(refuse("NoSuchRange"))?;
        if expiry <= self.epoch() {
            return Err(refuse("Expired"));
        }
        if leaf.owner != *who {
            return Err(refuse("NotOwner"));
        }
        range::verify_leaf(state, index, leaf, proof).map(drop).map_err(|_| refuse("BadLeafProof"))
    }

    pub(super) fn tombstone(
        &mut self,
        who: &AccountId,
        group: GroupId,
        expiry: Epoch,
        leaf: u64,
        entry: u32,
        object: ObjectId,
    ) -> Result<(), Refusal> {
        let stones = self.storage.tombstones.entry(group).or_default();
        if stones.insert((expiry, leaf, object), *who).is_some() {
            return Err(refuse("AlreadyTombstoned"));
        }
        self.hold(who, self.config.tombstone_deposit).map_err(|_| refuse("InsufficientFunds"))?;
        self.emit(PALLET, "Tombstoned", (group, expiry, leaf, entry, object).encode());
        Ok(())
    }

    pub(super) fn roll_group(&mut self, group: GroupId) -> Result<(), Refusal> {
        if !self.storage.groups.contains_key(&group) {
            return Err(refuse("NoSuchGroup"));
        }
        let epoch = self.epoch();
        let before = self.storage.ranges.len();
        self.storage.ranges.retain(|(of, expiry), _| *of != group || *expiry > epoch);
        if self.storage.ranges.len() == before {
            return Err(refuse("NothingExpired"));
        }
        let stones = self.storage.tombstones.remove(&group).unwrap_or_default();
        let (kept, dropped) = stones.into_iter().partition(|((expiry, ..), _)| *expiry > epoch);
        self.storage.tombstones.insert(group, kept);
        for owner in BTreeMap::into_values(dropped) {
            self.release(&owner, self.config.tombstone_deposit);
        }
        Ok(())
    }

    /// Sums as the runtime API gives them.
    pub(super) fn stats(&self) -> StorageStats {
        let storage = &self.storage;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let totals = StorageTotals {
            workers: count(storage.workers.len()),
            capacity: storage.workers.values().map(|w| w.capacity).sum(),
            committed: storage.workers.values().map(|w| w.committed).sum(),
            groups: count(storage.groups.len()),
            groups_filling: count(storage.groups.values().filter(|g| g.slots.contains(&None)).count()),
            batches: storage.batches,
            objects: storage.objects,
            bytes: storage.bytes,
        };
        StorageStats { totals, pot: storage.pot, epoch: self.epoch() }
    }
}

/// Whether an identity signed these bytes.
pub(super) fn signature_holds(peer: &PeerKey, message: &[u8], signature: &PeerSignature) -> bool {
    VerifyingKey::from_bytes(&peer.0)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(&signature.0)).is_ok())
}
