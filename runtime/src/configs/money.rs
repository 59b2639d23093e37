//! Balances and fees.

use crate::{
    AccountId, Authorship, Balance, Balances, Runtime, RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, System,
    TransactionPayment,
    constants::{EXISTENTIAL_DEPOSIT, MICRO_MEGA},
};
use frame_support::{
    dispatch::DispatchInfo,
    parameter_types,
    traits::{
        ConstU8, ConstU32, ConstU128, OnUnbalanced, VariantCountOf,
        fungible::{Balanced, Credit},
    },
    weights::{ConstantMultiplier, IdentityFee, Weight},
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
    FixedPointNumber, Perquintill,
    traits::{Bounded, Convert, One},
};

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

parameter_types! {
    /// A byte of an extrinsic costs this; its execution costs one planck per picosecond, so that a transfer costs
    /// about half a thousandth of a MEGA.
    pub const ByteFee: Balance = MICRO_MEGA;
    /// Fees rise while blocks are fuller than this.
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    /// How fast fees follow the load: about 7 % in an hour of full blocks.
    pub AdjustmentSpeed: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
    /// Fees never fall below the base.
    pub MinimumMultiplier: Multiplier = Multiplier::one();
    /// Nor is there a ceiling short of what the type can hold.
    pub MaximumMultiplier: Multiplier = Multiplier::max_value();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, FeesToAuthor>;
    type WeightToFee = IdentityFee<Balance>;
    type LengthToFee = ConstantMultiplier<Balance, ByteFee>;
    type FeeMultiplierUpdate =
        TargetedFeeAdjustment<Runtime, TargetFullness, AdjustmentSpeed, MinimumMultiplier, MaximumMultiplier>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

/// What a signed transaction of so many bytes with a call of such a weight costs at the moment; what its checks weigh is
/// left out.
pub struct CallFee;

impl Convert<(u32, Weight), Balance> for CallFee {
    fn convert((length, call_weight): (u32, Weight)) -> Balance {
        TransactionPayment::compute_fee(length, &DispatchInfo { call_weight, ..DispatchInfo::default() }, 0)
    }
}

/// Gives fees and tips to the block's author; what an author's account cannot take is burned.
pub struct FeesToAuthor;

impl OnUnbalanced<Credit<AccountId, Balances>> for FeesToAuthor {
    fn on_nonzero_unbalanced(amount: Credit<AccountId, Balances>) {
        if let Some(author) = Authorship::author() {
            // A refused credit is dropped, which lowers the issuance.
            let _burned = Balances::resolve(&author, amount);
        }
    }
}
