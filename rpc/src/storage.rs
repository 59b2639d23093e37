//! `storage_v1`: groups, workers, totals.

use crate::{
    BlockRef, RpcError,
    block::{locate, unreadable},
    json::{address, hex_bytes, page, peer_id},
};
use jsonrpsee::proc_macros::rpc;
use meganet_primitives::chain::{GroupInfo, SlotMember, StorageStats, WorkerInfo};
use pallet_storage_runtime_api::StorageApi as StorageRuntimeApi;
use serde::Serialize;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// The worker of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The worker's number.
    pub worker: u32,
    /// Its libp2p peer id.
    pub peer_id: String,
    /// Its country, ISO 3166-1 alpha-2.
    pub country: String,
}

/// A placement group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its number.
    pub id: u32,
    /// Its profile.
    pub profile: String,
    /// Number of shards that suffice to read.
    pub k: u8,
    /// Number of shards.
    pub n: u8,
    /// Bytes of each slot.
    pub slot_capacity: u64,
    /// Bytes registered for each slot.
    pub used: u64,
    /// Block in which it was opened.
    pub opened: u32,
    /// One entry for each slot, in order; null while it is vacant.
    pub slots: Vec<Option<Member>>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// Its number.
    pub id: u32,
    /// The address of its operator.
    pub operator: String,
    /// Its Ed25519 identity key.
    pub peer_key: String,
    /// The libp2p peer id of that key.
    pub peer_id: String,
    /// Its country, ISO 3166-1 alpha-2.
    pub country: String,
    /// Bytes that it offers.
    pub capacity: u64,
    /// Bytes committed to its slots.
    pub committed: u64,
    /// Number of its slots.
    pub slots: u32,
    /// Its bond, in planck.
    pub bond: String,
    /// Whether it may be assigned to further slots.
    pub accepting: bool,
    /// Block of registration.
    pub registered: u32,
}

/// A page of workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerPage {
    /// The workers, by number.
    pub workers: Vec<Worker>,
    /// The `from` of the next page; null at the end.
    pub next: Option<u32>,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Totals of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The totals.
    #[serde(flatten)]
    pub stats: StorageStats,
    /// The block that this was read at.
    pub block: BlockRef,
}

/// Methods about storage, answered at the last final block.
#[rpc(server)]
pub trait StorageApi {
    /// Returns a placement group, or null if no group has this number.
    #[method(name = "storage_v1_group", blocking)]
    fn group(&self, id: u32) -> Result<Option<Group>, RpcError>;

    /// Returns a page of the registered workers: up to `limit` from number `from` on.
    #[method(name = "storage_v1_workers", blocking)]
    fn workers(&self, from: Option<u32>, limit: Option<u32>) -> Result<WorkerPage, RpcError>;

    /// Returns the totals of the network.
    #[method(name = "storage_v1_stats", blocking)]
    fn stats(&self) -> Result<Stats, RpcError>;
}

/// Implements [`StorageApiServer`] with a node's client.
pub struct Storage<Block, Client> {
    client: Arc<Client>,
    block: PhantomData<Block>,
}

impl<Block, Client> Storage<Block, Client> {
    /// Creates the family over this client.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client, block: PhantomData }
    }
}

impl<Block, Client> StorageApiServer for Storage<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    Client::Api: StorageRuntimeApi<Block>,
{
    fn group(&self, id: u32) -> Result<Option<Group>, RpcError> {
        let (hash, block) = locate(&*self.client, None)?;
        let found = self.client.runtime_api().group(hash, id).map_err(unreadable(hash))?;
        Ok(found.map(|info| Group::new(info, block)))
    }

    fn workers(&self, from: Option<u32>, limit: Option<u32>) -> Result<WorkerPage, RpcError> {
        let limit = page(limit)?;
        let (hash, block) = locate(&*self.client, None)?;
        let workers: Vec<Worker> = self
            .client
            .runtime_api()
            .workers(hash, from.unwrap_or_default(), limit)
            .map_err(unreadable(hash))?
            .into_iter()
            .map(Worker::from)
            .collect();
        let full = u32::try_from(workers.len()).is_ok_and(|found| found >= limit);
        let next = workers.last().filter(|_| full).and_then(|last| last.id.checked_add(1));
        Ok(WorkerPage { workers, next, block })
    }

    fn stats(&self) -> Result<Stats, RpcError> {
        let (hash, block) = locate(&*self.client, None)?;
        let stats = self.client.runtime_api().stats(hash).map_err(unreadable(hash))?;
        Ok(Stats { stats, block })
    }
}

impl From<SlotMember> for Member {
    fn from(member: SlotMember) -> Self {
        Self { worker: member.worker, peer_id: peer_id(&member.peer), country: member.country.to_string() }
    }
}

impl Group {
    fn new(info: GroupInfo, block: BlockRef) -> Self {
        let profile = info.profile.profile();
        Self {
            id: info.id,
            profile: info.profile.to_string(),
            k: profile.k,
            n: profile.n,
            slot_capacity: info.slot_capacity,
            used: info.used,
            opened: info.opened,
            slots: info.slots.into_iter().map(|slot| slot.map(Member::from)).collect(),
            block,
        }
    }
}

impl From<WorkerInfo> for Worker {
    fn from(info: WorkerInfo) -> Self {
        Self {
            id: info.id,
            operator: address(&info.operator),
            peer_key: hex_bytes(info.peer.0),
            peer_id: peer_id(&info.peer),
            country: info.country.to_string(),
            capacity: info.capacity,
            committed: info.committed,
            slots: info.slots,
            bond: info.bond.to_string(),
            accepting: info.accepting,
            registered: info.registered,
        }
    }
}

#[cfg(test)]
mod tests;
