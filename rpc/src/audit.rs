//! `storage_v1` again: audits, pay, and the health of groups; and a subscription that follows the network.

use crate::{
    BlockRef, RpcError,
    block::{locate, unreadable},
    json::page,
    storage::Worker,
};
use futures::{StreamExt, stream::BoxStream};
use jsonrpsee::{
    PendingSubscriptionSink, SubscriptionMessage,
    core::{SubscriptionResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use meganet_primitives::chain::{ChallengeInfo, ChallengeState, GroupHealth as Health, SlotHealth, WorkerAudit};
use pallet_storage_runtime_api::StorageApi as StorageRuntimeApi;
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// A worker's challenge of the present period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// The worker.
    pub worker: u32,
    /// The period.
    pub period: u32,
    /// The block with which it comes.
    pub block: u32,
    /// The last block in which its proof is accepted.
    pub deadline: u32,
    /// `scheduled`, `open`, `proven` or `missed`.
    pub state: String,
    /// How many bytes are asked for.
    pub samples: u32,
}

/// Challenges of a page of workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChallengePage {
    /// By the numbers of the workers; workers that are not challenged in this period are left out.
    pub challenges: Vec<Challenge>,
    /// What to give as `from` for the next page; null at the end.
    pub next: Option<u32>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A worker with what it has proven, missed and earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerReport {
    /// Who it is.
    #[serde(flatten)]
    pub worker: Worker,
    /// Periods proven, ever.
    pub proven: u32,
    /// Periods missed, ever.
    pub missed: u32,
    /// Missed periods that are not made good.
    pub misses: u32,
    /// For so many of those it loses slots and bond.
    pub tolerated: u32,
    /// Paid to its operator, ever, in planck.
    pub earned: String,
    /// Held back until it leaves in order, in planck.
    pub held_back: String,
    /// What a proof of this period pays, in planck.
    pub pay: String,
    /// Bytes that it has to hold in this period.
    pub bytes: u64,
    /// Whether it hands its slots over in order to leave.
    pub leaving: bool,
    /// Its challenge of this period, if it is drawn.
    pub challenge: Option<Challenge>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// How a slot is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// Who holds it.
    pub worker: u32,
    /// Block in which it got it.
    pub since: u32,
    /// Whether it holds what it should.
    pub whole: bool,
    /// Samples in a row that it was excused from.
    pub excused: u32,
    /// Missed periods that it has not made good.
    pub misses: u32,
}

/// How a group is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupHealth {
    /// The group.
    pub id: u32,
    /// Its profile.
    pub profile: String,
    /// Slots that suffice to read.
    pub k: u8,
    /// Slots that there are.
    pub n: u8,
    /// Slots that have a worker which holds what it should.
    pub whole: u32,
    /// With fewer slots than this taken, vacant ones are given away at once.
    pub margin: u32,
    /// Whether it waits for the chain to give slots away.
    pub queued: bool,
    /// One entry a slot, in order; null while it is vacant.
    pub slots: Vec<Option<Slot>>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Totals and money at a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Registered workers.
    pub workers: u32,
    /// Placement groups.
    pub groups: u32,
    /// Groups with a vacant slot: the repair queue.
    pub groups_filling: u32,
    /// Objects registered since genesis.
    pub objects: u64,
    /// The storage epoch.
    pub epoch: u32,
    /// The price of one GiB of shards for one epoch, in planck.
    pub price_per_gib_epoch: String,
    /// Paid by owners, ever, in planck.
    pub paid_in: String,
    /// Burned of it, in planck.
    pub burned: String,
    /// Paid to workers and reporters, ever, in planck.
    pub paid_out: String,
    /// Waiting to be earned, in planck.
    pub escrow: String,
    /// Held back from workers, in planck.
    pub held_back: String,
    /// The repair fund, in planck.
    pub fund: String,
    /// Bonds that were lost, ever, in planck.
    pub slashed: String,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Questions about audits, answered at the last final block.
#[rpc(server)]
pub trait AuditApi {
    /// The challenges of the workers in this period, a page of workers at a time: up to `limit` from number `from` on.
    #[method(name = "storage_v1_challenges", blocking)]
    fn challenges(&self, from: Option<u32>, limit: Option<u32>) -> Result<ChallengePage, RpcError>;

    /// A worker, or null where there is none with this number.
    #[method(name = "storage_v1_worker", blocking)]
    fn worker(&self, id: u32) -> Result<Option<WorkerReport>, RpcError>;

    /// How a group is, or null where there is none with this number.
    #[method(name = "storage_v1_groupHealth", blocking)]
    fn group_health(&self, id: u32) -> Result<Option<GroupHealth>, RpcError>;

    /// Totals and money.
    #[method(name = "storage_v1_network", blocking)]
    fn network(&self) -> Result<Network, RpcError>;

    /// Totals and money at every block that becomes final, from the last final one on. A client that does not keep up skips
    /// blocks.
    #[subscription(name = "storage_v1_subscribeNetwork" => "storage_v1_networkAt", unsubscribe = "storage_v1_unsubscribeNetwork", item = Network)]
    async fn subscribe_network(&self) -> SubscriptionResult;
}

/// The hashes of blocks as they become final.
pub type FinalBlocks = Arc<dyn Fn() -> BoxStream<'static, H256> + Send + Sync>;

/// Answers [`AuditApi`] from a node's database.
pub struct Audit<Block, Client> {
    client: Arc<Client>,
    finals: FinalBlocks,
    block: PhantomData<Block>,
}

impl<Block, Client> Audit<Block, Client> {
    /// Over this client, which makes blocks final as `finals` tells.
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
    fn network_at(&self, at: Option<H256>) -> Result<Network, RpcError> {
        let (hash, block) = locate(&*self.client, at)?;
        let api = self.client.runtime_api();
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
        self.network_at(None)
    }

    async fn subscribe_network(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        // The stream begins before the first answer, so that no block is lost between them.
        let mut finals = (self.finals)();
        let first = self.network_at(None).map_err(|error| ErrorObjectOwned::from(error).to_string())?;
        let sink = pending.accept().await?;
        sink.send(SubscriptionMessage::from_json(&first)?).await?;
        loop {
            let hash = tokio::select! {
                () = sink.closed() => return Ok(()),
                hash = finals.next() => hash,
            };
            let Some(hash) = hash else { return Ok(()) };
            // A block whose state is gone already is skipped.
            let Ok(network) = self.network_at(Some(hash)) else { continue };
            sink.send(SubscriptionMessage::from_json(&network)?).await?;
        }
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
            samples: u32::try_from(info.samples.len()).unwrap_or(u32::MAX),
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
