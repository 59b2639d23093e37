//! The runtime APIs, for the node and its clients.

use crate::{
    AccountId, Babe, Balance, Block, Executive, Grandpa, InherentDataExt, Names, Nonce, Runtime, RuntimeCall,
    RuntimeGenesisConfig, SessionKeys, Storage, System, TransactionPayment, VERSION, genesis_presets,
};
use alloc::vec::Vec;
use frame_support::{
    genesis_builder_helper::{build_state, get_preset},
    weights::Weight,
};
use meganet_primitives::{
    self as primitives, AutoRenewalId, Epoch, GroupId, SlotIndex, WorkerId,
    chain::{
        AutoRenewalInfo, Availability, ChallengeInfo, ChallengedRow, CommitmentInfo, GroupHealth, GroupInfo, NameInfo,
        NameRecordEntry, NameVersion, RangeInfo, Resolution, SlotAssignment, StorageMoney, StorageParams, StorageStats,
        SubnameInfo, Tombstone, WorkerAudit, WorkerInfo,
    },
    name::{NameParams, Quote, RecordKey},
    placement::ProfileId,
    receipt::PeerKey,
};
use pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo};
use sp_core::{OpaqueMetadata, crypto::KeyTypeId};
use sp_runtime::{
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
    traits::{Block as BlockT, NumberFor},
    transaction_validity::{TransactionSource, TransactionValidity},
};
use sp_version::RuntimeVersion;

