//! The genesis of the chains `dev`, `local`, `local-audits` and `local-names`.
//!
//! The genesis of a live chain is not code but a spec file. Export one with `meganet-node export-chain-spec --chain
//! local`, replace name, id, chain type and boot nodes, and in `genesis.runtimeGenesis.patch` the balances and the
//! validators' session keys (`session.keys`: account, account, keys made with `meganet-node key`), remove `sudo`, and
//! convert it with `meganet-node export-chain-spec --chain FILE --raw`. `node/README.md` has the details.

use crate::{
    AccountId, BabeConfig, Balance, BalancesConfig, NamesConfig, RuntimeGenesisConfig, SessionConfig, SessionKeys,
    StorageConfig, SudoConfig,
    constants::{HOURS, MEGA, MILLI_MEGA, MINUTES, SS58_PREFIX},
};
use alloc::{string::ToString, vec, vec::Vec};
use frame_support::build_struct_json_patch;
use meganet_primitives::{name::NameParams, pay::GIB};
use pallet_storage::{AuditParams, PriceCurve};
use serde_json::Value;
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_core::crypto::{Ss58AddressFormat, set_default_ss58_version};
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, PresetId};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// The assignment of slots, fixed for the life of the chain. One in four is won by lottery; the others are assigned to one
/// validator each, which proves this by a VRF too: so every block has randomness that only its author can compute.
pub const BABE_EPOCH: BabeEpochConfiguration =
    BabeEpochConfiguration { c: (1, 4), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

/// The preset of the chain `local-audits`.
pub const LOCAL_AUDITS_RUNTIME_PRESET: &str = "local_audits";
/// The preset of the chain `local-names`.
pub const LOCAL_NAMES_RUNTIME_PRESET: &str = "local_names";

/// The initial balance of each well-known account on a `dev` or `local` chain.
const ENDOWMENT: Balance = 1_000_000 * MEGA;

/// A validator with well-known keys: account and session keys are derived from the same name.
fn validator(account: Sr25519Keyring, grandpa: Ed25519Keyring) -> (AccountId, AccountId, SessionKeys) {
    let keys = SessionKeys { grandpa: grandpa.public().into(), babe: account.public().into() };
    (account.to_account_id(), account.to_account_id(), keys)
}

fn genesis(validators: Vec<(AccountId, AccountId, SessionKeys)>, root: AccountId) -> Value {
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: Sr25519Keyring::iter().map(|key| (key.to_account_id(), ENDOWMENT)).collect::<Vec<_>>(),
        },
        babe: BabeConfig { epoch_config: BABE_EPOCH },
        session: SessionConfig { keys: validators },
        sudo: SudoConfig { key: Some(root) },
        // The times of a live chain, so that no name of a demo lapses; a tenth of the rent.
        names: NamesConfig {
            params: NameParams {
                min_commit_age: 2,
                premium_start: 1_000 * MEGA,
                rent: [64 * MEGA, 16 * MEGA, 2 * MEGA, MEGA / 5],
            },
        },
        storage: StorageConfig {
            epoch_blocks: HOURS,
            period_blocks: MINUTES,
            window_blocks: 8,
            samples: 8,
            curve: PriceCurve { floor: MILLI_MEGA / 10, ceiling: MEGA, ..PriceCurve::default() },
            // The values of a live chain, with minutes instead of hours.
            audit: AuditParams {
                misses: 3,
                proofs_per_miss: 4,
                excuses: 80,
                newcomer_periods: 60,
                repair_periods: 60,
                lazy_blocks: 3 * MINUTES,
                handover_blocks: MINUTES,
                ..AuditParams::default()
            },
            // As small as a worker may be: a whole network fits on one machine.
            slot_capacity: [GIB; 4],
            max_epochs: 120,
            price_per_gib_epoch: MILLI_MEGA,
            group_deposit: 100 * MEGA,
            bond_per_gib: MEGA,
            min_bond: 10 * MEGA,
            min_capacity: GIB,
        },
    })
}

/// One validator, //Alice, which is also root.
fn dev() -> Value {
    genesis(vec![validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice)], Sr25519Keyring::Alice.to_account_id())
}

/// Three validators, //Alice, //Bob and //Charlie; the first is also root.
fn local() -> Value {
    let validators = vec![
        validator(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
        validator(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
        validator(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
    ];
    genesis(validators, Sr25519Keyring::Alice.to_account_id())
}

/// [`local`] with audit periods of 36 seconds and storage epochs of four periods, for tests of what takes days.
fn local_audits() -> Value {
    let mut genesis = local();
    let storage = &mut genesis["storage"];
    storage["periodBlocks"] = 12.into();
    storage["windowBlocks"] = 6.into();
    storage["epochBlocks"] = 48.into();
    for key in ["lazyBlocks", "handoverBlocks"] {
        storage["audit"][key] = 12.into();
    }
    genesis
}

/// [`local`] with names that are paid for three minutes, and one minute of grace and of premium, for tests of what takes
/// years.
fn local_names() -> Value {
    let mut genesis = local();
    let names = &mut genesis["names"]["params"];
    names["maxCommitAge"] = MINUTES.into();
    names["year"] = (3 * MINUTES).into();
    names["grace"] = MINUTES.into();
    names["premium"] = MINUTES.into();
    names["halving"] = (MINUTES / 4).into();
    genesis
}

/// Makes genesis JSON read and write addresses of this chain, whose prefix is not in the SDK's registry. Addresses with
/// the generic prefix (42) are accepted too.
pub fn use_own_addresses() {
    set_default_ss58_version(Ss58AddressFormat::custom(SS58_PREFIX));
}

/// Returns the JSON patch of a preset, or `None` if there is no such preset.
pub fn get(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEV_RUNTIME_PRESET => dev(),
        LOCAL_TESTNET_RUNTIME_PRESET => local(),
        LOCAL_AUDITS_RUNTIME_PRESET => local_audits(),
        LOCAL_NAMES_RUNTIME_PRESET => local_names(),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// Returns the ids of all presets.
pub fn names() -> Vec<PresetId> {
    vec![
        PresetId::from(DEV_RUNTIME_PRESET),
        PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET),
        PresetId::from(LOCAL_AUDITS_RUNTIME_PRESET),
        PresetId::from(LOCAL_NAMES_RUNTIME_PRESET),
    ]
}
