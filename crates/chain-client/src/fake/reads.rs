//! The fake chain's answers.

use super::{FakeChain, Inner, Pending, world::World};
use crate::{
    account::format_account,
    client::ChainClient,
    cost,
    error::ChainError,
    signer::Signer,
    types::{AccountBalance, At, BlockRef, Call, NodeStatus, StoredLeaf, TxOutcome, Until},
};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use meganet_primitives::{
    AccountId, AutoRenewalId, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        AutoRenewalInfo, Availability, ChallengeInfo, ChallengedRow, CommitmentInfo, GroupHealth, GroupInfo, MAX_PAGE,
        NameInfo, NameRecordEntry, NameVersion, RangeInfo, Resolution, SlotAssignment, StorageMoney, StorageParams,
        StorageStats, SubnameInfo, Tombstone, WorkerAudit, WorkerInfo,
    },
    hash::{Hash, Tag, tagged},
    name::{NameParams, Quote, RecordKey},
    object::ObjectId,
    placement::ProfileId,
    receipt::PeerKey,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How long a submission waits for somebody to call `tick`.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a stream looks whether the node can be reached again.
const AWAY: Duration = Duration::from_millis(20);

impl FakeChain {
    fn world(&self, at: At) -> Result<Arc<World>, ChainError> {
        let inner = self.reach()?;
        let block = match at {
            At::Best => inner.blocks.best(),
            At::Finalized => {
                let height = self.finalized_height(&inner);
                inner.blocks.at_height(height).ok_or_else(|| unknown(&height.to_string()))?
            }
            At::Block(hash) => inner.blocks.by_hash(&hash).ok_or_else(|| unknown(&hex::encode(hash)))?,
        };
        if block.pruned {
            return Err(ChainError::StatePruned { block: block.at.to_string() });
        }
        Ok(block.world.clone())
    }

    fn finalized_height(&self, inner: &Inner) -> BlockNumber {
        inner.blocks.best().at.number.saturating_sub(self.config().finality_lag)
    }

    /// Waits until that height is finalized, and makes the blocks if submissions do so.
    async fn wait_finalized(&self, height: BlockNumber) {
        let mut finalized = self.shared.finalized.subscribe();
        while *finalized.borrow_and_update() < height {
            if self.config().auto_tick {
                self.tick();
            } else if finalized.changed().await.is_err() {
                return;
            }
        }
    }
}

fn key(stone: &Tombstone) -> (Epoch, u64, ObjectId) {
    (stone.expiry, stone.leaf, stone.object)
}

fn unknown(block: &str) -> ChainError {
    ChainError::UnknownBlock { block: block.to_owned() }
}

/// A page as the runtime makes it.
fn page<T>(items: impl Iterator<Item = T>, limit: u32) -> Vec<T> {
    items.take(usize::try_from(limit.min(MAX_PAGE)).unwrap_or(0)).collect()
}

#[async_trait]
impl ChainClient for FakeChain {
    fn genesis(&self) -> Hash {
        self.config().genesis
    }

    async fn node_status(&self) -> Result<NodeStatus, ChainError> {
        drop(self.reach()?);
        Ok(NodeStatus { chain: "Fake".to_owned(), version: "0".to_owned(), peers: 0, syncing: false })
    }

    async fn finalized(&self) -> Result<BlockRef, ChainError> {
        let inner = self.reach()?;
        let height = self.finalized_height(&inner);
        inner.blocks.at_height(height).map(|block| block.at).ok_or_else(|| unknown(&height.to_string()))
    }

    async fn best(&self) -> Result<BlockRef, ChainError> {
        Ok(self.reach()?.blocks.best().at)
    }

