//! The one way to the chain.

use crate::{
    error::ChainError,
    proofs::NameProofs,
    signer::Signer,
    trust::Trust,
    types::{AccountBalance, At, BlockRef, Call, NodeStatus, StoredLeaf, TxOutcome, Until},
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use meganet_primitives::{
    AccountId, AutoRenewalId, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        AutoRenewalInfo, Availability, ChallengeInfo, ChallengedRow, CommitmentInfo, GroupHealth, GroupInfo, NameInfo,
        NameRecordEntry, NameVersion, RangeInfo, Resolution, SlotAssignment, StorageMoney, StorageParams, StorageStats,
        SubnameInfo, Tombstone, WorkerAudit, WorkerInfo,
    },
    hash::Hash,
    name::{NameParams, Quote, RecordKey},
    placement::ProfileId,
    receipt::PeerKey,
};

/// What a chain answers and takes. Object safe: hold it as `Arc<dyn ChainClient>`.
///
/// Every read names the block it wants ([`At`]): the finalized head where the answer must not be undone, the best
/// head where it must be fresh. Reads are retried over a lost connection; whatever still fails is a [`ChainError`]
/// that says what to do.
///
/// Lists come in pages of at most [`meganet_primitives::chain::MAX_PAGE`] items; the provided `all_*` methods read
/// all pages at one block.
#[async_trait]
pub trait ChainClient: Send + Sync + 'static {
    /// The chain's genesis hash: its identity.
    fn genesis(&self) -> Hash;

    /// On what the answers rest: whoever shows one says so.
    fn trust(&self) -> Trust {
        Trust::Rpc
    }

    /// The node's proofs of what names lead to; `None` where there are none, or where nothing needs them.
    fn proofs(&self) -> Option<&dyn NameProofs> {
        None
    }

    /// How well the node is connected and synchronised.
    async fn node_status(&self) -> Result<NodeStatus, ChainError>;

    /// The finalized head.
    async fn finalized(&self) -> Result<BlockRef, ChainError>;

    /// The best head.
    async fn best(&self) -> Result<BlockRef, ChainError>;

    /// Finalized blocks, every height once and in order, beginning with height `from`, or with the present
    /// finalized head. The stream has no end and no errors: it waits until the node can be reached again and then
    /// fills the gap.
    fn blocks(&self, from: Option<BlockNumber>) -> BoxStream<'static, BlockRef>;

    /// Every new best head from now on, the present one first. A reorganisation shows as a head that is no higher than
    /// the one before; heights may be skipped when several blocks come at once. The stream has no end and no errors: it
    /// waits until the node can be reached again and then goes on with the head of that time.
    fn best_blocks(&self) -> BoxStream<'static, BlockRef>;

    /// What is known of a label; `None` if it is not in the state. One that has lapsed is, until somebody takes it or
    /// sweeps it out.
    async fn name(&self, label: &str, at: At) -> Result<Option<NameInfo>, ChainError>;

    /// What a name leads to: `alice`, or `blog.alice`. `None` where there is no such name.
    async fn resolve(&self, name: &str, at: At) -> Result<Option<Resolution>, ChainError>;

    /// A page of the names of an account, in the order of the chain's storage, after label `after`. Names that have lapsed
    /// are among them until somebody else takes them.
    async fn names_of(
        &self,
        owner: &AccountId,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<NameInfo>, ChainError>;

    /// Whether `who` could register a label.
    async fn availability(&self, label: &str, who: &AccountId, at: At) -> Result<Availability, ChainError>;

    /// What registering a label for `years` years costs.
    async fn name_quote(&self, label: &str, years: u32, at: At) -> Result<Quote, ChainError>;

    /// Prices and times of names.
    async fn name_params(&self, at: At) -> Result<NameParams, ChainError>;

    /// The versions of a name that it can be rolled back to, the newest first; the first one is what it points at.
    async fn name_history(&self, label: &str, at: At) -> Result<Vec<NameVersion>, ChainError>;

    /// The records of a name that works.
    async fn name_records(&self, label: &str, at: At) -> Result<Vec<NameRecordEntry>, ChainError>;

    /// One record of a name that works.
    async fn name_record(&self, label: &str, key: &RecordKey, at: At) -> Result<Option<Vec<u8>>, ChainError>;

    /// Who may write for a name besides its owner.
    async fn name_delegates(&self, label: &str, at: At) -> Result<Vec<AccountId>, ChainError>;

    /// A page of the names below a name that works, in the order of the chain's storage, after the label `after`.
    async fn subnames(
        &self,
        label: &str,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<SubnameInfo>, ChainError>;

    /// The name that an account goes by, if the account owns it and it works.
    async fn reverse(&self, account: &AccountId, at: At) -> Result<Option<String>, ChainError>;

    /// The commitments of an account.
    async fn commitments(&self, account: &AccountId, at: At) -> Result<Vec<CommitmentInfo>, ChainError>;

    /// Prices, limits and the epoch.
    async fn params(&self, at: At) -> Result<StorageParams, ChainError>;

    /// Totals of the network.
    async fn stats(&self, at: At) -> Result<StorageStats, ChainError>;

    /// A placement group.
    async fn group(&self, id: GroupId, at: At) -> Result<Option<GroupInfo>, ChainError>;

    /// A page of the groups, from number `from`.
    async fn groups(&self, from: GroupId, limit: u32, at: At) -> Result<Vec<GroupInfo>, ChainError>;

    /// The groups of a profile in which there is room, those that still wait for their workers included.
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

    /// Which of these objects their owners deleted early, each from one batch of the group; one answer for each, in
    /// order.
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

    /// The challenge of a worker in the period of that block. `None` while it is not drawn, and where the worker had no
    /// slot when the period began.
    async fn challenge(&self, worker: WorkerId, at: At) -> Result<Option<ChallengeInfo>, ChainError>;

    /// What the other members of a worker's groups are asked for and have not answered yet: rows that it must not serve.
    async fn challenged_rows(&self, worker: WorkerId, at: At) -> Result<Vec<ChallengedRow>, ChainError>;

    /// Members of a worker's groups that have missed too much and can be reported.
    async fn overdue(&self, worker: WorkerId, at: At) -> Result<Vec<WorkerId>, ChainError>;

    /// What a worker has proven, missed and earned.
    async fn worker_audit(&self, worker: WorkerId, at: At) -> Result<Option<WorkerAudit>, ChainError>;

    /// How a group is.
    async fn group_health(&self, group: GroupId, at: At) -> Result<Option<GroupHealth>, ChainError>;

    /// Where the money is that was paid for storage.
    async fn money(&self, at: At) -> Result<StorageMoney, ChainError>;

    /// A page of the automatic renewals that an account pays for, from number `from`.
    async fn auto_renewals_of(
        &self,
        payer: &AccountId,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError>;

    /// A page of the automatic renewals of the batches in one range of a group, from number `from`.
    async fn auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError>;

    /// What an account has. An account that the chain does not know has nothing.
    async fn balance(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError>;

    /// The batches that a block registered, in order. The block's state must not be pruned.
    async fn stored_leaves(&self, block: &Hash) -> Result<Vec<StoredLeaf>, ChainError>;

    /// Signs and submits calls as one transaction (several are all done or none) and waits for it.
    ///
    /// Several submissions for one account may run at once: their nonces follow each other. Checks first that the
    /// account can pay ([`ChainError::InsufficientFunds`]). A call that the runtime refuses is
    /// [`ChainError::Dispatch`], also when the transaction is in a block.
    async fn submit(&self, signer: &Signer, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError>;

    /// Every worker at one block.
    async fn all_workers(&self, at: At) -> Result<Vec<WorkerInfo>, ChainError> {
        let at = self.pin(at).await?;
        let mut all = Vec::new();
        let mut from = 0;
        loop {
            let page = self.workers(from, meganet_primitives::chain::MAX_PAGE, at).await?;
            let Some(last) = page.last() else { return Ok(all) };
            from = last.id.saturating_add(1);
            all.extend(page);
        }
    }

    /// Every group at one block.
    async fn all_groups(&self, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        let at = self.pin(at).await?;
        let mut all = Vec::new();
        let mut from = 0;
        loop {
            let page = self.groups(from, meganet_primitives::chain::MAX_PAGE, at).await?;
            let Some(last) = page.last() else { return Ok(all) };
            from = last.id.saturating_add(1);
            all.extend(page);
        }
    }

    /// Every slot of a worker at one block.
    async fn all_slots_of(&self, worker: WorkerId, at: At) -> Result<Vec<SlotAssignment>, ChainError> {
        let at = self.pin(at).await?;
        let mut all = Vec::new();
        let mut from = 0;
        loop {
            let page = self.slots_of(worker, from, meganet_primitives::chain::MAX_PAGE, at).await?;
            let Some(last) = page.last() else { return Ok(all) };
            from = last.group.saturating_add(1);
            all.extend(page);
        }
    }

    /// Every tombstone of one range at one block.
    async fn all_tombstones(&self, group: GroupId, expiry: Epoch, at: At) -> Result<Vec<Tombstone>, ChainError> {
        let at = self.pin(at).await?;
        let mut all: Vec<Tombstone> = Vec::new();
        loop {
            let after = all.last().copied();
            let page = self.tombstones(group, expiry, after, meganet_primitives::chain::MAX_PAGE, at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Every name of an account at one block.
    async fn all_names_of(&self, owner: &AccountId, at: At) -> Result<Vec<NameInfo>, ChainError> {
        let at = self.pin(at).await?;
        let mut all: Vec<NameInfo> = Vec::new();
        loop {
            let after = all.last().map(|name| String::from_utf8_lossy(&name.label).into_owned());
            let page = self.names_of(owner, after.as_deref(), meganet_primitives::chain::MAX_PAGE, at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Every name below a name at one block.
    async fn all_subnames(&self, label: &str, at: At) -> Result<Vec<SubnameInfo>, ChainError> {
        let at = self.pin(at).await?;
        let mut all: Vec<SubnameInfo> = Vec::new();
        loop {
            let after = all.last().map(|sub| String::from_utf8_lossy(&sub.label).into_owned());
            let page = self.subnames(label, after.as_deref(), meganet_primitives::chain::MAX_PAGE, at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Every automatic renewal that an account pays for, at one block.
    async fn all_auto_renewals_of(&self, payer: &AccountId, at: At) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let at = self.pin(at).await?;
        let mut all: Vec<AutoRenewalInfo> = Vec::new();
        loop {
            let from = all.last().map_or(0, |last| last.id.saturating_add(1));
            let page = self.auto_renewals_of(payer, from, meganet_primitives::chain::MAX_PAGE, at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Every automatic renewal of the batches in one range at one block.
    async fn all_auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        let at = self.pin(at).await?;
        let mut all: Vec<AutoRenewalInfo> = Vec::new();
        loop {
            let from = all.last().map_or(0, |last| last.id.saturating_add(1));
            let page = self.auto_renewals_in(group, expiry, from, meganet_primitives::chain::MAX_PAGE, at).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Makes `at` one certain block, so that several reads see the same state.
    async fn pin(&self, at: At) -> Result<At, ChainError> {
        Ok(match at {
            At::Finalized => At::Block(self.finalized().await?.hash),
            At::Best => At::Block(self.best().await?.hash),
            At::Block(hash) => At::Block(hash),
        })
    }
}
