//! The JSON of `GET /health`. Its format is documented in `docs/worker.md`, and a test compares the two.

use crate::{
    background::JobInfo,
    local::Local,
    service::{GroupView, space::Room},
    status::Status,
    worker::Online,
};
use meganet_chain_client::account::format_account;
use meganet_primitives::chain::ChallengeState;
use serde::Serialize;

/// The state of a worker as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// A job keeps failing, or was given up: see `jobs`. The page's HTTP status is 503.
    Failing,
    /// The worker is not registered yet: see `trouble`.
    Starting,
    /// The worker is no longer registered: it was expelled, or has left. See `trouble`.
    Unregistered,
    /// The worker does not know yet everything that it should hold, or hears of no new finalized block: see `trouble`.
    Syncing,
    /// Shards are missing or damaged, and are being rebuilt.
    Healing,
    /// All is well.
    Ok,
}

/// The health of a worker.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The state of the worker as a whole.
    pub state: HealthState,
    /// The reason why the worker cannot do its work; null if it can.
    pub trouble: Option<String>,
    /// The version of the program.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// The worker's peer id.
    pub peer_id: String,
    /// Its number in the registry; null while it is not registered.
    pub worker_id: Option<u32>,
    /// The account that operates it, SS58.
    pub operator: Option<String>,
    /// The country that it declares.
    pub country: Option<String>,
    /// The chain's genesis hash.
    pub genesis: Option<String>,
    /// Number of slots.
    pub slots: usize,
    /// The slots.
    pub groups: Vec<Slot>,
    /// Objects of which it holds a shard.
    pub objects: u64,
    /// Bytes of those shards.
    pub bytes: u64,
    /// Of those, bytes that the chain has not registered.
    pub unregistered_bytes: u64,
    /// Bytes that it lends.
    pub capacity: u64,
    /// Free bytes of the disk; null until they are known.
    pub disk_free: Option<u64>,
    /// The room that they leave: `ample`, `low` (no shards are taken in) or `full`.
    pub disk_room: Option<Room>,
    /// Whether it knows everything that it should hold, up to the finalized head.
    pub synced: bool,
    /// Shards that are missing or damaged; null while the index has not known yet what should be there.
    pub missing: Option<u64>,
    /// Of those, damaged ones.
    pub damaged: u64,
    /// Promises that are reported to have ended, whose bytes are still kept and served.
    pub lapsed: u64,
    /// Rows of the index that could not be read at the start.
    pub unreadable_rows: u64,
    /// Shard files that the index did not know and that were adopted since the start.
    pub adopted: u64,
    /// Shards being rebuilt at the moment.
    pub rebuilding: u64,
    /// Shards rebuilt since the start.
    pub rebuilt: u64,
    /// Shards in which damage was found since the start.
    pub corrupt_found: u64,
    /// Damaged shards that became whole again since the start.
    pub healed: u64,
    /// Passes of the scrub completed since the start.
    pub scrub_passes: u64,
    /// Proofs of storage; null until the chain was asked.
    pub audit: Option<Audit>,
    /// The last known finalized block.
    pub chain_head: Option<u32>,
    /// Seconds since the worker first saw that block.
    pub chain_head_age_s: Option<u64>,
    /// The finalized block up to which all registrations are known.
    pub followed: Option<u32>,
    /// Connected peers.
    pub peers: usize,
    /// Addresses that the worker announces.
    pub addresses: Vec<String>,
    /// The background jobs, in the order in which they were started.
    pub jobs: Vec<JobInfo>,
}

/// Proofs of storage. Amounts are in planck, as text.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// The period of the present challenge; null if there is none.
    pub period: Option<u32>,
    /// The state of that challenge: `scheduled`, `open`, `proven` or `missed`.
    pub state: Option<ChallengeState>,
    /// Periods proven, ever.
    pub proven: u32,
    /// Periods missed, ever.
    pub missed: u32,
    /// Missed periods that later proofs have not made good.
    pub misses: u32,
    /// Paid to the operator, ever.
    pub earned: String,
    /// Earned, and held back until the worker leaves in order.
    pub held_back: String,
    /// Whether the worker is handing over its slots in order to leave.
    pub leaving: bool,
}

/// A slot of the worker.
#[derive(Clone, Debug, Serialize)]
pub struct Slot {
    /// The group.
    pub group: u32,
    /// The slot in it.
    pub slot: u8,
    /// The group's profile.
    pub profile: String,
    /// Bytes that the chain has registered for the slot.
    pub used: u64,
    /// Bytes of the slot.
    pub slot_capacity: u64,
}

impl Health {
    /// The health of a worker that may not be on the network yet.
    pub(super) fn now(peer_id: &str, local: &Local, online: Option<&Online>) -> Self {
        let Local { disk, status, metrics, jobs, settings, .. } = local;
        let (usage, worker, synced) = (disk.usage(), status.worker(), status.synced());
        let groups = online.map(|online| slots(&online.groups.all())).unwrap_or_default();
        let state = match () {
            () if !jobs.is_healthy() => HealthState::Failing,
            () if status.is_unregistered() => HealthState::Unregistered,
            () if worker.is_none() || online.is_none() => HealthState::Starting,
            () if !synced => HealthState::Syncing,
            () if usage.missing > 0 => HealthState::Healing,
            () => HealthState::Ok,
        };
        Self {
            state,
            trouble: status.trouble(),
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: status.uptime(),
            peer_id: peer_id.to_owned(),
            worker_id: worker.as_ref().map(|worker| worker.id),
            operator: worker.as_ref().map(|worker| format_account(&worker.operator)),
            country: worker.as_ref().map(|worker| worker.country.to_string()),
            genesis: online.map(|online| format!("0x{}", hex::encode(online.genesis))),
            slots: groups.len(),
            groups,
            objects: usage.shards,
            bytes: usage.bytes,
            unregistered_bytes: usage.unregistered_bytes(),
            capacity: settings.capacity,
            disk_free: status.space().map(|space| space.free),
            disk_room: status.space().map(|space| space.room),
            synced,
            missing: (synced || disk.store().was_synced()).then_some(usage.missing),
            damaged: usage.damaged,
            lapsed: usage.lapsed,
            unreadable_rows: usage.unreadable,
            adopted: metrics.adopted.get(),
            rebuilding: status.rebuilding(),
            rebuilt: metrics.rebuilt.get(),
            corrupt_found: metrics.corrupt_found.get(),
            healed: metrics.healed.get(),
            scrub_passes: metrics.scrub_passes.get(),
            audit: Audit::of(status),
            chain_head: status.head(),
            chain_head_age_s: status.head_age().map(|age| age.as_secs()),
            followed: status.followed(),
            peers: online.map_or(0, |online| online.net.connected_peers()),
            addresses: online
                .map(|online| online.net.addresses().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            jobs: jobs.list(),
        }
    }
}

impl Audit {
    fn of(status: &Status) -> Option<Self> {
        let audit = status.audit()?;
        let challenge = status.challenge();
        Some(Self {
            period: challenge.map(|(period, _)| period),
            state: challenge.map(|(_, state)| state),
            proven: audit.record.proven,
            missed: audit.record.missed,
            misses: audit.record.misses,
            earned: audit.earned.to_string(),
            held_back: audit.held_back.to_string(),
            leaving: audit.leaving,
        })
    }
}

fn slots(groups: &[GroupView]) -> Vec<Slot> {
    let slot = |view: &GroupView| Slot {
        group: view.id,
        slot: view.slot,
        profile: view.profile.to_string(),
        used: view.used,
        slot_capacity: view.slot_capacity,
    };
    groups.iter().map(slot).collect()
}
