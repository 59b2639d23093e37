//! An in-memory chain of three blocks, the second of which is final, with one name, one group and one worker.
#![allow(clippy::unwrap_used)]

use meganet_primitives::{
    AccountId, AutoRenewalId, Epoch, GroupId, SlotIndex, WorkerId,
    audit::{Record, Schedule, Tolerance},
    chain::{
        AutoRenewalInfo, AutoRenewalState, Availability, ChallengeInfo, ChallengeState, ChallengedRow, CommitmentInfo,
        GroupHealth, GroupInfo, NameInfo, NameRecordEntry, NameVersion, RangeInfo, Resolution, SlotAssignment,
        SlotHealth, SlotMember, StorageMoney, StorageParams, StorageStats, StorageTotals, SubnameInfo, Tombstone,
        WorkerAudit, WorkerInfo,
    },
    content::{ContentRef, NameContent, ReadKey},
    country::Country,
    name::{NameParams, NameStatus, Quote, RecordKey},
    object::ObjectId,
    placement::ProfileId,
    receipt::PeerKey,
    sum_tree::BatchSummary,
};
use pallet_names_runtime_api::NamesApi;
use pallet_storage_runtime_api::StorageApi;
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_core::H256;
use sp_runtime::{
    OpaqueExtrinsic, generic,
    traits::{BlakeTwo256, Header as _},
};

/// The header of a block here.
pub type Header = generic::Header<u32, BlakeTwo256>;
/// A block here.
pub type Block = generic::Block<Header, OpaqueExtrinsic>;

/// The account that owns and operates everything.
pub const OWNER: AccountId = [7; 32];
/// The version of a name in the runtime's answer.
pub const RUNTIME_VERSION: u32 = 77;
/// The number of the final block.
pub const FINAL: u32 = 1;

/// The header of block `number`, of 0 to 2.
pub fn header(number: u32) -> Header {
    let parent = number.checked_sub(1).map(|parent| header(parent).hash()).unwrap_or_default();
    Header::new(number, H256::zero(), H256::zero(), parent, Default::default())
}

/// A block on an abandoned fork, beside block 1.
pub fn fork() -> Header {
    Header::new(1, H256::repeat_byte(9), H256::zero(), header(0).hash(), Default::default())
}

/// The node's client.
pub struct Client;

/// The runtime.
pub struct Api;

impl ProvideRuntimeApi<Block> for Client {
    type Api = Api;

    fn runtime_api(&self) -> ApiRef<'_, Api> {
        Api.into()
    }
}

impl HeaderBackend<Block> for Client {
    fn header(&self, hash: H256) -> sp_blockchain::Result<Option<Header>> {
        Ok([header(0), header(1), header(2), fork()].into_iter().find(|header| header.hash() == hash))
    }

    fn info(&self) -> Info<Block> {
        Info {
            best_hash: header(2).hash(),
            best_number: 2,
            genesis_hash: header(0).hash(),
            finalized_hash: header(FINAL).hash(),
            finalized_number: FINAL,
            finalized_state: None,
            number_leaves: 2,
            block_gap: None,
        }
    }

    fn status(&self, hash: H256) -> sp_blockchain::Result<BlockStatus> {
        Ok(self.header(hash)?.map_or(BlockStatus::Unknown, |_| BlockStatus::InChain))
    }

    fn number(&self, hash: H256) -> sp_blockchain::Result<Option<u32>> {
        Ok(self.header(hash)?.map(|header| *header.number()))
    }

    fn hash(&self, number: u32) -> sp_blockchain::Result<Option<H256>> {
        Ok((number <= 2).then(|| header(number).hash()))
    }
}

/// The content of all names.
pub fn content() -> NameContent {
    let (object, key) = (ObjectId([1; 32]), Some(ReadKey([2; 32])));
    NameContent::Object(ContentRef { object, group: 3, sealed_len: 4096, key })
}

fn name(label: &[u8]) -> NameInfo {
    NameInfo {
        label: label.to_vec(),
        owner: OWNER,
        content: Some(content()),
        version: 1,
        registered: 10,
        updated: 20,
        expires: 1_000,
        status: NameStatus::Active,
        deposit: 10_000_000_000_000,
    }
}

fn worker() -> WorkerInfo {
    WorkerInfo {
        id: 5,
        operator: OWNER,
        peer: PeerKey([3; 32]),
        country: Country::new(*b"DE").unwrap(),
        capacity: 1 << 40,
        committed: 1 << 30,
        slots: 1,
        bond: 1_024_000_000_000_000,
        accepting: true,
        registered: 4,
    }
}

