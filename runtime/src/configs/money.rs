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
    /// Fee for each byte of an extrinsic. Execution costs one planck per picosecond, so that a transfer costs about half
    /// a thousandth of a MEGA.
    pub const ByteFee: Balance = MICRO_MEGA;
    /// Block fullness above which fees rise.
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    /// Speed at which fees follow the load: about 7 % in an hour of full blocks.
    pub AdjustmentSpeed: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
    /// Minimum of the fee multiplier: fees never fall below the base fee.
    pub MinimumMultiplier: Multiplier = Multiplier::one();
    /// Maximum of the fee multiplier: that of the type.
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

/// The current fee of a signed transaction with this length and a call of this weight, without the weight of the
/// transaction extensions.
pub struct CallFee;

impl Convert<(u32, Weight), Balance> for CallFee {
    fn convert((length, call_weight): (u32, Weight)) -> Balance {
        TransactionPayment::compute_fee(length, &DispatchInfo { call_weight, ..DispatchInfo::default() }, 0)
    }
}

/// Pays fees and tips to the block's author; an amount that the account can't receive is burned.
pub struct FeesToAuthor;

impl OnUnbalanced<Credit<AccountId, Balances>> for FeesToAuthor {
    fn on_nonzero_unbalanced(amount: Credit<AccountId, Balances>) {
        if let Some(author) = Authorship::author() {
            // Dropping a refused credit lowers the issuance.
            let _burned = Balances::resolve(&author, amount);
        }
    }
}
