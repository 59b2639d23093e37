//! Reads about workers, groups, batches and audits.

use super::{heads::HeadsClient, pages::all_pages};
use crate::{
    error::ChainError,
    types::{At, StoredLeaf},
};
use async_trait::async_trait;
use meganet_primitives::{
    Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        ChallengeInfo, ChallengedRow, GroupHealth, GroupInfo, MAX_PAGE, RangeInfo, SlotAssignment, StorageParams,
        StorageStats, Tombstone, WorkerAudit, WorkerInfo,
    },
    hash::Hash,
    placement::ProfileId,
    receipt::PeerKey,
};

/// Reads about storage.
///
/// Lists come in pages of at most [`MAX_PAGE`] items; the `all_*` methods read all pages at one block.
#[async_trait]
pub trait StorageClient: HeadsClient {
    /// Prices, limits and the epoch.
    async fn params(&self, at: At) -> Result<StorageParams, ChainError>;

    /// Totals of the network.
    async fn stats(&self, at: At) -> Result<StorageStats, ChainError>;

    /// A placement group.
    async fn group(&self, id: GroupId, at: At) -> Result<Option<GroupInfo>, ChainError>;

    /// A page of the groups, from number `from`.
    async fn groups(&self, from: GroupId, limit: u32, at: At) -> Result<Vec<GroupInfo>, ChainError>;

    /// The groups of a profile that have room, including those that still wait for their workers.
    async fn open_groups(&self, profile: ProfileId, at: At) -> Result<Vec<GroupInfo>, ChainError>;

    /// A worker by its number.
    async fn worker(&self, id: WorkerId, at: At) -> Result<Option<WorkerInfo>, ChainError>;

    /// A worker by its identity key.
    async fn worker_by_peer(&self, peer: &PeerKey, at: At) -> Result<Option<WorkerInfo>, ChainError>;

    /// A page of the workers, from number `from`.
    async fn workers(&self, from: WorkerId, limit: u32, at: At) -> Result<Vec<WorkerInfo>, ChainError>;

    /// A page of the slots that a worker holds, from group `from`.
    async fn slots_of(
        &self,
        worker: WorkerId,
        from: GroupId,
        limit: u32,
        at: At,
    ) -> Result<Vec<SlotAssignment>, ChainError>;

    /// The ranges of a group that have not expired, by expiry.
    async fn ranges(&self, group: GroupId, at: At) -> Result<Vec<RangeInfo>, ChainError>;

    /// The slot that a worker holds in a group.
    async fn slot_in(&self, worker: WorkerId, group: GroupId, at: At) -> Result<Option<SlotIndex>, ChainError>;

    /// Whether each of these objects of a group was deleted early by its owner, in their order.
    async fn tombstoned(&self, group: GroupId, of: &[Tombstone], at: At) -> Result<Vec<bool>, ChainError>;

    /// A page of the tombstones of one range, in the order of the chain's storage, after `after`.
    async fn tombstones(
        &self,
        group: GroupId,
        expiry: Epoch,
        after: Option<Tombstone>,
        limit: u32,
        at: At,
    ) -> Result<Vec<Tombstone>, ChainError>;

    /// The batches that a block registered, in order. The block's state must not be pruned.
    async fn stored_leaves(&self, block: &Hash) -> Result<Vec<StoredLeaf>, ChainError>;

    /// The challenge of a worker in the period of that block; `None` until it is drawn, and for a worker that had no slot
    /// when the period began.
    async fn challenge(&self, worker: WorkerId, at: At) -> Result<Option<ChallengeInfo>, ChainError>;

    /// The rows that the other members of a worker's groups are challenged for and have not proven yet. The worker must
    /// not serve them.
    async fn challenged_rows(&self, worker: WorkerId, at: At) -> Result<Vec<ChallengedRow>, ChainError>;

    /// Members of a worker's groups that have missed too much and can be reported.
    async fn overdue(&self, worker: WorkerId, at: At) -> Result<Vec<WorkerId>, ChainError>;

    /// Returns the audit record of a worker: periods proven and missed, and pay earned.
    async fn worker_audit(&self, worker: WorkerId, at: At) -> Result<Option<WorkerAudit>, ChainError>;

    /// The members of a group, and how much each of them holds and misses.
    async fn group_health(&self, group: GroupId, at: At) -> Result<Option<GroupHealth>, ChainError>;

    /// Every worker at one block.
    async fn all_workers(&self, at: At) -> Result<Vec<WorkerInfo>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&WorkerInfo>| {
            let from = last.map_or(0, |last| last.id.saturating_add(1));
            self.workers(from, MAX_PAGE, at)
        })
        .await
    }

    /// Every group at one block.
    async fn all_groups(&self, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&GroupInfo>| {
            let from = last.map_or(0, |last| last.id.saturating_add(1));
            self.groups(from, MAX_PAGE, at)
        })
        .await
    }

    /// Every slot of a worker at one block.
    async fn all_slots_of(&self, worker: WorkerId, at: At) -> Result<Vec<SlotAssignment>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&SlotAssignment>| {
            let from = last.map_or(0, |last| last.group.saturating_add(1));
            self.slots_of(worker, from, MAX_PAGE, at)
        })
        .await
    }

    /// Every tombstone of one range at one block.
    async fn all_tombstones(&self, group: GroupId, expiry: Epoch, at: At) -> Result<Vec<Tombstone>, ChainError> {
        let at = self.pin(at).await?;
        all_pages(|last: Option<&Tombstone>| self.tombstones(group, expiry, last.copied(), MAX_PAGE, at)).await
    }
}
