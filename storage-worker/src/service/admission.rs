//! Whether an upload is accepted, and whether it goes on.
//!
//! The disk and the staging quota are counted with what a shard takes up beyond its bytes ([`footprint`]); the slot and the
//! capacity that is lent, which are promised to the chain, are counted in shard bytes.
//!
//! Space is reserved as bytes arrive, so an upload that announces much and sends little takes up little. Accounts share the
//! staging quota and the places for uploads: nobody's share is fixed, and each shrinks as others come. Where no place is
//! free, the slowest upload of those that take more than their share, or are too slow to be waited for, makes way.

use super::{
    displace::{Lacking, Newcomer},
    membership::Membership,
};
use crate::model::{Usage, footprint};
use meganet_net::wire::put::{OpenShard, Refusal};
use meganet_primitives::{
    AccountId, GroupId,
    convert::to_u64,
    object::{CODEC_RS_GF8, Layout},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Bytes that are reserved ahead of those that have arrived.
pub const WINDOW: u64 = 1 << 20;
/// The time in which an upload has to show its pace.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes per second below which an upload makes way for others.
const CONTENDED: u64 = 128 << 10;
/// The share of an account, however many there are: an object of the largest usual size.
pub const LEAST_SHARE: u64 = 64 << 20;

/// Limits on what a worker takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Shard bytes in total: the capacity that the worker lends. If its slots were promised more, that counts.
    pub capacity: u64,
    /// Bytes of the disk for shards that the chain has not registered (yet): anybody can upload those for free.
    pub staging: u64,
    /// Uploads at once.
    pub uploads: usize,
}

/// The present, as uploads are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// Time since the start.
    pub at: Duration,
    /// The shards in the store.
    pub usage: &'a Usage,
    /// Bytes that shards may still take up on the disk.
    pub room: u64,
    /// Bytes that the chain counts on: those of all slots. More than the capacity once that was lowered too far, which the
    /// chain refuses; publishers choose slots by what the chain says.
    pub promised: u64,
}

/// A place for an upload. Give it back with [`Admission::done`], however the upload ends.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a place that is not given back is lost until the next start"]
pub struct Ticket(u64);

impl Ticket {
    /// The upload's number.
    pub fn id(&self) -> u64 {
        self.0
    }
}

/// An upload that has begun.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its place.
    pub ticket: Ticket,
    /// The number of the upload that has to make way for it.
    pub evicted: Option<u64>,
}

/// The slot that an upload is for, as it was when the upload began.
#[derive(Clone, Copy, Debug)]
struct Slot {
    group: GroupId,
    capacity: u64,
    /// Shard bytes that the chain has registered.
    used: u64,
}

#[derive(Debug)]
struct Upload {
    account: AccountId,
    slot: Slot,
    announced: u64,
    arrived: u64,
    began: Duration,
    /// It was told to end.
    evicted: bool,
}

impl Upload {
    /// Shard bytes that are counted: those that are here, and a window.
    fn reserved(&self) -> u64 {
        self.arrived.saturating_add(WINDOW).min(self.announced)
    }

    /// Bytes of the disk that it takes up.
    fn footprint(&self) -> u64 {
        footprint(1, self.reserved())
    }

    /// Bytes per second so far.
    fn pace(&self, now: Duration) -> u64 {
        let millis = u64::try_from(now.saturating_sub(self.began).as_millis()).unwrap_or(u64::MAX).max(1);
        self.arrived.saturating_mul(1000) / millis
    }
}

/// The running uploads, and the limits.
#[derive(Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    uploads: BTreeMap<u64, Upload>,
    next: u64,
}

impl Admission {
    /// No uploads.
    pub fn new(limits: AdmissionLimits) -> Self {
        Self { limits, uploads: BTreeMap::new(), next: 0 }
    }

