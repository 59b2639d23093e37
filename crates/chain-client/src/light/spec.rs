//! The spec of a chain for light clients: its identity, addresses of its nodes, and a checkpoint.
//!
//! It is the chain spec that smoldot takes, of a few kilobytes: `genesis` is the root of the genesis state in place of
//! the state itself (`stateRootHash`), and `lightSyncState` the checkpoint.

use crate::error::ChainError;
use blake2::{Blake2b, Digest, digest::consts::U32};
use codec::{Compact, Encode};
use meganet_primitives::hash::Hash;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// The root of a trie with nothing in it: that of the genesis block's extrinsics.
const EMPTY_ROOT: Hash = [
    0x03, 0x17, 0x0a, 0x2e, 0x75, 0x97, 0xb7, 0xb7, 0xe3, 0xd8, 0x4c, 0x05, 0x39, 0x1d, 0x13, 0x9a, 0x62, 0xb1, 0x57,
    0xe7, 0x87, 0x86, 0xd8, 0xc0, 0x82, 0xf2, 0x9d, 0xcf, 0x4c, 0x11, 0x13, 0x14,
];

/// A spec that has been checked.
#[derive(Clone, Debug)]
pub struct LightSpec {
    source: String,
    json: String,
    genesis: Hash,
    boot_nodes: Vec<String>,
}

/// The document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document {
    pub name: String,
    pub id: String,
    pub chain_type: Value,
    pub boot_nodes: Vec<String>,
    /// Of no use any more; some specs still have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork_id: Option<String>,
    #[serde(default)]
    pub properties: serde_json::Map<String, Value>,
    pub genesis: Genesis,
    pub light_sync_state: SyncState,
}

/// The genesis block, without its state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Genesis {
    pub state_root_hash: String,
}

/// The checkpoint, each part SCALE in hex.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SyncState {
    pub babe_epoch_changes: String,
    pub babe_finalized_block_weight: u32,
    pub finalized_block_header: String,
    pub grandpa_authority_set: String,
}

impl LightSpec {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ChainError::BadLightSpec`] if it cannot be read or is no spec for light clients.
    pub fn read(path: &Path) -> Result<Self, ChainError> {
        let source = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ChainError::BadLightSpec { spec: source.clone(), reason: error.to_string() })?;
        Self::parse(&source, text)
    }

    /// Takes the text of a spec; `source` is what messages call it.
    ///
    /// # Errors
    /// [`ChainError::BadLightSpec`].
    pub fn parse(source: &str, json: String) -> Result<Self, ChainError> {
        let bad = |reason: String| ChainError::BadLightSpec { spec: source.to_owned(), reason };
        let value: Value = serde_json::from_str(&json).map_err(|error| bad(error.to_string()))?;
        // Better words than those about a field that is not expected.
        if value.pointer("/genesis/stateRootHash").is_none() {
            return Err(bad(
                "it has no genesis.stateRootHash; a spec for nodes holds the whole genesis state".to_owned()
            ));
        }
        let document: Document = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
        if document.boot_nodes.is_empty() {
            return Err(bad("bootNodes is empty, so there is no node to ask".to_owned()));
        }
        if let Some(address) = document.boot_nodes.iter().find(|address| !address.contains("/p2p/")) {
            return Err(bad(format!("the boot node {address} does not end with /p2p/ and its peer id")));
        }
        let mut root = [0; 32];
        let digits = document.genesis.state_root_hash.trim_start_matches("0x");
        hex::decode_to_slice(digits, &mut root)
            .map_err(|error| bad(format!("genesis.stateRootHash is no hash: {error}")))?;
        Ok(Self { source: source.to_owned(), json, genesis: genesis_hash(&root), boot_nodes: document.boot_nodes })
    }

    /// Where it came from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The genesis hash of its chain.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Addresses of its nodes.
    pub fn boot_nodes(&self) -> &[String] {
        &self.boot_nodes
    }

    /// The error that this is no good spec.
    pub(super) fn bad(&self, reason: &str) -> ChainError {
        ChainError::BadLightSpec { spec: self.source.clone(), reason: reason.to_owned() }
    }
}

/// The hash of a genesis block, whose header has nothing but the root of its state.
fn genesis_hash(state_root: &Hash) -> Hash {
    const NO_PARENT: Hash = [0; 32];
    let (number, digest) = (Compact(0u32), Compact(0u32));
    Blake2b::<U32>::digest((NO_PARENT, number, state_root, EMPTY_ROOT, digest).encode()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Of Polkadot, whose genesis hash everybody knows.
    const ROOT: &str = "0x29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17";

    fn spec(change: impl FnOnce(&mut Value)) -> Result<LightSpec, ChainError> {
        let mut value = serde_json::json!({
            "name": "Test", "id": "test", "chainType": "Local", "properties": {},
            "bootNodes": ["/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"],
            "genesis": { "stateRootHash": ROOT },
            "lightSyncState": {
                "babeEpochChanges": "0x", "babeFinalizedBlockWeight": 0,
                "finalizedBlockHeader": "0x", "grandpaAuthoritySet": "0x",
            },
        });
        change(&mut value);
        LightSpec::parse("test.json", value.to_string())
    }

    #[test]
    fn the_genesis_hash_follows_from_the_root_of_its_state() {
        let polkadot = "91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3";
        assert_eq!(hex::encode(spec(|_| ()).unwrap().genesis()), polkadot);
    }

    #[test]
    fn what_is_no_light_spec_is_refused_with_the_reason() {
        let reason = |change: fn(&mut Value)| spec(change).unwrap_err().to_string();
        let nodes = reason(|spec| spec["genesis"] = serde_json::json!({ "raw": { "top": {} } }));
        assert!(
            nodes.contains("test.json") && nodes.contains("stateRootHash") && nodes.contains("light spec"),
            "{nodes}"
        );
        assert!(reason(|spec| spec["bootNodes"] = serde_json::json!([])).contains("bootNodes is empty"));
        assert!(reason(|spec| spec["bootNodes"][0] = "/ip4/127.0.0.1/tcp/1".into()).contains("peer id"));
        assert!(reason(|spec| spec["genesis"]["stateRootHash"] = "0x12".into()).contains("no hash"));
        assert!(reason(|spec| spec["relayChain"] = "polkadot".into()).contains("relayChain"));
        assert!(reason(|spec| spec["lightSyncState"] = Value::Null).contains("test.json"));
        assert!(LightSpec::parse("x", "{".to_owned()).is_err());
        let missing = LightSpec::read(Path::new("/nonexistent/light.json")).unwrap_err();
        assert!(missing.to_string().contains("/nonexistent/light.json"), "{missing}");
    }

    #[test]
    fn smoldot_is_asked_whether_the_checkpoint_is_one() {
        let spec = spec(|_| ()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _inside = runtime.enter();
        let refused = super::super::LightClient::start(spec, super::super::LightOptions::default()).err().unwrap();
        assert!(matches!(&refused, ChainError::BadLightSpec { spec, .. } if spec == "test.json"), "{refused}");
    }
}
