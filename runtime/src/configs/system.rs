//! Blocks, calls and administration.

use crate::{
    AccountId, Balance, Block, BlockNumber, OriginCaller, PalletInfo, Runtime, RuntimeCall, RuntimeEvent,
    RuntimeOrigin, RuntimeTask, VERSION,
    constants::{MAX_BLOCK_LENGTH, SS58_PREFIX},
};
use frame_support::{
    derive_impl,
    dispatch::DispatchClass,
    parameter_types,
    traits::ConstU32,
    weights::{
        Weight,
        constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
    },
};
use frame_system::limits::{BlockLength, BlockWeights};
use sp_runtime::Perbill;
use sp_version::RuntimeVersion;

/// The share of a block for ordinary extrinsics; the rest is for operational ones.
const NORMAL_RATIO: Perbill = Perbill::from_percent(75);
/// Execution time of a full block: a third of a slot, so that blocks reach all nodes within the slot.
const MAX_BLOCK_TIME: u64 = WEIGHT_REF_TIME_PER_SECOND;

parameter_types! {
    /// Maximum lifetime of a mortal extrinsic: two hours of blocks.
    pub const BlockHashCount: BlockNumber = 2_400;
    /// The runtime version.
    pub const Version: RuntimeVersion = VERSION;
    /// Execution limits of a block.
    pub RuntimeBlockWeights: BlockWeights =
        BlockWeights::with_sensible_defaults(Weight::from_parts(MAX_BLOCK_TIME, u64::MAX), NORMAL_RATIO);
    /// Size limits of a block.
    pub RuntimeBlockLength: BlockLength = BlockLength::builder()
        .max_length(MAX_BLOCK_LENGTH)
        .modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_RATIO * *max)
        .build();
    /// The prefix of addresses.
    pub const SS58Prefix: u16 = SS58_PREFIX;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type AccountId = AccountId;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BlockHashCount = BlockHashCount;
    type BlockWeights = RuntimeBlockWeights;
    type BlockLength = RuntimeBlockLength;
    type DbWeight = ParityDbWeight;
    type Version = Version;
    type SS58Prefix = SS58Prefix;
    type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
    type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
    type MaxConsumers = ConstU32<128>;
    type SingleBlockMigrations = Migrations;
}

/// Migrations from older versions, run in the block that upgrades the runtime. Each runs only once.
pub type Migrations = (pallet_names::migrations::V1ToV2<Runtime>,);

impl pallet_utility::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

/// Root access with one key. Only the `dev` and `local` presets set the key: a live chain has none.
impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}
