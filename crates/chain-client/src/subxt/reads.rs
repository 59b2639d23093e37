//! The questions, as runtime API calls with SCALE arguments.

use super::{
    SubxtChain,
    connection::{Connection, block_name, incompatible},
    failure::{self, Failure},
};
use crate::{
    client::ChainClient,
    error::ChainError,
    proofs::NameProofs,
    signer::Signer,
    trust::Trust,
    types::{AccountBalance, At, BlockRef, Call, NodeStatus, StoredLeaf, TxOutcome, Until},
};
use async_trait::async_trait;
use blake2::{Blake2b, Digest, digest::consts::U16};
use codec::{Decode, DecodeAll, Encode};
use futures::stream::BoxStream;
use meganet_primitives::{
    AccountId, AutoRenewalId, Balance, BlockNumber, Epoch, GroupId, SlotIndex, WorkerId,
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

/// Where the storage map `System.Account` begins: twox-128 of "System", then of "Account".
const SYSTEM_ACCOUNT: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7, 0xb9, 0x9d, 0x88,
    0x0e, 0xc6, 0x81, 0x79, 0x9c, 0x0c, 0xf3, 0x0e, 0x88, 0x86, 0x37, 0x1d, 0xa9,
];

/// A record of `System.Account`.
#[derive(Decode, Default)]
struct AccountRecord {
    _nonce: u32,
    _consumers: u32,
    _providers: u32,
    _sufficients: u32,
    free: Balance,
    reserved: Balance,
    frozen: Balance,
    _flags: u128,
}

impl SubxtChain {
    /// Calls a runtime API at a block.
    async fn call<T: Decode>(&self, method: &str, arguments: Vec<u8>, at: At) -> Result<T, ChainError> {
        let arguments = &arguments;
        self.ask(|connection| async move {
            let block = connection.resolve(at).await?;
            let name = block.map(block_name).unwrap_or_default();
            let answer = connection
                .rpc
                .state_call(method, Some(arguments), block)
                .await
                .map_err(|e| failure::rpc(method, &name, e))?;
            T::decode_all(&mut answer.as_slice())
                .map_err(|e| incompatible(format!("the answer of {method} has another shape ({e})")))
        })
        .await
    }

    /// What an account has, at a block.
    async fn account(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError> {
        let minimum = self.constant("Balances", "ExistentialDeposit").await?;
        let key = [&SYSTEM_ACCOUNT[..], &Blake2b::<U16>::digest(account)[..], account].concat();
        let key = &key;
        let stored = self.ask(|connection| async move {
            let block = connection.resolve(at).await?;
            let name = block.map(block_name).unwrap_or_default();
            let stored = connection.rpc.state_get_storage(key, block).await;
            stored.map_err(|e| failure::rpc("state_getStorage", &name, e))
        });
        let record = match stored.await? {
            None => AccountRecord::default(),
            Some(bytes) => AccountRecord::decode(&mut bytes.as_slice())
                .map_err(|e| ChainError::Incompatible { detail: format!("System.Account has another shape ({e})") })?,
        };
        let AccountRecord { free, reserved: held, frozen, .. } = record;
        // Freezes count what is held too; the existential deposit keeps the account alive.
        let locked = frozen.saturating_sub(held).max(minimum);
        Ok(AccountBalance { free, held, frozen, spendable: free.saturating_sub(locked) })
    }

    /// A constant of a pallet, an amount.
    pub(super) async fn constant(&self, pallet: &str, name: &str) -> Result<Balance, ChainError> {
        self.ask(|connection| async move { constant_at(&connection, pallet, name).await }).await
    }
}

async fn constant_at(connection: &Connection, pallet: &str, name: &str) -> Result<Balance, Failure> {
    let block = connection.finalized().await?;
    let at = connection.at(block).await?;
    let metadata = at.metadata_ref();
    let constant = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.constant_by_name(name));
    let value = constant.and_then(|constant| Balance::decode_all(&mut constant.value()).ok());
    value.ok_or_else(|| incompatible(format!("the runtime has no amount {pallet}.{name}")))
}

#[async_trait]
impl ChainClient for SubxtChain {
    fn genesis(&self) -> Hash {
        self.shared.genesis
    }

    fn trust(&self) -> Trust {
        self.relies_on()
    }

    fn proofs(&self) -> Option<&dyn NameProofs> {
        // A light client has checked everything already.
        match self.relies_on() {
            Trust::Rpc => Some(self),
            Trust::Light => None,
        }
    }

    async fn node_status(&self) -> Result<NodeStatus, ChainError> {
        self.ask(|connection| async move {
            let health = connection.rpc.system_health().await.map_err(|e| failure::rpc("system_health", "", e))?;
            let chain = connection.rpc.system_chain().await.map_err(|e| failure::rpc("system_chain", "", e))?;
            let version = connection.rpc.system_version().await.map_err(|e| failure::rpc("system_version", "", e))?;
            let peers = u64::try_from(health.peers).unwrap_or(u64::MAX);
            Ok(NodeStatus { chain, version, peers, syncing: health.is_syncing })
        })
        .await
    }

    async fn finalized(&self) -> Result<BlockRef, ChainError> {
        self.ask(|connection| async move { connection.finalized().await }).await
    }

