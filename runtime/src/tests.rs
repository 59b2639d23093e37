//! Properties of the runtime as a whole.
#![allow(clippy::unwrap_used)]

mod pallets;

use crate::{Runtime, RuntimeGenesisConfig, constants, genesis_presets};
use sp_runtime::BuildStorage;

/// The full genesis of a preset: its patch merged into the defaults.
fn preset(name: &str) -> RuntimeGenesisConfig {
    let patch: serde_json::Value = serde_json::from_slice(&genesis_presets::get(&name.into()).unwrap()).unwrap();
    let mut full = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
    merge(&mut full, patch);
    serde_json::from_value(full).unwrap()
}

fn merge(into: &mut serde_json::Value, patch: serde_json::Value) {
    match (into, patch) {
        (serde_json::Value::Object(into), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

fn at_genesis<R>(name: &str, run: impl FnOnce() -> R) -> R {
    sp_io::TestExternalities::new(preset(name).build_storage().unwrap()).execute_with(run)
}

#[test]
fn presets_build_and_set_the_validators_of_their_name() {
    for (name, validators) in [("development", 1), ("local_testnet", 3), ("local_audits", 3), ("local_names", 3)] {
        assert!(genesis_presets::names().contains(&name.into()));
        at_genesis(name, || {
            assert_eq!(pallet_session::Validators::<Runtime>::get().len(), validators);
            assert_eq!(pallet_babe::Authorities::<Runtime>::get().len(), validators);
            assert_eq!(pallet_grandpa::Authorities::<Runtime>::get().len(), validators);
            assert!(pallet_sudo::Key::<Runtime>::get().is_some());
        });
    }
}

#[test]
fn names_live_as_long_as_their_preset_says() {
    use crate::{Names, constants::DAYS};
    let lives = |preset| {
        at_genesis(preset, || {
            let params = Names::api_params();
            assert!(params.are_sound());
            (params.year, params.grace, params.premium, params.rent[3])
        })
    };
    for preset in ["development", "local_testnet"] {
        assert_eq!(lives(preset), (365 * DAYS + DAYS / 4, 30 * DAYS, 21 * DAYS, constants::MEGA / 5));
    }
    assert_eq!(lives("local_names"), (60, 20, 20, constants::MEGA / 5));
}

#[test]
fn what_a_genesis_does_not_say_about_names_is_as_on_a_live_chain() {
    use meganet_primitives::{chain::Availability, name::NameParams};
    let storage = RuntimeGenesisConfig::default().build_storage().unwrap();
    sp_io::TestExternalities::new(storage).execute_with(|| {
        assert_eq!(crate::Names::api_params(), NameParams::default());
        assert_eq!(crate::Names::api_availability(b"wallet".to_vec(), [1; 32]), Availability::Reserved);
    });
}

#[test]
fn an_upgrade_brings_names_of_the_first_version_along() {
    use frame_support::traits::{GetStorageVersion, StorageVersion};
    use meganet_primitives::name::NameParams;
    at_genesis("development", || {
        assert_eq!(crate::Names::on_chain_storage_version(), 2);
        StorageVersion::new(1).put::<crate::Names>();
        pallet_names::CurrentParams::<Runtime>::kill();
        crate::Executive::execute_on_runtime_upgrade();
        assert_eq!(crate::Names::on_chain_storage_version(), 2);
        assert!(pallet_names::CurrentParams::<Runtime>::exists());
        assert_eq!(crate::Names::api_params(), NameParams::default());
    });
}

#[test]
fn a_genesis_without_a_preset_has_no_root_key() {
    assert!(genesis_presets::get(&"live".into()).is_none());
    assert!(RuntimeGenesisConfig::default().sudo.key.is_none());
}

#[test]
fn epochs_are_ten_minutes_of_slots() {
    assert_eq!(u64::from(constants::EPOCH_BLOCKS), constants::EPOCH_SLOTS);
    assert_eq!(constants::SLOT_MILLIS * u64::from(constants::MINUTES), 60_000);
}

#[test]
fn genesis_json_takes_our_addresses_and_generic_ones() {
    use sp_core::crypto::{AccountId32, Ss58AddressFormat, Ss58Codec};
    genesis_presets::use_own_addresses();
    let who = AccountId32::new([7; 32]);
    for prefix in [constants::SS58_PREFIX, 42] {
        let address = who.to_ss58check_with_version(Ss58AddressFormat::custom(prefix));
        assert_eq!(serde_json::from_value::<AccountId32>(address.into()).unwrap(), who);
    }
}

#[test]
fn whoever_has_the_chain_renew_gets_more_than_that_costs() {
    use crate::{RuntimeCall, TransactionPayment, TxExtension, UncheckedExtrinsic, configs::network::MaxRenewalFee};
    use codec::Encode;
    use frame_support::dispatch::GetDispatchInfo;
    use sp_runtime::{MultiSignature, generic::Era};
    at_genesis("development", || {
        let extension: TxExtension = (
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckEra::from(Era::mortal(256, 0)),
            frame_system::CheckNonce::from(u32::MAX),
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(0),
            frame_metadata_hash_extension::CheckMetadataHash::new(false),
            frame_system::WeightReclaim::new(),
        );
        let call = RuntimeCall::Storage(pallet_storage::Call::auto_renew { id: u64::MAX });
        let signature = MultiSignature::Sr25519([0; 64].into());
        let signer = sp_keyring::Sr25519Keyring::Alice.to_account_id().into();
        let extrinsic = UncheckedExtrinsic::new_signed(call, signer, signature, extension);
        let length = u32::try_from(extrinsic.encoded_size()).unwrap();
        let fee = TransactionPayment::compute_fee(length, &extrinsic.get_dispatch_info(), 0);
        let paid = crate::Storage::api_params().renewal_fee;
        assert!(paid > fee, "{paid} for a fee of {fee}");
        assert!(paid < 2 * fee, "{paid} for a fee of {fee}");
        assert!(paid < MaxRenewalFee::get() / 4, "fees may rise before renewals wait");
    });
}
