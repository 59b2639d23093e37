//! A runtime with names and balances, and short lifetimes.

#![allow(clippy::unwrap_used, missing_docs)]

use crate as pallet_names;
use frame_support::{derive_impl, traits::ConstU128, weights::Weight};
use meganet_primitives::{Balance, BlockNumber, name::NameParams};
use sp_runtime::{AccountId32, BuildStorage, traits::IdentityLookup};

pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const RICH: Balance = 1_000_000;

/// Prices and times of the mock: a year is 100 blocks.
pub const PARAMS: NameParams = NameParams {
    min_commit_age: 3,
    max_commit_age: 20,
    year: 100,
    grace: 30,
    premium: 40,
    halving: 10,
    premium_start: 16_000,
    rent: [640, 160, 20, 2],
    deposit: 100,
    record_deposit: 7,
};

type Block = frame_system::mocking::MockBlockU32<Test>;

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
    type WeightInfo = ();
}

/// The account number `n`. Numbers 0 to 5 have [`RICH`], the others nothing.
pub fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

pub fn now() -> BlockNumber {
    System::block_number()
}

/// Jumps to a block: nothing that names depend on happens in the blocks between.
pub fn go_to(block: BlockNumber) {
    System::set_block_number(block);
}

/// Ends this many blocks, each with unlimited weight left.
pub fn pass(blocks: BlockNumber) {
    for _ in 0..blocks {
        <Names as frame_support::traits::Hooks<BlockNumber>>::on_idle(now(), Weight::MAX);
        go_to(now() + 1);
    }
}

pub fn new_test_ext() -> sp_io::TestExternalities {
    let balances = (0..6).map(|n| (account(n), RICH)).collect();
    let genesis = RuntimeGenesisConfig {
        balances: BalancesConfig { balances, ..Default::default() },
        names: NamesConfig { params: PARAMS, ..Default::default() },
        ..Default::default()
    };
    let mut ext = sp_io::TestExternalities::from(genesis.build_storage().unwrap());
    ext.execute_with(|| System::set_block_number(1));
    ext
}