sp_api::impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }

        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> <Block as BlockT>::Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: sp_inherents::InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(
            block: <Block as BlockT>::LazyBlock,
            data: sp_inherents::InherentData,
        ) -> sp_inherents::CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            tx: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, tx, block_hash)
        }
    }

    impl sp_consensus_babe::BabeApi<Block> for Runtime {
        fn configuration() -> sp_consensus_babe::BabeConfiguration {
            let epoch = Babe::epoch_config().unwrap_or(genesis_presets::BABE_EPOCH);
            sp_consensus_babe::BabeConfiguration {
                slot_duration: Babe::slot_duration(),
                epoch_length: crate::constants::EPOCH_SLOTS,
                c: epoch.c,
                authorities: Babe::authorities().to_vec(),
                randomness: Babe::randomness(),
                allowed_slots: epoch.allowed_slots,
            }
        }

        fn current_epoch_start() -> sp_consensus_babe::Slot {
            Babe::current_epoch_start()
        }

        fn current_epoch() -> sp_consensus_babe::Epoch {
            Babe::current_epoch()
        }

        fn next_epoch() -> sp_consensus_babe::Epoch {
            Babe::next_epoch()
        }

        // Equivocations are not reported; see the configuration of the pallet.
        fn generate_key_ownership_proof(
            _slot: sp_consensus_babe::Slot,
            _authority_id: sp_consensus_babe::AuthorityId,
        ) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
            None
        }

        fn submit_report_equivocation_unsigned_extrinsic(
            _equivocation_proof: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
            _key_owner_proof: sp_consensus_babe::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            None
        }
    }

    impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
        fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
            Grandpa::grandpa_authorities()
        }

        fn current_set_id() -> sp_consensus_grandpa::SetId {
            pallet_grandpa::CurrentSetId::<Runtime>::get()
        }

        fn generate_key_ownership_proof(
            _set_id: sp_consensus_grandpa::SetId,
            _authority_id: sp_consensus_grandpa::AuthorityId,
        ) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
            None
        }

        fn submit_report_equivocation_unsigned_extrinsic(
            _equivocation_proof: sp_consensus_grandpa::EquivocationProof<
                <Block as BlockT>::Hash,
                NumberFor<Block>,
            >,
            _key_owner_proof: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            None
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(owner: Vec<u8>, seed: Option<Vec<u8>>) -> sp_session::OpaqueGeneratedSessionKeys {
            SessionKeys::generate(&owner, seed).into()
        }

        fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
            SessionKeys::decode_into_raw_public_keys(&encoded)
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(uxt: <Block as BlockT>::Extrinsic, len: u32) -> RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(uxt, len)
        }

        fn query_fee_details(uxt: <Block as BlockT>::Extrinsic, len: u32) -> FeeDetails<Balance> {
            TransactionPayment::query_fee_details(uxt, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall>
        for Runtime
    {
        fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, len)
        }

        fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_names_runtime_api::NamesApi<Block> for Runtime {
        fn name(label: Vec<u8>) -> Option<NameInfo> {
            Names::api_name(label)
        }

        fn resolve(name: Vec<u8>) -> Option<Resolution> {
            Names::api_resolve(name)
        }

        fn names_of(owner: primitives::AccountId, after: Option<Vec<u8>>, limit: u32) -> Vec<NameInfo> {
            Names::api_names_of(owner, after, limit)
        }

        fn availability(label: Vec<u8>, who: primitives::AccountId) -> Availability {
            Names::api_availability(label, who)
        }

        fn quote(label: Vec<u8>, years: u32) -> Quote {
            Names::api_quote(label, years)
        }

        fn params() -> NameParams {
            Names::api_params()
        }

        fn history(label: Vec<u8>) -> Vec<NameVersion> {
            Names::api_history(label)
        }

        fn records(label: Vec<u8>) -> Vec<NameRecordEntry> {
            Names::api_records(label)
        }

        fn record(label: Vec<u8>, key: RecordKey) -> Option<Vec<u8>> {
            Names::api_record(label, key)
        }

        fn delegates(label: Vec<u8>) -> Vec<primitives::AccountId> {
            Names::api_delegates(label)
        }

        fn subnames(label: Vec<u8>, after: Option<Vec<u8>>, limit: u32) -> Vec<SubnameInfo> {
            Names::api_subnames(label, after, limit)
        }

        fn reverse(account: primitives::AccountId) -> Option<Vec<u8>> {
            Names::api_reverse(account)
        }

        fn commitments(account: primitives::AccountId) -> Vec<CommitmentInfo> {
            Names::api_commitments(account)
        }
    }

    impl pallet_storage_runtime_api::StorageApi<Block> for Runtime {
        fn params() -> StorageParams {
            Storage::api_params()
        }

        fn stats() -> StorageStats {
            Storage::api_stats()
        }

        fn group(id: GroupId) -> Option<GroupInfo> {
            Storage::api_group(id)
        }

        fn groups(from: GroupId, limit: u32) -> Vec<GroupInfo> {
            Storage::api_groups(from, limit)
        }

        fn open_groups(profile: ProfileId) -> Vec<GroupInfo> {
            Storage::api_open_groups(profile)
        }

        fn worker(id: WorkerId) -> Option<WorkerInfo> {
            Storage::api_worker(id)
        }

        fn worker_by_peer(peer: PeerKey) -> Option<WorkerInfo> {
            Storage::api_worker_by_peer(peer)
        }

        fn workers(from: WorkerId, limit: u32) -> Vec<WorkerInfo> {
            Storage::api_workers(from, limit)
        }

        fn slots_of(worker: WorkerId, from_group: GroupId, limit: u32) -> Vec<SlotAssignment> {
            Storage::api_slots_of(worker, from_group, limit)
        }

        fn ranges(group: GroupId) -> Vec<RangeInfo> {
            Storage::api_ranges(group)
        }

        fn is_tombstoned(group: GroupId, of: Vec<Tombstone>) -> Vec<bool> {
            Storage::api_is_tombstoned(group, of)
        }

        fn tombstones(group: GroupId, expiry: Epoch, after: Option<Tombstone>, limit: u32) -> Vec<Tombstone> {
            Storage::api_tombstones(group, expiry, after, limit)
        }

        fn slot_in(worker: WorkerId, group: GroupId) -> Option<SlotIndex> {
            Storage::api_slot_in(worker, group)
        }

        fn challenge(worker: WorkerId) -> Option<ChallengeInfo> {
            Storage::api_challenge(worker)
        }

        fn challenged_rows(worker: WorkerId) -> Vec<ChallengedRow> {
            Storage::api_challenged_rows(worker)
        }

        fn overdue(worker: WorkerId) -> Vec<WorkerId> {
            Storage::api_overdue(worker)
        }

        fn worker_audit(worker: WorkerId) -> Option<WorkerAudit> {
            Storage::api_worker_audit(worker)
        }

        fn group_health(group: GroupId) -> Option<GroupHealth> {
            Storage::api_group_health(group)
        }

        fn money() -> StorageMoney {
            Storage::api_money()
        }

        fn auto_renewal(id: AutoRenewalId) -> Option<AutoRenewalInfo> {
            Storage::api_auto_renewal(id)
        }

        fn auto_renewals_of(
            payer: primitives::AccountId,
            from: AutoRenewalId,
            limit: u32,
        ) -> Vec<AutoRenewalInfo> {
            Storage::api_auto_renewals_of(payer, from, limit)
        }

        fn auto_renewals_in(
            group: GroupId,
            expiry: Epoch,
            from: AutoRenewalId,
            limit: u32,
        ) -> Vec<AutoRenewalInfo> {
            Storage::api_auto_renewals_in(group, expiry, from, limit)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            genesis_presets::use_own_addresses();
            build_state::<RuntimeGenesisConfig>(config)
        }

        fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
            genesis_presets::use_own_addresses();
            get_preset::<RuntimeGenesisConfig>(id, genesis_presets::get)
        }

        fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
            genesis_presets::names()
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    impl frame_benchmarking::Benchmark<Block> for Runtime {
        fn benchmark_metadata(
            extra: bool,
        ) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
            crate::benchmarks::metadata(extra)
        }

        fn dispatch_benchmark(
            config: frame_benchmarking::BenchmarkConfig,
        ) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
            crate::benchmarks::dispatch(config)
        }
    }

    #[cfg(feature = "try-runtime")]
    impl frame_try_runtime::TryRuntime<Block> for Runtime {
        fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
            // A failed check must stop the dry run with its message.
            let weight = Executive::try_runtime_upgrade(checks).expect("the checks of the upgrade pass");
            (weight, crate::configs::system::RuntimeBlockWeights::get().max_block)
        }

        fn execute_block(
            block: <Block as BlockT>::LazyBlock,
            state_root_check: bool,
            signature_check: bool,
            select: frame_try_runtime::TryStateSelect,
        ) -> Weight {
            Executive::try_execute_block(block, state_root_check, signature_check, select)
                .expect("the block executes and the invariants of the state hold")
        }
    }
}
