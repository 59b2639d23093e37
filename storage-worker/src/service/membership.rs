//! This worker's slots, as last read from the chain.

use meganet_primitives::{
    BlockNumber, Epoch, GroupId, SlotIndex,
    audit::Schedule,
    chain::{GroupInfo, SlotMember, StorageParams},
    placement::ProfileId,
    receipt::PeerKey,
};
use std::collections::{BTreeMap, BTreeSet};

/// A group in which this worker has a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// The group's number.
    pub id: GroupId,
    /// This worker's slot.
    pub slot: SlotIndex,
    /// The group's profile.
    pub profile: ProfileId,
    /// Capacity of a slot in bytes.
    pub slot_capacity: u64,
    /// Bytes that the chain has registered for each slot.
    pub used: u64,
    /// The members by slot; `None` for a vacant slot.
    pub members: Vec<Option<SlotMember>>,
}

impl GroupView {
    /// The view of a group in which `peer` has a slot; `None` if it has none.
    pub fn of(info: &GroupInfo, peer: &PeerKey) -> Option<Self> {
        let slot = info.slots.iter().position(|member| member.as_ref().is_some_and(|member| member.peer == *peer))?;
        Some(Self {
            id: info.id,
            slot: SlotIndex::try_from(slot).ok()?,
            profile: info.profile,
            slot_capacity: info.slot_capacity,
            used: info.used,
            members: info.slots.clone(),
        })
    }

    /// The other members, slot by slot.
    pub fn others(&self) -> impl Iterator<Item = (SlotIndex, &SlotMember)> {
        (0..=SlotIndex::MAX)
            .zip(&self.members)
            .filter(|(slot, _)| *slot != self.slot)
            .filter_map(|(slot, member)| member.as_ref().map(|member| (slot, member)))
    }
}

/// All groups of this worker, and the chain's storage parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    groups: BTreeMap<GroupId, GroupView>,
    epoch: Epoch,
    max_epochs: u32,
    schedule: Option<Schedule>,
    epoch_blocks: Option<BlockNumber>,
    params: Option<StorageParams>,
    /// The members of all groups.
    peers: BTreeSet<PeerKey>,
}

impl Membership {
    /// Updates epoch, limits of expiry and audit schedule from the chain.
    pub fn set_params(&mut self, params: &StorageParams) {
        self.epoch = params.epoch;
        self.max_epochs = params.max_epochs;
        self.schedule = Some(params.schedule);
        self.epoch_blocks = Some(params.epoch_blocks);
        self.params = Some(params.clone());
    }

    /// Replaces all groups.
    pub fn set_groups(&mut self, groups: Vec<GroupView>) {
        self.groups = groups.into_iter().map(|view| (view.id, view)).collect();
        self.peers = self.groups.values().flat_map(|view| view.members.iter().flatten()).map(|it| it.peer).collect();
    }

    /// Adds or replaces one group, which was looked up between two complete lists.
    pub fn set_group(&mut self, view: GroupView) {
        self.peers.extend(view.members.iter().flatten().map(|member| member.peer));
        self.groups.insert(view.id, view);
    }

    /// The members of all groups.
    pub fn members(&self) -> &BTreeSet<PeerKey> {
        &self.peers
    }

    /// Returns true if a peer is a member of one of the groups.
    pub fn has_member(&self, peer: &PeerKey) -> bool {
        self.peers.contains(peer)
    }

    /// A group, if this worker has a slot in it.
    pub fn group(&self, id: GroupId) -> Option<&GroupView> {
        self.groups.get(&id)
    }

    /// All groups in which this worker has a slot.
    pub fn groups(&self) -> impl Iterator<Item = &GroupView> {
        self.groups.values()
    }

    /// Number of groups in which this worker has a slot.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Returns true if this worker has no slot.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The storage epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The audit schedule; `None` before it was read from the chain.
    pub fn schedule(&self) -> Option<Schedule> {
        self.schedule
    }

    /// Blocks of a storage epoch; `None` before it was read from the chain.
    pub fn epoch_blocks(&self) -> Option<BlockNumber> {
        self.epoch_blocks
    }

    /// The chain's prices and limits; `None` before they were read.
    pub fn params(&self) -> Option<&StorageParams> {
        self.params.as_ref()
    }

    /// Returns true if storage can be bought until that epoch: it is in the future, and not too far away.
    pub fn may_expire(&self, expiry: Epoch) -> bool {
        expiry > self.epoch && expiry <= self.epoch.saturating_add(self.max_epochs)
    }
}
