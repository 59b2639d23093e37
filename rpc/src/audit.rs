//! `storage_v1`: audits, pay, the health of groups, and a subscription to the state of the network.

use crate::{
    BlockRef, RpcError,
    block::{locate, unreadable},
    follow::{FinalBlocks, follow},
    json::page,
    storage::Worker,
};
use jsonrpsee::{
    PendingSubscriptionSink,
    core::{SubscriptionResult, async_trait},
    proc_macros::rpc,
};
use meganet_primitives::{
    chain::{ChallengeInfo, ChallengeState, GroupHealth as Health, SlotHealth, WorkerAudit},
    convert::to_u32,
};
use pallet_storage_runtime_api::StorageApi as StorageRuntimeApi;
use serde::Serialize;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// A worker's challenge in the current period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// The worker.
    pub worker: u32,
    /// The period.
    pub period: u32,
    /// The block of the challenge.
    pub block: u32,
    /// The last block in which its proof is accepted.
    pub deadline: u32,
    /// `scheduled`, `open`, `proven` or `missed`.
    pub state: String,
    /// Number of sampled bytes.
    pub samples: u32,
}

/// The challenges of a page of workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengePage {
    /// In the order of the workers; those without a challenge in this period are left out.
    pub challenges: Vec<Challenge>,
    /// The `from` of the next page; null at the end.
    pub next: Option<u32>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A worker, and what it has proven, missed and earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerReport {
    /// The worker.
    #[serde(flatten)]
    pub worker: Worker,
    /// Total number of proven periods.
    pub proven: u32,
    /// Total number of missed periods.
    pub missed: u32,
    /// Missed periods that are not made good by later proofs.
    pub misses: u32,
    /// The number of those at which it loses its slots and its bond.
    pub tolerated: u32,
    /// Total pay of its operator, in planck.
    pub earned: String,
    /// Pay held back until it exits, in planck.
    pub held_back: String,
    /// The pay for a proof of this period, in planck.
    pub pay: String,
    /// Bytes that it must hold in this period.
    pub bytes: u64,
    /// Whether it is handing over its slots in order to exit.
    pub leaving: bool,
    /// Its challenge in this period, once it is drawn.
    pub challenge: Option<Challenge>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// The health of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// The worker that holds it.
    pub worker: u32,
    /// Block in which the worker got it.
    pub since: u32,
    /// Whether the worker holds the slot's shards, as far as its samples show.
    pub whole: bool,
    /// Consecutive samples from which it was excused.
    pub excused: u32,
    /// Missed periods of the worker that are not made good.
    pub misses: u32,
}

/// The health of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupHealth {
    /// The group.
    pub id: u32,
    /// Its profile.
    pub profile: String,
    /// Number of slots that suffice to read.
    pub k: u8,
    /// Number of slots.
    pub n: u8,
    /// Number of slots whose worker holds the slot's shards.
    pub whole: u32,
    /// The number of taken slots below which vacant ones are filled at once.
    pub margin: u32,
    /// Whether it is queued to be filled.
    pub queued: bool,
    /// One entry for each slot, in order; null while it is vacant.
    pub slots: Vec<Option<Slot>>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Totals and money at a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Registered workers.
    pub workers: u32,
    /// Placement groups.
    pub groups: u32,
    /// Groups with a vacant slot.
    pub groups_filling: u32,
    /// Objects registered since genesis.
    pub objects: u64,
    /// The storage epoch.
    pub epoch: u32,
    /// The price of one GiB of shards for one epoch, in planck.
    pub price_per_gib_epoch: String,
    /// Total paid by owners, in planck.
    pub paid_in: String,
    /// Total burned, in planck.
    pub burned: String,
    /// Total paid to workers and reporters, in planck.
    pub paid_out: String,
    /// Amount that can still be earned, in planck.
    pub escrow: String,
    /// Held back from workers, in planck.
    pub held_back: String,
    /// The repair fund, in planck.
    pub fund: String,
    /// Total of lost bonds, in planck.
    pub slashed: String,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Methods about audits, answered at the last final block.
#[rpc(server)]
pub trait AuditApi {
    /// Returns the challenges of a page of workers in this period: up to `limit` workers from number `from` on.
    #[method(name = "storage_v1_challenges", blocking)]
    fn challenges(&self, from: Option<u32>, limit: Option<u32>) -> Result<ChallengePage, RpcError>;

    /// Returns a worker, or null if no worker has this number.
    #[method(name = "storage_v1_worker", blocking)]
    fn worker(&self, id: u32) -> Result<Option<WorkerReport>, RpcError>;

    /// Returns the health of a group, or null if no group has this number.
    #[method(name = "storage_v1_groupHealth", blocking)]
    fn group_health(&self, id: u32) -> Result<Option<GroupHealth>, RpcError>;

    /// Returns totals and money.
    #[method(name = "storage_v1_network", blocking)]
    fn network(&self) -> Result<Network, RpcError>;

    /// Sends totals and money at the last final block and every block that becomes final. A slow client skips blocks.
    #[subscription(name = "storage_v1_subscribeNetwork" => "storage_v1_networkAt", unsubscribe = "storage_v1_unsubscribeNetwork", item = Network)]
    async fn subscribe_network(&self) -> SubscriptionResult;
}