    /// Begins an upload in the name of an account.
    ///
    /// # Errors
    /// The refusal to send to the client.
    pub fn open(
        &mut self,
        request: &OpenShard,
        account: AccountId,
        membership: &Membership,
        now: Now<'_>,
    ) -> Result<Admitted, Refusal> {
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
        let slot = Slot { group: request.group, capacity: view.slot_capacity, used: view.used };
        if let Some(refusal) = self.lacking(slot, request.shard_len, now).refusal(request.shard_len) {
            return Err(refusal);
        }
        let held = self.held(&account, now.usage);
        if held.saturating_add(footprint(1, request.shard_len)) > self.share(&account, now.usage) {
            return Err(Refusal::ShareUsedUp);
        }
        let evicted = self.make_place(&account, now.at)?;
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let announced = request.shard_len;
        self.uploads.insert(id, Upload { account, slot, announced, arrived: 0, began: now.at, evicted: false });
        Ok(Admitted { ticket: Ticket(id), evicted })
    }

    /// Notes bytes of an upload that have arrived.
    ///
    /// # Errors
    /// The refusal to send to the client: it has to make way, or others have taken the room.
    pub fn arrived(&mut self, ticket: &Ticket, bytes: u64, now: Now<'_>) -> Result<(), Refusal> {
        let upload = self.uploads.get_mut(&ticket.0).ok_or(Refusal::Internal)?;
        if upload.evicted {
            return Err(Refusal::Busy);
        }
        upload.arrived = upload.arrived.saturating_add(bytes);
        let (account, slot) = (upload.account, upload.slot);
        // Several uploads that each had room when they began may not have room together.
        if let Some(refusal) = self.lacking(slot, 0, now).refusal(0) {
            return Err(refusal);
        }
        if self.held(&account, now.usage) > self.share(&account, now.usage) {
            return Err(Refusal::ShareUsedUp);
        }
        Ok(())
    }

    /// Ends an upload: the shard is in the store, or the upload has failed.
    // By value, so that it cannot be ended twice.
    #[allow(clippy::needless_pass_by_value)]
    pub fn done(&mut self, ticket: Ticket) {
        self.uploads.remove(&ticket.0);
    }

    /// An upload that [`Self::open`] has refused for want of room, and the bytes that it lacks.
    pub fn newcomer(&self, request: &OpenShard, account: AccountId, membership: &Membership, now: Now<'_>) -> Newcomer {
        let bytes = self.held(&account, now.usage).saturating_add(footprint(1, request.shard_len));
        let newcomer = Newcomer { account, group: request.group, bytes, lacking: Lacking::default() };
        // More than its share it does not get, whatever is removed.
        match membership.group(request.group).filter(|_| bytes <= self.share(&account, now.usage)) {
            None => newcomer,
            Some(view) => {
                let slot = Slot { group: request.group, capacity: view.slot_capacity, used: view.used };
                Newcomer { lacking: self.lacking(slot, request.shard_len, now), ..newcomer }
            }
        }
    }

    /// The bytes that an upload to a slot lacks which has `len` bytes more than those that are reserved; 0 for one that runs.
    fn lacking(&self, slot: Slot, len: u64, now: Now<'_>) -> Lacking {
        let coming = self.coming(Upload::reserved).saturating_add(len);
        let on_disk = self.coming(Upload::footprint).saturating_add(footprint(u64::from(len > 0), len));
        let capacity = self.limits.capacity.max(now.promised);
        Lacking {
            disk: on_disk.saturating_sub(now.room),
            capacity: now.usage.bytes.saturating_add(coming).saturating_sub(capacity),
            staging: now.usage.unregistered_footprint().saturating_add(on_disk).saturating_sub(self.limits.staging),
            slot: self.taken_of_slot(slot, now.usage).saturating_add(len).saturating_sub(slot.capacity),
        }
    }

    /// Bytes of the running uploads, as `count` counts them.
    fn coming(&self, count: impl Fn(&Upload) -> u64) -> u64 {
        self.uploads.values().map(count).fold(0, u64::saturating_add)
    }

    /// Bytes that a slot's shards take up, including those that are arriving.
    fn taken_of_slot(&self, slot: Slot, usage: &Usage) -> u64 {
        let of_group = |bytes: &BTreeMap<GroupId, u64>| bytes.get(&slot.group).copied().unwrap_or_default();
        let coming = self.uploads.values().filter(|upload| upload.slot.group == slot.group);
        let coming = coming.map(Upload::reserved).fold(0, u64::saturating_add);
        // The chain's sum and ours differ while a registration is on its way from one to the other.
        let registered = slot.used.max(of_group(&usage.registered));
        registered.saturating_add(of_group(&usage.unregistered)).saturating_add(coming)
    }

