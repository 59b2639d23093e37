//! Names and storage: what this chain is for.

use crate::{Balance, Balances, Runtime, RuntimeHoldReason, configs::money::CallFee, constants::MILLI_MEGA};
use frame_support::{PalletId, parameter_types, traits::ConstU32};
use pallet_babe::{ParentBlockRandomness, RandomnessFromOneEpochAgo};

parameter_types! {
    /// The account that payments for storage wait in.
    pub const StoragePalletId: PalletId = PalletId(*b"mg/store");
    /// Held for each object deleted early, until it would have expired.
    pub const TombstoneDeposit: Balance = 20 * MILLI_MEGA;
    /// Held for each automatic renewal, until it is closed: three entries of about 400 bytes.
    pub const AutoRenewalDeposit: Balance = 50 * MILLI_MEGA;
    /// About ten times what the fee is while blocks are not full.
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
    // With slots of 16 GiB a worker of a terabyte; who lends more runs several workers.
    type MaxSlots = ConstU32<64>;
    // Every slot of two workers that leave at once.
    type MaxFillQueue = ConstU32<128>;
    type FillWindow = ConstU32<256>;
    type FillDelay = ConstU32<2>;
    // Five minutes' worth of blocks, where nothing else waits.
    type MaxFillAttempts = ConstU32<100>;
    type WeightInfo = pallet_storage::weights::SubstrateWeight<Runtime>;
}
