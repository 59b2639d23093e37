//! Whether a shard may come in.

use super::membership::Membership;
use crate::store::Usage;
use meganet_net::wire::put::{OpenShard, Refusal};
use meganet_primitives::{
    GroupId,
    object::{CODEC_RS_GF8, Layout},
};
use std::collections::BTreeMap;

/// What this worker takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Shard bytes altogether: what the worker lends.
    pub capacity: u64,
    /// Shard bytes that the chain has not registered (yet): anybody can bring those for free.
    pub staging: u64,
    /// Shards that come in at once.
    pub uploads: usize,
}

/// Room that is set aside for a shard on its way. Give it back with [`Admission::done`], whatever became of it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "room that is not given back is lost until the next start"]
pub struct Ticket {
    group: GroupId,
    bytes: u64,
}

/// The shards on their way, and the limits.
#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    reserved: BTreeMap<GroupId, u64>,
    uploads: usize,
}

impl Admission {
    /// Nothing on its way.
    pub fn new(limits: Limits) -> Self {
        Self { limits, reserved: BTreeMap::new(), uploads: 0 }
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Shards on their way.
    pub fn uploads(&self) -> usize {
        self.uploads
    }

    /// Sets room aside for a shard, or says why it may not come.
    ///
    /// # Errors
    /// The refusal to send.
    pub fn open(&mut self, request: &OpenShard, membership: &Membership, usage: &Usage) -> Result<Ticket, Refusal> {
        let view = membership.group(request.group).ok_or(Refusal::NotMember)?;
        if view.slot != request.slot {
            return Err(Refusal::WrongSlot);
        }
        let profile = view.profile.profile();
        if request.codec != CODEC_RS_GF8 {
            return Err(Refusal::BadRequest);
        }
        if (request.k, request.n) != (profile.k, profile.n) {
            return Err(Refusal::HeaderMismatch);
        }
        let layout = Layout::new(request.k, request.n, request.sealed_len).map_err(|_| Refusal::HeaderMismatch)?;
        if layout.shard_len() != request.shard_len {
            return Err(Refusal::HeaderMismatch);
        }
        if request.shard_len > view.slot_capacity {
            return Err(Refusal::TooLarge);
        }
        let free = self.free(request.group, view.slot_capacity, view.used, usage);
        if request.shard_len > free {
            return Err(Refusal::OverCapacity { free });
        }
        if self.uploads >= self.limits.uploads {
            return Err(Refusal::Busy);
        }
        self.uploads += 1;
        let reserved = self.reserved.entry(request.group).or_default();
        *reserved = reserved.saturating_add(request.shard_len);
        Ok(Ticket { group: request.group, bytes: request.shard_len })
    }

    /// The shard is in the store, or given up.
    // By value, so that it cannot be given back twice.
    #[allow(clippy::needless_pass_by_value)]
    pub fn done(&mut self, ticket: Ticket) {
        self.uploads = self.uploads.saturating_sub(1);
        if let Some(reserved) = self.reserved.get_mut(&ticket.group) {
            *reserved = reserved.saturating_sub(ticket.bytes);
            if *reserved == 0 {
                self.reserved.remove(&ticket.group);
            }
        }
    }

    /// Bytes that may still come for a group: what its slot, the disk lent and the staging quota all have left.
    fn free(&self, group: GroupId, slot_capacity: u64, used: u64, usage: &Usage) -> u64 {
        let of_group = |bytes: &BTreeMap<GroupId, u64>| bytes.get(&group).copied().unwrap_or_default();
        let coming = self.reserved.values().fold(0u64, |sum, bytes| sum.saturating_add(*bytes));
        // The chain's sum and ours differ while a registration is on its way from one to the other.
        let registered = used.max(of_group(&usage.registered));
        let slot = slot_capacity
            .saturating_sub(registered)
            .saturating_sub(of_group(&usage.unregistered))
            .saturating_sub(of_group(&self.reserved));
        let disk = self.limits.capacity.saturating_sub(usage.bytes).saturating_sub(coming);
        let staging = self.limits.staging.saturating_sub(usage.unregistered_bytes()).saturating_sub(coming);
        slot.min(disk).min(staging)
    }
}
