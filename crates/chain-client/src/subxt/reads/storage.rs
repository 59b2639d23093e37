//! Reads about storage, as calls of the runtime's `StorageApi`.

use super::super::SubxtChain;
use crate::{
    client::StorageClient,
    error::ChainError,
    types::{At, StoredLeaf},
};
use async_trait::async_trait;
use codec::Encode;
use meganet_primitives::{
    Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        ChallengeInfo, ChallengedRow, GroupHealth, GroupInfo, RangeInfo, SlotAssignment, StorageParams, StorageStats,
        Tombstone, WorkerAudit, WorkerInfo,
    },
    hash::Hash,
    placement::ProfileId,
    receipt::PeerKey,
};

#[async_trait]
impl StorageClient for SubxtChain {
    async fn params(&self, at: At) -> Result<StorageParams, ChainError> {
        self.call("StorageApi_params", Vec::new(), at).await
    }

    async fn stats(&self, at: At) -> Result<StorageStats, ChainError> {
        self.call("StorageApi_stats", Vec::new(), at).await
    }

    async fn group(&self, id: GroupId, at: At) -> Result<Option<GroupInfo>, ChainError> {
        let found: Option<GroupInfo> = self.call("StorageApi_group", id.encode(), at).await?;
        found.map(sound).transpose()
    }

    async fn groups(&self, from: GroupId, limit: u32, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        let found: Vec<GroupInfo> = self.call("StorageApi_groups", (from, limit).encode(), at).await?;
        found.into_iter().map(sound).collect()
    }

    async fn open_groups(&self, profile: ProfileId, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        let found: Vec<GroupInfo> = self.call("StorageApi_open_groups", profile.encode(), at).await?;
        found.into_iter().map(sound).collect()
    }

    async fn worker(&self, id: WorkerId, at: At) -> Result<Option<WorkerInfo>, ChainError> {
        self.call("StorageApi_worker", id.encode(), at).await
    }

    async fn worker_by_peer(&self, peer: &PeerKey, at: At) -> Result<Option<WorkerInfo>, ChainError> {
        self.call("StorageApi_worker_by_peer", peer.encode(), at).await
    }

    async fn workers(&self, from: WorkerId, limit: u32, at: At) -> Result<Vec<WorkerInfo>, ChainError> {
        self.call("StorageApi_workers", (from, limit).encode(), at).await
    }

    async fn slots_of(
        &self,
        worker: WorkerId,
        from: GroupId,
        limit: u32,
        at: At,
    ) -> Result<Vec<SlotAssignment>, ChainError> {
        self.call("StorageApi_slots_of", (worker, from, limit).encode(), at).await
    }

    async fn ranges(&self, group: GroupId, at: At) -> Result<Vec<RangeInfo>, ChainError> {
        self.call("StorageApi_ranges", group.encode(), at).await
    }

    async fn slot_in(&self, worker: WorkerId, group: GroupId, at: At) -> Result<Option<SlotIndex>, ChainError> {
        self.call("StorageApi_slot_in", (worker, group).encode(), at).await
    }

    async fn tombstoned(&self, group: GroupId, of: &[Tombstone], at: At) -> Result<Vec<bool>, ChainError> {
        self.call("StorageApi_is_tombstoned", (group, of).encode(), at).await
    }

    async fn tombstones(
        &self,
        group: GroupId,
        expiry: Epoch,
        after: Option<Tombstone>,
        limit: u32,
        at: At,
    ) -> Result<Vec<Tombstone>, ChainError> {
        self.call("StorageApi_tombstones", (group, expiry, after, limit).encode(), at).await
    }

    async fn challenge(&self, worker: WorkerId, at: At) -> Result<Option<ChallengeInfo>, ChainError> {
        self.call("StorageApi_challenge", worker.encode(), at).await
    }

    async fn challenged_rows(&self, worker: WorkerId, at: At) -> Result<Vec<ChallengedRow>, ChainError> {
        self.call("StorageApi_challenged_rows", worker.encode(), at).await
    }

    async fn overdue(&self, worker: WorkerId, at: At) -> Result<Vec<WorkerId>, ChainError> {
        self.call("StorageApi_overdue", worker.encode(), at).await
    }

    async fn worker_audit(&self, worker: WorkerId, at: At) -> Result<Option<WorkerAudit>, ChainError> {
        self.call("StorageApi_worker_audit", worker.encode(), at).await
    }

    async fn group_health(&self, group: GroupId, at: At) -> Result<Option<GroupHealth>, ChainError> {
        self.call("StorageApi_group_health", group.encode(), at).await
    }

    async fn stored_leaves(&self, block: &Hash) -> Result<Vec<StoredLeaf>, ChainError> {
        self.stored_in(block).await
    }
}

/// Refuses a group with more slots than its profile has: a slot is an index into bitmaps and shards.
fn sound(group: GroupInfo) -> Result<GroupInfo, ChainError> {
    let (slots, n) = (group.slots.len(), group.profile.profile().n);
    if slots > usize::from(n) {
        let detail = format!("group {} has {slots} slots, though its profile {} has {n}", group.id, group.profile);
        return Err(ChainError::Incompatible { detail });
    }
    Ok(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_with_more_slots_than_its_profile_is_refused() {
        let group = |slots| GroupInfo {
            id: 1,
            profile: ProfileId::Standard,
            slot_capacity: 1 << 30,
            used: 0,
            slots: vec![None; slots],
            opened: 1,
        };
        let n = usize::from(ProfileId::Standard.profile().n);
        assert_eq!(sound(group(n)), Ok(group(n)));
        assert!(matches!(sound(group(n + 1)), Err(ChainError::Incompatible { .. })));
    }
}