fn renewal() -> AutoRenewalInfo {
    AutoRenewalInfo {
        id: 4,
        payer: OWNER,
        group: 3,
        expiry: 10,
        leaf: 2,
        batch: BatchSummary { root: [6; 32], objects: 7, bytes: 8_192 },
        epochs: 12,
        max_price: 2_000,
        balance: 123_456_789_012_345_678_901_234,
        deposit: 50,
        next: 1_000,
        state: AutoRenewalState::TooDear,
    }
}

sp_api::mock_impl_runtime_apis! {
    impl NamesApi<Block> for Api {
        fn name(label: Vec<u8>) -> Option<NameInfo> {
            (label == b"alice").then(|| name(&label))
        }

        fn resolve(name: Vec<u8>) -> Option<Resolution> {
            // Another version than in the state, so that tests can tell which of the two was used.
            (name == b"alice").then_some(Resolution {
                owner: OWNER,
                content: None,
                version: RUNTIME_VERSION,
                updated: 20,
                expires: 1_000,
                status: NameStatus::Active,
            })
        }

        fn names_of(owner: AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NameInfo> {
            let all = if owner == OWNER { vec![name(b"alice"), name(b"wonderland")] } else { Vec::new() };
            let skip = match after {
                Some(after) => all.iter().position(|info| info.label == after).map_or(all.len(), |at| at + 1),
                None => 0,
            };
            all.into_iter().skip(skip).take(usize::try_from(limit).unwrap()).collect()
        }

        fn availability(label: Vec<u8>, who: AccountId) -> Availability {
            match &label[..] {
                b"alice" => Availability::Taken,
                b"a1ice" if who != OWNER => Availability::LooksLikeAnother,
                _ => Availability::Free,
            }
        }

        fn quote(_label: Vec<u8>, years: u32) -> Quote {
            Quote { rent: 2 * u128::from(years), premium: 30, deposit: u128::from(u64::MAX) }
        }

        fn params() -> NameParams {
            NameParams::default()
        }

        fn history(label: Vec<u8>) -> Vec<NameVersion> {
            let version = |version| NameVersion { version, block: 10 + version, content: None };
            if label == b"alice" { vec![version(2), version(1)] } else { Vec::new() }
        }

        fn records(_label: Vec<u8>) -> Vec<NameRecordEntry> {
            let bytes = |bytes: &[u8]| bytes.to_vec().try_into().unwrap();
            vec![
                NameRecordEntry { key: RecordKey::Text(b"url".to_vec().try_into().unwrap()), value: bytes(b"x") },
                NameRecordEntry { key: RecordKey::Address(354), value: bytes(&[1, 2]) },
                NameRecordEntry { key: RecordKey::EncryptionKey, value: bytes(&[9; 32]) },
            ]
        }

        fn record(_label: Vec<u8>, _key: RecordKey) -> Option<Vec<u8>> {
            None
        }

        fn delegates(_label: Vec<u8>) -> Vec<AccountId> {
            vec![[8; 32]]
        }

        fn subnames(label: Vec<u8>, after: Option<Vec<u8>>, limit: u32) -> Vec<SubnameInfo> {
            let sub = |label: &[u8]| SubnameInfo {
                label: label.to_vec(),
                content: None,
                version: 1,
                updated: 5,
                delegate: Some([8; 32]),
            };
            let all = if label == b"alice" { vec![sub(b"a"), sub(b"blog")] } else { Vec::new() };
            let skip = usize::from(after.is_some());
            all.into_iter().skip(skip).take(usize::try_from(limit).unwrap()).collect()
        }

        fn reverse(account: AccountId) -> Option<Vec<u8>> {
            (account == OWNER).then(|| b"alice".to_vec())
        }

        fn commitments(_account: AccountId) -> Vec<CommitmentInfo> {
            Vec::new()
        }
    }

    impl StorageApi<Block> for Api {
        fn params() -> StorageParams {
            StorageParams {
                epoch: 9,
                epoch_blocks: 1_200,
                max_epochs: 120,
                price_per_gib_epoch: 1,
                group_deposit: 2,
                bond_per_gib: 3,
                min_bond: 4,
                min_capacity: 5,
                slot_capacity: vec![6; 4],
                schedule: Schedule { period_blocks: 20, window_blocks: 8, samples: 8 },
                tolerance: Tolerance { misses: 24, proofs_per_miss: 12 },
                burn_ppm: 50_000,
                renewal_deposit: 7,
                renewal_fee: 8,
            }
        }

        fn stats() -> StorageStats {
            let totals = StorageTotals {
                workers: 1,
                capacity: 1 << 40,
                committed: 1 << 30,
                groups: 1,
                groups_filling: 1,
                batches: 2,
                objects: 3,
                bytes: u128::from(u64::MAX) + 1,
            };
            StorageStats { totals, pot: 77, epoch: 9 }
        }

        fn group(id: GroupId) -> Option<GroupInfo> {
            let member = SlotMember { worker: 5, peer: PeerKey([3; 32]), country: Country::new(*b"DE").unwrap() };
            (id == 3).then(|| GroupInfo {
                id,
                profile: ProfileId::Standard,
                slot_capacity: 1 << 30,
                used: 2048,
                slots: vec![Some(member), None],
                opened: 8,
            })
        }

        fn groups(_from: GroupId, _limit: u32) -> Vec<GroupInfo> {
            Vec::new()
        }

        fn open_groups(_profile: ProfileId) -> Vec<GroupInfo> {
            Vec::new()
        }

        fn worker(id: WorkerId) -> Option<WorkerInfo> {
            (id == 5).then(worker)
        }

        fn worker_by_peer(_peer: PeerKey) -> Option<WorkerInfo> {
            None
        }

        fn workers(from: WorkerId, _limit: u32) -> Vec<WorkerInfo> {
            if from <= 5 { vec![worker()] } else { Vec::new() }
        }

        fn slots_of(_worker: WorkerId, _from_group: GroupId, _limit: u32) -> Vec<SlotAssignment> {
            Vec::new()
        }

        fn ranges(_group: GroupId) -> Vec<RangeInfo> {
            Vec::new()
        }

        fn is_tombstoned(_group: GroupId, of: Vec<Tombstone>) -> Vec<bool> {
            of.iter().map(|_| false).collect()
        }

        fn tombstones(
            _group: GroupId,
            _expiry: Epoch,
            _after: Option<Tombstone>,
            _limit: u32,
        ) -> Vec<Tombstone> {
            Vec::new()
        }

        fn slot_in(_worker: WorkerId, _group: GroupId) -> Option<SlotIndex> {
            None
        }

        fn challenge(worker: WorkerId) -> Option<ChallengeInfo> {
            let state = ChallengeState::Open;
            (worker == 5).then(|| ChallengeInfo { worker, period: 3, block: 64, deadline: 72, state, samples: Vec::new() })
        }

        fn challenged_rows(_worker: WorkerId) -> Vec<ChallengedRow> {
            Vec::new()
        }

        fn overdue(_worker: WorkerId) -> Vec<WorkerId> {
            Vec::new()
        }

        fn worker_audit(worker: WorkerId) -> Option<WorkerAudit> {
            (worker == 5).then_some(WorkerAudit {
                worker,
                record: Record { settled: 2, misses: 1, streak: 3, proven: 40, missed: 2 },
                earned: 123_456_789_012_345_678_901_234,
                held_back: 7,
                pay: 8,
                bytes: 9,
                leaving: false,
            })
        }

        fn group_health(id: GroupId) -> Option<GroupHealth> {
            let slot = SlotHealth { worker: 5, since: 4, whole: true, excused: 0, misses: 1 };
            (id == 3).then(|| GroupHealth {
                id,
                profile: ProfileId::Standard,
                slots: vec![Some(slot), None],
                whole: 1,
                margin: 10,
                queued: true,
            })
        }

        fn money() -> StorageMoney {
            StorageMoney {
                price_per_gib_epoch: 1,
                paid_in: 100,
                burned: 5,
                paid_out: 30,
                escrow: 40,
                held_back: 10,
                fund: 20,
                slashed: 5,
            }
        }

        fn auto_renewal(id: AutoRenewalId) -> Option<AutoRenewalInfo> {
            (id == 4).then(renewal)
        }

        fn auto_renewals_of(payer: AccountId, from: AutoRenewalId, _limit: u32) -> Vec<AutoRenewalInfo> {
            if payer == OWNER && from <= 4 { vec![renewal()] } else { Vec::new() }
        }

        fn auto_renewals_in(
            _group: GroupId,
            _expiry: Epoch,
            _from: AutoRenewalId,
            _limit: u32,
        ) -> Vec<AutoRenewalInfo> {
            Vec::new()
        }
    }
}

/// Calls a method like a client, and returns the whole answer.
pub fn call<M>(module: &jsonrpsee::RpcModule<M>, method: &str, params: serde_json::Value) -> serde_json::Value {
    let request = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let (answer, _) = runtime.block_on(module.raw_json_request(&request, 1)).unwrap();
    serde_json::from_str(answer.as_ref()).unwrap()
}
