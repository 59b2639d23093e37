//! A runtime of names and balances.

#![allow(clippy::unwrap_used, missing_docs)]

use crate as pallet_names;
use frame_support::{derive_impl, traits::ConstU128};
use meganet_primitives::Balance;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

pub const DEPOSIT: Balance = 100;
pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const RICH: Balance = 10_000;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Names: pallet_names,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId32;
    type Lookup = IdentityLookup<AccountId32>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

impl pallet_names::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Deposit = ConstU128<DEPOSIT>;
    type WeightInfo = ();
}

/// The account number `n`. Numbers 0 to 3 have [`RICH`], the others nothing.
pub fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    let balances = (0..4).map(|n| (account(n), RICH)).collect();
    pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }.assimilate_storage(&mut storage).unwrap();
    let mut ext = sp_io::TestExternalities::from(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}
