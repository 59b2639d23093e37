//! Whether an upload is accepted.

use super::membership::Membership;
use crate::model::Usage;
use meganet_net::wire::put::{OpenShard, Refusal};
use meganet_primitives::{
    GroupId,
    object::{CODEC_RS_GF8, Layout},
};
use std::collections::BTreeMap;

/// Limits on what a worker takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Shard bytes in total: the capacity that the worker lends.
    pub capacity: u64,
    /// Shard bytes that the chain has not registered (yet): anybody can upload those for free.
    pub staging: u64,
    /// Uploads at once.
    pub uploads: usize,
}

/// Room that is reserved for an upload. Give it back with [`Admission::done`], however the upload ends.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "room that is not given back is lost until the next start"]
pub struct Ticket {
    group: GroupId,
    bytes: u64,
}

/// The running uploads, and the limits.
#[derive(Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    reserved: BTreeMap<GroupId, u64>,
    uploads: usize,
}

impl Admission {
    /// No uploads.
    pub fn new(limits: AdmissionLimits) -> Self {
        Self { limits, reserved: BTreeMap::new(), uploads: 0 }
    }

    /// The limits.
    pub fn limits(&self) -> &AdmissionLimits {
        &self.limits
    }

    /// Reserves room for a shard.
    ///
    /// # Errors
    /// The refusal to send to the client.
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

    /// Releases the reserved space: the shard is in the store, or the upload has failed.
    // By value, so that it cannot be released twice.
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

    /// Bytes that may still be uploaded for a group: the least of what its slot, the lent capacity and the staging quota
    /// have left.
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
