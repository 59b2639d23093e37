//! Names and storage.

use crate::{Balance, Balances, Runtime, RuntimeHoldReason, configs::money::CallFee, constants::MILLI_MEGA};
use frame_support::{PalletId, parameter_types, traits::ConstU32};
use pallet_babe::{ParentBlockRandomness, RandomnessFromOneEpochAgo};

parameter_types! {
    /// Derives the account of the pot, which holds payments for storage.
    pub const StoragePalletId: PalletId = PalletId(*b"mg/store");
    /// Deposit for each object deleted early, until its range expires.
    pub const TombstoneDeposit: Balance = 20 * MILLI_MEGA;
    /// Deposit for each automatic renewal, until it is closed: three entries of about 400 bytes.
    pub const AutoRenewalDeposit: Balance = 50 * MILLI_MEGA;
    /// About ten times the fee while blocks are not full.
    pub const MaxRenewalFee: Balance = 25 * MILLI_MEGA;
}

impl pallet_names::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_names::weights::SubstrateWeight<Runtime>;
}

impl pallet_storage::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type EpochRandomness = RandomnessFromOneEpochAgo<Runtime>;
    type BlockRandomness = ParentBlockRandomness<Runtime>;
    type PalletId = StoragePalletId;
    type TombstoneDeposit = TombstoneDeposit;
    type AutoRenewalDeposit = AutoRenewalDeposit;
    type MaxRenewalFee = MaxRenewalFee;
    type CallFee = CallFee;
    type MaxRanges = ConstU32<256>;
    type MaxOpenGroups = ConstU32<32>;
    // A terabyte with slots of 16 GiB; operators with more disk space run several workers.
    type MaxSlots = ConstU32<64>;
    // Every slot of two workers that leave at the same time.
    type MaxFillQueue = ConstU32<128>;
    type FillWindow = ConstU32<256>;
    type FillDelay = ConstU32<2>;
    // Ten minutes, if no other group waits: an attempt each `FillDelay`, which is 6 seconds.
    type MaxFillAttempts = ConstU32<100>;
    type WeightInfo = pallet_storage::weights::SubstrateWeight<Runtime>;
}