    fn blocks(&self, from: Option<BlockNumber>) -> BoxStream<'static, BlockRef> {
        let chain = self.clone();
        let finalized = self.shared.finalized.subscribe();
        let next = from.unwrap_or_else(|| *finalized.borrow());
        stream::unfold((chain, finalized, next), |(chain, mut finalized, next)| async move {
            loop {
                if *finalized.borrow_and_update() >= next {
                    let block = chain.lock().blocks.at_height(next)?.at;
                    return Some((block, (chain, finalized, next + 1)));
                }
                finalized.changed().await.ok()?;
            }
        })
        .boxed()
    }

    fn best_blocks(&self) -> BoxStream<'static, BlockRef> {
        let chain = self.clone();
        let best = self.shared.best.subscribe();
        stream::unfold((chain, best, None), |(chain, mut best, told)| async move {
            loop {
                if chain.lock().unreachable {
                    tokio::time::sleep(AWAY).await;
                    continue;
                }
                let head = *best.borrow_and_update();
                if told != Some(head) {
                    return Some((head, (chain, best, Some(head))));
                }
                best.changed().await.ok()?;
            }
        })
        .boxed()
    }

    async fn name(&self, label: &str, at: At) -> Result<Option<NameInfo>, ChainError> {
        Ok(self.world(at)?.name_info(label.as_bytes()))
    }

    async fn resolve(&self, name: &str, at: At) -> Result<Option<Resolution>, ChainError> {
        Ok(self.world(at)?.resolve(name))
    }

    async fn names_of(
        &self,
        owner: &AccountId,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<NameInfo>, ChainError> {
        Ok(page(self.world(at)?.names_of(owner, after.map(str::as_bytes)), limit))
    }

    async fn availability(&self, label: &str, who: &AccountId, at: At) -> Result<Availability, ChainError> {
        Ok(self.world(at)?.availability(label.as_bytes(), who))
    }

    async fn name_quote(&self, label: &str, years: u32, at: At) -> Result<Quote, ChainError> {
        Ok(self.world(at)?.name_quote(label.as_bytes(), years))
    }

    async fn name_params(&self, _: At) -> Result<NameParams, ChainError> {
        drop(self.reach()?);
        Ok(self.config().names)
    }

    async fn name_history(&self, label: &str, at: At) -> Result<Vec<NameVersion>, ChainError> {
        Ok(self.world(at)?.name_history(label.as_bytes()))
    }

    async fn name_records(&self, label: &str, at: At) -> Result<Vec<NameRecordEntry>, ChainError> {
        Ok(self.world(at)?.name_records(label.as_bytes()))
    }

    async fn name_record(&self, label: &str, key: &RecordKey, at: At) -> Result<Option<Vec<u8>>, ChainError> {
        let records = self.world(at)?.name_records(label.as_bytes());
        Ok(records.into_iter().find(|entry| entry.key == *key).map(|entry| entry.value.into_inner()))
    }

    async fn name_delegates(&self, label: &str, at: At) -> Result<Vec<AccountId>, ChainError> {
        Ok(self.world(at)?.name_delegates(label.as_bytes()))
    }

    async fn subnames(
        &self,
        label: &str,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<SubnameInfo>, ChainError> {
        Ok(page(self.world(at)?.subnames(label.as_bytes(), after.map(str::as_bytes)).into_iter(), limit))
    }

    async fn reverse(&self, account: &AccountId, at: At) -> Result<Option<String>, ChainError> {
        Ok(self.world(at)?.reverse(account))
    }

    async fn commitments(&self, account: &AccountId, at: At) -> Result<Vec<CommitmentInfo>, ChainError> {
        Ok(self.world(at)?.commitments(account))
    }

    async fn params(&self, at: At) -> Result<StorageParams, ChainError> {
        Ok(self.world(at)?.params())
    }

    async fn stats(&self, at: At) -> Result<StorageStats, ChainError> {
        Ok(self.world(at)?.stats())
    }

    async fn group(&self, id: GroupId, at: At) -> Result<Option<GroupInfo>, ChainError> {
        Ok(self.world(at)?.group_info(id))
    }

    async fn groups(&self, from: GroupId, limit: u32, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        let world = self.world(at)?;
        Ok(page(world.storage.groups.range(from..).filter_map(|(id, _)| world.group_info(*id)), limit))
    }

    async fn open_groups(&self, profile: ProfileId, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        Ok(self.world(at)?.open_groups(profile))
    }

    async fn worker(&self, id: WorkerId, at: At) -> Result<Option<WorkerInfo>, ChainError> {
        Ok(self.world(at)?.storage.workers.get(&id).cloned())
    }

    async fn worker_by_peer(&self, peer: &PeerKey, at: At) -> Result<Option<WorkerInfo>, ChainError> {
        Ok(self.world(at)?.storage.workers.values().find(|worker| worker.peer == *peer).cloned())
    }

    async fn workers(&self, from: WorkerId, limit: u32, at: At) -> Result<Vec<WorkerInfo>, ChainError> {
        Ok(page(self.world(at)?.storage.workers.range(from..).map(|(_, worker)| worker.clone()), limit))
    }

    async fn slots_of(
        &self,
        worker: WorkerId,
        from: GroupId,
        limit: u32,
        at: At,
    ) -> Result<Vec<SlotAssignment>, ChainError> {
        Ok(page(self.world(at)?.slots_of(worker).into_iter().filter(|slot| slot.group >= from), limit))
    }

    async fn ranges(&self, group: GroupId, at: At) -> Result<Vec<RangeInfo>, ChainError> {
        Ok(self.world(at)?.ranges(group))
    }

    async fn slot_in(&self, worker: WorkerId, group: GroupId, at: At) -> Result<Option<SlotIndex>, ChainError> {
        let slots = self.world(at)?.slots_of(worker);
        Ok(slots.iter().find(|held| held.group == group).map(|held| held.slot))
    }

    async fn tombstoned(&self, group: GroupId, of: &[Tombstone], at: At) -> Result<Vec<bool>, ChainError> {
        let world = self.world(at)?;
        let stones = world.storage.tombstones.get(&group);
        let placed = |stone: &Tombstone| stones.is_some_and(|set| set.contains_key(&key(stone)));
        Ok(of.iter().map(placed).collect())
    }

    async fn tombstones(
        &self,
        group: GroupId,
        expiry: Epoch,
        after: Option<Tombstone>,
        limit: u32,
        at: At,
    ) -> Result<Vec<Tombstone>, ChainError> {
        let world = self.world(at)?;
        let Some(stones) = world.storage.tombstones.get(&group) else { return Ok(Vec::new()) };
        let after = after.map(|stone| key(&stone));
        let wanted = stones.keys().filter(|stone| stone.0 == expiry && after.is_none_or(|after| **stone > after));
        Ok(page(wanted.map(|&(expiry, leaf, object)| Tombstone { expiry, leaf, object }), limit))
    }

    async fn challenge(&self, worker: WorkerId, at: At) -> Result<Option<ChallengeInfo>, ChainError> {
        Ok(self.world(at)?.challenge(worker))
    }

    async fn challenged_rows(&self, worker: WorkerId, at: At) -> Result<Vec<ChallengedRow>, ChainError> {
        Ok(self.world(at)?.challenged_rows(worker))
    }

    async fn overdue(&self, worker: WorkerId, at: At) -> Result<Vec<WorkerId>, ChainError> {
        Ok(self.world(at)?.overdue(worker))
    }

    async fn worker_audit(&self, worker: WorkerId, at: At) -> Result<Option<WorkerAudit>, ChainError> {
        Ok(self.world(at)?.worker_audit(worker))
    }

    async fn group_health(&self, group: GroupId, at: At) -> Result<Option<GroupHealth>, ChainError> {
        Ok(self.world(at)?.group_health(group))
    }

    async fn money(&self, at: At) -> Result<StorageMoney, ChainError> {
        Ok(self.world(at)?.money())
    }

    async fn auto_renewals_of(
        &self,
        payer: &AccountId,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let world = self.world(at)?;
        Ok(page(world.auto_renewals(from).filter(|info| info.payer == *payer), limit))
    }

    async fn auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let world = self.world(at)?;
        Ok(page(world.auto_renewals(from).filter(|info| (info.group, info.expiry) == (group, expiry)), limit))
    }

    async fn balance(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError> {
        Ok(self.world(at)?.balance(account))
    }

    async fn stored_leaves(&self, block: &Hash) -> Result<Vec<StoredLeaf>, ChainError> {
        let inner = self.reach()?;
        let found = inner.blocks.by_hash(block).ok_or_else(|| unknown(&hex::encode(block)))?;
        if found.pruned {
            return Err(ChainError::StatePruned { block: found.at.to_string() });
        }
        Ok(found.leaves.clone())
    }

    async fn submit(&self, signer: &Signer, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError> {
        if calls.is_empty() {
            return Err(ChainError::NoCalls);
        }
        let account = signer.account();
        let (done, waiting) = oneshot::channel();
        let extrinsic = {
            let mut inner = self.reach()?;
            if let Some(error) = &inner.failing {
                return Err(error.clone());
            }
            let world = &inner.blocks.best().world;
            let (needed, available) = (world.needs(&account, &calls), world.balance(&account).spendable);
            if needed > available {
                let purpose = cost::purpose(&calls).to_owned();
                return Err(ChainError::InsufficientFunds {
                    account: format_account(&account),
                    needed,
                    available,
                    purpose,
                });
            }
            let height = inner.blocks.best().at.number.to_le_bytes();
            let place = inner.pending.len().to_le_bytes();
            let extrinsic = tagged(Tag::Seed, &[b"fake extrinsic", &account, &height, &place]);
            inner.pending.push(Pending { account, calls, extrinsic, done: Some(done) });
            inner.submitted += 1;
            extrinsic
        };
        if self.config().auto_tick {
            self.tick();
        }
        let timed_out = |wanted: &str| ChainError::TimedOut {
            extrinsic: hex::encode(extrinsic),
            wanted: wanted.to_owned(),
            seconds: PATIENCE.as_secs(),
        };
        let mut outcome = match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Ok(result)) => result?,
            Ok(Err(_)) | Err(_) => return Err(timed_out("in a block")),
        };
        if until == Until::Finalized && !outcome.finalized {
            let wait = self.wait_finalized(outcome.block.number);
            tokio::time::timeout(PATIENCE, wait).await.map_err(|_| timed_out("finalized"))?;
            outcome.finalized = true;
        }
        Ok(outcome)
    }
}