/// Implements [`AuditApiServer`] with a node's client.
pub struct Audit<Block, Client> {
    client: Arc<Client>,
    finals: FinalBlocks,
    block: PhantomData<Block>,
}

impl<Block, Client> Audit<Block, Client> {
    /// Creates the family over this client. `finals` is the stream of final blocks.
    pub fn new(client: Arc<Client>, finals: FinalBlocks) -> Self {
        Self { client, finals, block: PhantomData }
    }
}

impl<Block, Client> Audit<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: StorageRuntimeApi<Block>,
{
    fn network_at(client: &Client, at: Option<H256>) -> Result<Network, RpcError> {
        let (hash, block) = locate(client, at)?;
        let api = client.runtime_api();
        let stats = api.stats(hash).map_err(unreadable(hash))?;
        let money = api.money(hash).map_err(unreadable(hash))?;
        Ok(Network {
            workers: stats.totals.workers,
            groups: stats.totals.groups,
            groups_filling: stats.totals.groups_filling,
            objects: stats.totals.objects,
            epoch: stats.epoch,
            price_per_gib_epoch: money.price_per_gib_epoch.to_string(),
            paid_in: money.paid_in.to_string(),
            burned: money.burned.to_string(),
            paid_out: money.paid_out.to_string(),
            escrow: money.escrow.to_string(),
            held_back: money.held_back.to_string(),
            fund: money.fund.to_string(),
            slashed: money.slashed.to_string(),
            block,
        })
    }
}

#[async_trait]
impl<Block, Client> AuditApiServer for Audit<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: StorageRuntimeApi<Block>,
{
    fn challenges(&self, from: Option<u32>, limit: Option<u32>) -> Result<ChallengePage, RpcError> {
        let limit = page(limit)?;
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let workers = api.workers(hash, from.unwrap_or_default(), limit).map_err(unreadable(hash))?;
        let mut challenges = Vec::new();
        for worker in &workers {
            let found = api.challenge(hash, worker.id).map_err(unreadable(hash))?;
            challenges.extend(found.map(Challenge::from));
        }
        let full = u32::try_from(workers.len()).is_ok_and(|found| found >= limit);
        let next = workers.last().filter(|_| full).and_then(|last| last.id.checked_add(1));
        Ok(ChallengePage { challenges, next, block })
    }

    fn worker(&self, id: u32) -> Result<Option<WorkerReport>, RpcError> {
        let (hash, block) = locate(&*self.client, None)?;
        let api = self.client.runtime_api();
        let worker = api.worker(hash, id).map_err(unreadable(hash))?;
        let audit = api.worker_audit(hash, id).map_err(unreadable(hash))?;
        let (Some(worker), Some(audit)) = (worker, audit) else { return Ok(None) };
        let tolerated = api.params(hash).map_err(unreadable(hash))?.tolerance.misses;
        let challenge = api.challenge(hash, id).map_err(unreadable(hash))?.map(Challenge::from);
        let WorkerAudit { record, earned, held_back, pay, bytes, leaving, .. } = audit;
        Ok(Some(WorkerReport {
            worker: Worker::from(worker),
            proven: record.proven,
            missed: record.missed,
            misses: record.misses,
            tolerated,
            earned: earned.to_string(),
            held_back: held_back.to_string(),
            pay: pay.to_string(),
            bytes,
            leaving,
            challenge,
            block,
        }))
    }

    fn group_health(&self, id: u32) -> Result<Option<GroupHealth>, RpcError> {
        let (hash, block) = locate(&*self.client, None)?;
        let found = self.client.runtime_api().group_health(hash, id).map_err(unreadable(hash))?;
        Ok(found.map(|health| GroupHealth::new(health, block)))
    }

    fn network(&self) -> Result<Network, RpcError> {
        Self::network_at(&self.client, None)
    }

    async fn subscribe_network(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        let client = self.client.clone();
        follow(pending, (self.finals)(), move |at| Self::network_at(&client, at), |_, _| true).await
    }
}

impl From<ChallengeInfo> for Challenge {
    fn from(info: ChallengeInfo) -> Self {
        let state = match info.state {
            ChallengeState::Scheduled => "scheduled",
            ChallengeState::Open => "open",
            ChallengeState::Proven => "proven",
            ChallengeState::Missed => "missed",
        };
        Self {
            worker: info.worker,
            period: info.period,
            block: info.block,
            deadline: info.deadline,
            state: state.to_owned(),
            samples: to_u32(info.samples.len()),
        }
    }
}

impl From<SlotHealth> for Slot {
    fn from(slot: SlotHealth) -> Self {
        let SlotHealth { worker, since, whole, excused, misses } = slot;
        Self { worker, since, whole, excused, misses }
    }
}

impl GroupHealth {
    fn new(health: Health, block: BlockRef) -> Self {
        let profile = health.profile.profile();
        Self {
            id: health.id,
            profile: health.profile.to_string(),
            k: profile.k,
            n: profile.n,
            whole: health.whole,
            margin: health.margin,
            queued: health.queued,
            slots: health.slots.into_iter().map(|slot| slot.map(Slot::from)).collect(),
            block,
        }
    }
}

#[cfg(test)]
mod tests;
