//! How a fake chain is set up, and the genesis that follows from it.

use meganet_chain_client::MEGA;
use meganet_primitives::{
    AccountId, Balance, BlockNumber,
    audit::{Schedule, Tolerance},
    name::NameParams,
};
use meganet_runtime::{
    BabeConfig, BalancesConfig, NamesConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys, StorageConfig,
    genesis_presets::BABE_EPOCH,
};
use pallet_storage::{AuditParams, PriceCurve};
use sp_core::{Pair, ed25519, sr25519};
use std::time::Duration;

/// How a fake chain is set up. All but the last four fields end up in its genesis.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Blocks of a storage epoch.
    pub epoch_blocks: BlockNumber,
    /// The latest expiry that can be bought is this many epochs away.
    pub max_epochs: u32,
    /// Bytes of a slot, by profile.
    pub slot_capacity: [u64; 4],
    /// The smallest capacity of a worker, bytes.
    pub min_capacity: u64,
    /// Price of a GiB for an epoch, in planck. It does not move.
    pub price_per_gib_epoch: Balance,
    /// Of every price, this many parts of a million are burned in addition.
    pub burn_ppm: u32,
    /// Prices and times of names. By default a commitment can be used after two blocks, and no name lapses in a test that
    /// is about something else.
    pub names: NameParams,
    /// Labels that nobody can register.
    pub reserved: Vec<String>,
    /// Deposit of a group, in planck.
    pub group_deposit: Balance,
    /// Bond of a worker for each GiB, in planck.
    pub bond_per_gib: Balance,
    /// The smallest bond, in planck.
    pub min_bond: Balance,
    /// The rhythm of audits. A period that is longer than an epoch is shortened to one epoch, and its window to half of it.
    pub schedule: Schedule,
    /// How many missed periods are tolerated.
    pub tolerance: Tolerance,
    /// Proven periods of each of the three steps in which a part of a new worker's pay is held back.
    pub newcomer_periods: u32,
    /// Blocks for which a worker that has handed its last slot over must stay.
    pub handover: BlockNumber,
    /// Accounts that own something at genesis, in planck.
    pub endowed: Vec<(AccountId, Balance)>,
    /// The secret URI of the one validator's keys. It gets the fees, so tests had better not use its account.
    pub validator: String,
    /// How many blocks the finalized head trails the best one.
    pub finality_lag: BlockNumber,
    /// Whether a submission makes the blocks it waits for.
    pub auto_tick: bool,
    /// How long the client repeats a request whose answer is lost; zero asks once.
    pub patience: Duration,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            epoch_blocks: 1200,
            max_epochs: 120,
            slot_capacity: [1 << 30; 4],
            min_capacity: 1 << 30,
            price_per_gib_epoch: MEGA / 1000,
            burn_ppm: 0,
            names: NameParams {
                min_commit_age: 2,
                max_commit_age: 10_000,
                year: 1_000_000,
                grace: 500,
                premium: 400,
                halving: 50,
                premium_start: 1_000 * MEGA,
                rent: [200 * MEGA, 50 * MEGA, 10 * MEGA, MEGA],
                deposit: 10 * MEGA,
                record_deposit: MEGA / 10,
            },
            reserved: vec!["meganet".to_owned()],
            group_deposit: 100 * MEGA,
            bond_per_gib: MEGA,
            min_bond: 10 * MEGA,
            schedule: Schedule { period_blocks: 1200, window_blocks: 600, samples: 8 },
            tolerance: Tolerance { misses: 3, proofs_per_miss: 10 },
            newcomer_periods: 0,
            handover: 20,
            endowed: Vec::new(),
            validator: "//Validator".to_owned(),
            finality_lag: 0,
            auto_tick: true,
            patience: Duration::ZERO,
        }
    }
}

impl FakeConfig {
    /// The rhythm of audits as it is on the chain.
    pub fn schedule(&self) -> Schedule {
        let Schedule { period_blocks, window_blocks, samples } = self.schedule;
        if period_blocks <= self.epoch_blocks {
            return self.schedule;
        }
        let period_blocks = self.epoch_blocks;
        Schedule { period_blocks, window_blocks: window_blocks.min(period_blocks / 2), samples }
    }

    /// The runtime's genesis. Serialized, it is also what a chain spec calls `config`.
    pub fn genesis(&self) -> RuntimeGenesisConfig {
        let babe = self.validator();
        let grandpa = key::<ed25519::Pair>(&self.validator);
        let validator = sp_runtime::AccountId32::from(babe.public());
        let keys = SessionKeys { grandpa: grandpa.public().into(), babe: babe.public().into() };
        let balances = self.endowed.iter().map(|(account, amount)| ((*account).into(), *amount)).collect();
        RuntimeGenesisConfig {
            balances: BalancesConfig { balances, ..Default::default() },
            babe: BabeConfig { epoch_config: BABE_EPOCH, ..Default::default() },
            session: SessionConfig { keys: vec![(validator.clone(), validator, keys)], ..Default::default() },
            names: NamesConfig { params: self.names, reserved: self.reserved.clone(), ..Default::default() },
            storage: self.storage(),
            ..Default::default()
        }
    }

    /// The validator's key for blocks.
    pub(crate) fn validator(&self) -> sr25519::Pair {
        key(&self.validator)
    }

    fn storage(&self) -> StorageConfig {
        let Schedule { period_blocks, window_blocks, samples } = self.schedule();
        let price = self.price_per_gib_epoch;
        StorageConfig {
            epoch_blocks: self.epoch_blocks,
            slot_capacity: self.slot_capacity,
            max_epochs: self.max_epochs,
            period_blocks,
            window_blocks,
            samples,
            price_per_gib_epoch: price,
            curve: PriceCurve { floor: price, ceiling: price, ..PriceCurve::default() },
            audit: AuditParams {
                misses: self.tolerance.misses,
                proofs_per_miss: self.tolerance.proofs_per_miss,
                burn_ppm: self.burn_ppm,
                newcomer_periods: self.newcomer_periods,
                repair_periods: 0,
                // A vacant slot is filled as soon as the chain can.
                lazy_blocks: 2,
                handover_blocks: self.handover,
                ..AuditParams::default()
            },
            group_deposit: self.group_deposit,
            bond_per_gib: self.bond_per_gib,
            min_bond: self.min_bond,
            min_capacity: self.min_capacity,
            ..Default::default()
        }
    }
}

/// The key pair of a secret URI.
///
/// # Panics
/// If the text is not a secret URI.
#[allow(clippy::expect_used)]
fn key<P: Pair>(uri: &str) -> P {
    P::from_string(uri, None).expect("FakeConfig::validator is a secret URI")
}