    async fn best(&self) -> Result<BlockRef, ChainError> {
        self.ask(|connection| async move { connection.best().await }).await
    }

    fn blocks(&self, from: Option<BlockNumber>) -> BoxStream<'static, BlockRef> {
        self.finalized_blocks(from)
    }

    fn best_blocks(&self) -> BoxStream<'static, BlockRef> {
        self.best_heads()
    }

    async fn name(&self, label: &str, at: At) -> Result<Option<NameInfo>, ChainError> {
        self.call("NamesApi_name", label.as_bytes().encode(), at).await
    }

    async fn resolve(&self, name: &str, at: At) -> Result<Option<Resolution>, ChainError> {
        self.call("NamesApi_resolve", name.as_bytes().encode(), at).await
    }

    async fn names_of(
        &self,
        owner: &AccountId,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<NameInfo>, ChainError> {
        self.call("NamesApi_names_of", (owner, after.map(str::as_bytes), limit).encode(), at).await
    }

    async fn availability(&self, label: &str, who: &AccountId, at: At) -> Result<Availability, ChainError> {
        self.call("NamesApi_availability", (label.as_bytes(), who).encode(), at).await
    }

    async fn name_quote(&self, label: &str, years: u32, at: At) -> Result<Quote, ChainError> {
        self.call("NamesApi_quote", (label.as_bytes(), years).encode(), at).await
    }

    async fn name_params(&self, at: At) -> Result<NameParams, ChainError> {
        self.call("NamesApi_params", Vec::new(), at).await
    }

    async fn name_history(&self, label: &str, at: At) -> Result<Vec<NameVersion>, ChainError> {
        self.call("NamesApi_history", label.as_bytes().encode(), at).await
    }

    async fn name_records(&self, label: &str, at: At) -> Result<Vec<NameRecordEntry>, ChainError> {
        self.call("NamesApi_records", label.as_bytes().encode(), at).await
    }

    async fn name_record(&self, label: &str, key: &RecordKey, at: At) -> Result<Option<Vec<u8>>, ChainError> {
        self.call("NamesApi_record", (label.as_bytes(), key).encode(), at).await
    }

    async fn name_delegates(&self, label: &str, at: At) -> Result<Vec<AccountId>, ChainError> {
        self.call("NamesApi_delegates", label.as_bytes().encode(), at).await
    }

    async fn subnames(
        &self,
        label: &str,
        after: Option<&str>,
        limit: u32,
        at: At,
    ) -> Result<Vec<SubnameInfo>, ChainError> {
        self.call("NamesApi_subnames", (label.as_bytes(), after.map(str::as_bytes), limit).encode(), at).await
    }

    async fn reverse(&self, account: &AccountId, at: At) -> Result<Option<String>, ChainError> {
        // Labels are ASCII.
        let label: Option<Vec<u8>> = self.call("NamesApi_reverse", account.encode(), at).await?;
        Ok(label.map(|label| String::from_utf8_lossy(&label).into_owned()))
    }

    async fn commitments(&self, account: &AccountId, at: At) -> Result<Vec<CommitmentInfo>, ChainError> {
        self.call("NamesApi_commitments", account.encode(), at).await
    }

    async fn params(&self, at: At) -> Result<StorageParams, ChainError> {
        self.call("StorageApi_params", Vec::new(), at).await
    }

    async fn stats(&self, at: At) -> Result<StorageStats, ChainError> {
        self.call("StorageApi_stats", Vec::new(), at).await
    }

    async fn group(&self, id: GroupId, at: At) -> Result<Option<GroupInfo>, ChainError> {
        self.call("StorageApi_group", id.encode(), at).await
    }

    async fn groups(&self, from: GroupId, limit: u32, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        self.call("StorageApi_groups", (from, limit).encode(), at).await
    }

    async fn open_groups(&self, profile: ProfileId, at: At) -> Result<Vec<GroupInfo>, ChainError> {
        self.call("StorageApi_open_groups", profile.encode(), at).await
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

    async fn money(&self, at: At) -> Result<StorageMoney, ChainError> {
        self.call("StorageApi_money", Vec::new(), at).await
    }

    async fn auto_renewals_of(
        &self,
        payer: &AccountId,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        self.call("StorageApi_auto_renewals_of", (payer, from, limit).encode(), at).await
    }

    async fn auto_renewals_in(
        &self,
        group: GroupId,
        expiry: Epoch,
        from: AutoRenewalId,
        limit: u32,
        at: At,
    ) -> Result<Vec<AutoRenewalInfo>, ChainError> {
        self.call("StorageApi_auto_renewals_in", (group, expiry, from, limit).encode(), at).await
    }

    async fn balance(&self, account: &AccountId, at: At) -> Result<AccountBalance, ChainError> {
        self.account(account, at).await
    }

    async fn stored_leaves(&self, block: &Hash) -> Result<Vec<StoredLeaf>, ChainError> {
        self.stored_in(block).await
    }

    async fn submit(&self, signer: &Signer, calls: Vec<Call>, until: Until) -> Result<TxOutcome, ChainError> {
        self.submit_and_wait(signer, &calls, until).await
    }
}