    /// Bytes of the disk that an account takes up without a registration, including those that are arriving.
    fn held(&self, account: &AccountId, usage: &Usage) -> u64 {
        let coming = self.uploads.values().filter(|upload| upload.account == *account);
        coming.map(Upload::footprint).fold(usage.footprint_of(account), u64::saturating_add)
    }

    /// Bytes of the disk that an account may take up without a registration. Alone it may have the whole quota; where others
    /// have some, everybody may have the same, and a newcomer can be sure of as much.
    fn share(&self, account: &AccountId, usage: &Usage) -> u64 {
        let others: BTreeSet<&AccountId> = usage
            .uploads
            .iter()
            .filter(|(_, bytes)| **bytes > 0)
            .map(|(other, _)| other)
            .chain(self.uploads.values().map(|upload| &upload.account))
            .filter(|other| *other != account)
            .collect();
        // One share is left for the next newcomer.
        let shares = if others.is_empty() { 1 } else { to_u64(others.len()).saturating_add(2) };
        (self.limits.staging / shares).max(LEAST_SHARE.min(self.limits.staging))
    }

    /// Finds a place; returns the upload that has to make way.
    fn make_place(&mut self, account: &AccountId, now: Duration) -> Result<Option<u64>, Refusal> {
        let running = self.uploads.values().filter(|upload| !upload.evicted).count();
        if running < self.limits.uploads {
            return Ok(None);
        }
        let mut by_account: BTreeMap<AccountId, usize> = BTreeMap::new();
        for upload in self.uploads.values().filter(|upload| !upload.evicted) {
            *by_account.entry(upload.account).or_default() += 1;
        }
        let accounts = by_account.len() + usize::from(!by_account.contains_key(account));
        let share = (self.limits.uploads / accounts.max(1)).max(1);
        // Nobody displaces others in order to have more than a share.
        let may_displace = by_account.get(account).copied().unwrap_or_default() < share;
        let makes_way = |upload: &&mut Upload| {
            let greedy = may_displace
                && upload.account != *account
                && by_account.get(&upload.account).is_some_and(|count| *count > share);
            let slow = now.saturating_sub(upload.began) >= GRACE && upload.pace(now) < CONTENDED;
            !upload.evicted && (greedy || slow)
        };
        let candidates = self.uploads.iter_mut().map(|(id, upload)| (*id, upload));
        let slowest = candidates.filter(|(_, upload)| makes_way(upload)).min_by_key(|(_, upload)| upload.pace(now));
        match slowest {
            Some((id, upload)) => {
                upload.evicted = true;
                Ok(Some(id))
            }
            None => Err(Refusal::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{
        records::{Place, ShardRecord, ShardState, UploadRecord},
        usage::OVERHEAD,
    };
    use meganet_primitives::receipt::PeerKey;

    const STAGING: u64 = 1 << 30;

    fn account(seed: u8) -> AccountId {
        [seed; 32]
    }

    fn admission(uploads: usize) -> Admission {
        Admission::new(AdmissionLimits { capacity: 4 << 30, staging: STAGING, uploads })
    }

    fn now(seconds: u64, usage: &Usage) -> Now<'_> {
        Now { at: Duration::from_secs(seconds), usage, room: u64::MAX, promised: 0 }
    }

    /// An upload that passed the other checks.
    fn begin(admission: &mut Admission, seed: u8, announced: u64, at: u64) -> Result<(u64, Option<u64>), Refusal> {
        let evicted = admission.make_place(&account(seed), Duration::from_secs(at))?;
        let id = admission.next;
        admission.next += 1;
        let began = Duration::from_secs(at);
        let slot = Slot { group: 0, capacity: 2 << 30, used: 0 };
        let upload = Upload { account: account(seed), slot, announced, arrived: 0, began, evicted: false };
        admission.uploads.insert(id, upload);
        Ok((id, evicted))
    }

    /// Bytes that may still be uploaded to a slot with room.
    fn free(admission: &Admission, now: Now<'_>) -> u64 {
        let slot = Slot { group: 9, capacity: u64::MAX, used: 0 };
        match admission.lacking(slot, STAGING, now).refusal(STAGING) {
            None => STAGING,
            Some(Refusal::UploadsFull { free } | Refusal::DiskFull { free }) => free,
            Some(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_announced_and_does_not_come_takes_up_a_window() {
        let mut admission = admission(8);
        let (id, _) = begin(&mut admission, 1, STAGING, 0).unwrap();
        let usage = Usage::default();
        // With what it takes up beyond its bytes, as the next one does.
        assert_eq!(free(&admission, now(0, &usage)), STAGING - WINDOW - 2 * OVERHEAD);
        admission.arrived(&Ticket(id), 10 * WINDOW, now(1, &usage)).unwrap();
        assert_eq!(free(&admission, now(1, &usage)), STAGING - 11 * WINDOW - 2 * OVERHEAD);
        // The disk has less.
        assert_eq!(free(&admission, Now { room: 12 * WINDOW, ..now(1, &usage) }), WINDOW - 2 * OVERHEAD);
        let full = admission.arrived(&Ticket(id), WINDOW, Now { room: WINDOW, ..now(1, &usage) });
        assert_eq!(full, Err(Refusal::DiskFull { free: 0 }));
        admission.done(Ticket(id));
        assert_eq!(free(&admission, now(1, &usage)), STAGING - OVERHEAD);
    }

    #[test]
    fn small_shards_count_with_what_they_take_up_beyond_their_bytes() {
        let admission = Admission::new(AdmissionLimits { capacity: 4 << 30, staging: 1 << 20, uploads: 8 });
        let slot = Slot { group: 0, capacity: 2 << 30, used: 0 };
        let (state, place) = (ShardState::Staged, Place::Inline);
        let record = ShardRecord { group: 0, len: 1024, place, state, damaged: false, stored_at: 0 };
        let upload = UploadRecord { account: account(1), peer: PeerKey([1; 32]), len: 1024, promised: None };
        let mut usage = Usage::default();
        while admission.lacking(slot, 1024, now(0, &usage)) == Lacking::default() {
            usage.add(&record);
            usage.add_upload(&upload);
        }
        // By their bytes, 1024 of them would fit.
        assert_eq!(usage.shards, 292);
        assert_eq!(admission.lacking(slot, 1024, now(0, &usage)), Lacking { staging: 1536, ..Lacking::default() });
        assert_eq!(admission.held(&account(1), &usage), 292 * (1024 + OVERHEAD));
        for _ in 0..292 {
            usage.remove(&record);
            usage.remove_upload(&upload);
        }
        assert_eq!(usage, Usage::default());
    }

    #[test]
    fn accounts_share_the_quota_and_a_newcomer_always_finds_some() {
        let admission = admission(8);
        let mut usage = Usage::default();
        let left = |seed, usage: &Usage| {
            admission.share(&account(seed), usage).saturating_sub(admission.held(&account(seed), usage))
        };
        assert_eq!(left(1, &usage), STAGING);
        usage.uploads.insert(account(1), STAGING / 3);
        // The first may not take the rest: others have come.
        assert_eq!(left(2, &usage), STAGING / 3);
        usage.uploads.insert(account(2), 1000);
        assert_eq!(left(1, &usage), 0);
        // However many there are, each may have a little.
        for seed in 3..200 {
            usage.uploads.insert(account(seed), 1);
        }
        assert_eq!(left(250, &usage), LEAST_SHARE);
    }

    #[test]
    fn uploads_that_began_side_by_side_do_not_outgrow_what_each_had() {
        let mut admission = admission(64);
        let mut usage = Usage::default();
        // One account: together they are more than the quota.
        let (first, _) = begin(&mut admission, 1, STAGING, 0).unwrap();
        let (second, _) = begin(&mut admission, 1, STAGING, 0).unwrap();
        admission.arrived(&Ticket(first), STAGING / 2, now(1, &usage)).unwrap();
        let over = admission.arrived(&Ticket(second), STAGING / 2, now(1, &usage));
        assert_eq!(over, Err(Refusal::UploadsFull { free: 0 }));
        admission.done(Ticket(second));
        // Another account has come: the first may not go on beyond its share, and the newcomer may.
        let (third, _) = begin(&mut admission, 2, STAGING / 4, 0).unwrap();
        assert_eq!(admission.arrived(&Ticket(first), 1, now(2, &usage)), Err(Refusal::ShareUsedUp));
        admission.done(Ticket(first));
        admission.arrived(&Ticket(third), STAGING / 4, now(2, &usage)).unwrap();
        // The slot is filled by others meanwhile.
        usage.registered.insert(0, 2 << 30);
        assert_eq!(admission.arrived(&Ticket(third), 0, now(3, &usage)), Err(Refusal::OverCapacity { free: 0 }));
    }

    #[test]
    fn what_an_upload_lacks_is_what_its_refusal_is_for() {
        let mut admission = admission(8);
        let slot = Slot { group: 0, capacity: 2 << 30, used: 0 };
        let mut usage = Usage::default();
        assert_eq!(admission.lacking(slot, STAGING - OVERHEAD, now(0, &usage)), Lacking::default());
        begin(&mut admission, 1, STAGING, 0).unwrap();
        let one = Lacking { staging: WINDOW + OVERHEAD, ..Lacking::default() };
        assert_eq!(admission.lacking(slot, STAGING - OVERHEAD, now(0, &usage)), one);
        usage.registered.insert(0, 2 << 30);
        usage.unregistered.insert(1, STAGING);
        usage.bytes = (2 << 30) + STAGING;
        // A slot and the capacity are counted in shard bytes.
        let full = Lacking { disk: 0, capacity: 0, staging: WINDOW + 5 + 2 * OVERHEAD, slot: WINDOW + 5 };
        assert_eq!(admission.lacking(slot, 5, now(0, &usage)), full);
        usage.bytes = 4 << 30;
        let full = Lacking { disk: WINDOW + 4 + 2 * OVERHEAD, capacity: WINDOW + 5, ..full };
        assert_eq!(admission.lacking(slot, 5, Now { room: 1, ..now(0, &usage) }), full);
        // The capacity was lowered below what the slots were promised: the chain still sends publishers here.
        let promised = Now { room: 1, promised: 8 << 30, ..now(0, &usage) };
        assert_eq!(admission.lacking(slot, 5, promised), Lacking { capacity: 0, ..full });
    }

    #[test]
    fn the_slowest_makes_way_and_only_where_it_is_too_slow_or_takes_more_than_its_share() {
        let mut admission = admission(4);
        let usage = Usage::default();
        for _ in 0..4 {
            begin(&mut admission, 1, STAGING, 0).unwrap();
        }
        // They had no time to show their pace, and one account has all places: the newcomer gets one.
        let (second, evicted) = begin(&mut admission, 2, STAGING, 1).unwrap();
        let evicted = evicted.unwrap();
        assert_eq!(admission.arrived(&Ticket(evicted), 1, now(1, &usage)), Err(Refusal::Busy));
        admission.done(Ticket(evicted));
        // One more would be half of all, which is its share; not more.
        let (_, evicted) = begin(&mut admission, 2, STAGING, 1).unwrap();
        admission.done(Ticket(evicted.unwrap()));
        assert_eq!(begin(&mut admission, 2, STAGING, 1), Err(Refusal::Busy));
        // All but one keep a good pace.
        let fast: Vec<u64> = admission.uploads.keys().copied().filter(|id| *id != second).collect();
        for id in fast {
            admission.arrived(&Ticket(id), 100 << 20, now(10, &usage)).unwrap();
        }
        admission.arrived(&Ticket(second), 8 << 10, now(10, &usage)).unwrap();
        let (_, evicted) = begin(&mut admission, 2, STAGING, 10).unwrap();
        assert_eq!(evicted, Some(second));
    }

    #[test]
    fn who_trickles_does_not_keep_others_out() {
        // 64 streams at 8 KiB/s, each of an account of its own.
        let mut admission = admission(64);
        let usage = Usage::default();
        for seed in 0..64 {
            let (id, _) = begin(&mut admission, seed, 1 << 30, 0).unwrap();
            admission.arrived(&Ticket(id), 80 << 10, now(10, &usage)).unwrap();
        }
        let (_, evicted) = begin(&mut admission, 100, 1 << 20, 10).unwrap();
        assert!(evicted.is_some());
        assert!(free(&admission, now(10, &usage)) > STAGING / 2);
    }
}
