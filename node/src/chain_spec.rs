//! The built-in chains, and the format of spec files.

use meganet_runtime::{
    WASM_BINARY,
    constants::{SS58_PREFIX, TOKEN_DECIMALS, TOKEN_SYMBOL},
    genesis_presets::{LOCAL_AUDITS_RUNTIME_PRESET, LOCAL_NAMES_RUNTIME_PRESET},
    opaque::Block,
};
use sc_chain_spec::{ChainSpecExtension, ChainType, Properties};
use sc_service::GenericChainSpec;
use serde::{Deserialize, Serialize};
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};

/// A chain's spec: genesis, boot nodes, properties.
pub type ChainSpec = GenericChainSpec<Extensions>;

/// The extensions of a spec.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    /// Blocks that must be on the chain, by number.
    pub fork_blocks: sc_client_api::ForkBlocks<Block>,
    /// Blocks that must not be on the chain.
    pub bad_blocks: sc_client_api::BadBlocks<Block>,
    /// The state that a light client starts from, written by `sync_state_genSyncSpec`.
    pub light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

/// One validator, for development: `--chain dev`, `--dev`.
pub fn dev() -> Result<ChainSpec, String> {
    named("Meganet Development", "dev", ChainType::Development, DEV_RUNTIME_PRESET)
}

/// Three validators on one machine: `--chain local`.
pub fn local() -> Result<ChainSpec, String> {
    named("Meganet Local", "local", ChainType::Local, LOCAL_TESTNET_RUNTIME_PRESET)
}

/// `local` with faster audits and storage epochs: `--chain local-audits`.
pub fn local_audits() -> Result<ChainSpec, String> {
    named("Meganet Local Audits", "local-audits", ChainType::Local, LOCAL_AUDITS_RUNTIME_PRESET)
}

/// `local` with names that lapse within minutes: `--chain local-names`.
pub fn local_names() -> Result<ChainSpec, String> {
    named("Meganet Local Names", "local-names", ChainType::Local, LOCAL_NAMES_RUNTIME_PRESET)
}

fn named(name: &str, id: &str, kind: ChainType, preset: &str) -> Result<ChainSpec, String> {
    let wasm =
        WASM_BINARY.ok_or("this node was built without its Wasm runtime: build it again without SKIP_WASM_BUILD")?;
    Ok(ChainSpec::builder(wasm, Extensions::default())
        .with_name(name)
        .with_id(id)
        .with_protocol_id("meganet")
        .with_chain_type(kind)
        .with_properties(properties())
        .with_genesis_config_preset_name(preset)
        .build())
}

/// The properties that wallets need to display amounts and addresses.
fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), TOKEN_SYMBOL.into());
    properties.insert("tokenDecimals".into(), TOKEN_DECIMALS.into());
    properties.insert("ss58Format".into(), SS58_PREFIX.into());
    properties
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sp_runtime::BuildStorage;

    #[test]
    fn the_named_chains_build_their_genesis_from_the_wasm_runtime() {
        let (dev, local) = (dev().unwrap(), local().unwrap());
        assert_ne!(dev.build_storage().unwrap().top, local.build_storage().unwrap().top);
        assert_ne!(local_names().unwrap().build_storage().unwrap().top, local.build_storage().unwrap().top);
    }

    #[test]
    fn a_spec_survives_its_json() {
        let json = dev().unwrap().as_json(true).unwrap();
        let again = ChainSpec::from_json_bytes(json.into_bytes()).unwrap();
        assert_eq!(again.build_storage().unwrap().top, dev().unwrap().build_storage().unwrap().top);
    }
}
