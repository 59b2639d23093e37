//! Making the spec of a light client, by asking a node once.

use super::{
    SubxtChain,
    connection::{Connection, block_name, incompatible},
    failure::{self, Failure},
};
use crate::{
    client::HeadsClient,
    error::ChainError,
    light::{Checkpoint, Document, Genesis, LightSpec},
};
use codec::Encode;
use meganet_primitives::{BlockNumber, hash::Hash};
use serde_json::Value;
use subxt::{
    rpcs::{Error as RpcError, client::rpc_params},
    utils::H256,
};

impl SubxtChain {
    /// The spec from which light clients follow this chain, beginning at the present finalized block. They
    /// trust the answers of this node: ask one that you trust. `boot_nodes` are the peer-to-peer addresses at which they
    /// find nodes; where none are given, those of the chain's own spec and those at which this node listens.
    ///
    /// # Errors
    /// [`ChainError::NothingFinalized`] on a chain that has just begun, [`ChainError::Refused`] if the node does not
    /// serve what is needed, [`ChainError::BadLightSpec`] if no addresses are known, and those of a lost connection.
    pub async fn light_spec(&self, boot_nodes: &[String]) -> Result<LightSpec, ChainError> {
        let genesis = self.genesis();
        let document = self.ask(|connection| async move { document(&connection, &genesis, boot_nodes).await }).await?;
        let json = serde_json::to_string_pretty(&document)
            .map_err(|error| ChainError::Incompatible { detail: error.to_string() })?;
        let spec = LightSpec::parse(&format!("the light spec of {}", self.url()), json)?;
        if spec.genesis() != genesis {
            return Err(ChainError::Incompatible {
                detail: "the chain's genesis block is not the plain one that a light spec can describe".to_owned(),
            });
        }
        Ok(spec)
    }
}

async fn document(connection: &Connection, genesis: &Hash, boot_nodes: &[String]) -> Result<Document, Failure> {
    let chain: Value = ask(connection, "sync_state_genSyncSpec", true).await?;
    let state_root = connection.header(H256(*genesis)).await?.state_root;
    let boot_nodes = match boot_nodes {
        [] => known_nodes(connection, &chain).await?,
        given => given.to_vec(),
    };
    let text = |field: &str| chain.get(field).and_then(Value::as_str).map(ToOwned::to_owned);
    let named = |field: &str| text(field).ok_or_else(|| incompatible(format!("the chain's spec has no {field}")));
    Ok(Document {
        name: named("name")?,
        id: named("id")?,
        chain_type: chain.get("chainType").cloned().unwrap_or_else(|| "Live".into()),
        boot_nodes,
        protocol_id: None,
        fork_id: text("forkId"),
        properties: chain.get("properties").and_then(Value::as_object).cloned().unwrap_or_default(),
        genesis: Genesis { state_root_hash: block_name(state_root) },
        light_sync_state: checkpoint(connection).await?.sync_state(),
    })
}

/// The present finalized block.
async fn checkpoint(connection: &Connection) -> Result<Checkpoint, Failure> {
    let finalized = connection.finalized().await?;
    if finalized.number == BlockNumber::MIN {
        return Err(ChainError::NothingFinalized.into());
    }
    let block = H256(finalized.hash);
    let call = |method: &'static str| async move {
        let answer = connection.rpc.state_call(method, None, Some(block)).await;
        answer.map_err(|e| failure::rpc(method, &block_name(block), e))
    };
    Ok(Checkpoint {
        number: finalized.number,
        hash: finalized.hash,
        header: connection.header(block).await?.encode(),
        current_epoch: call("BabeApi_current_epoch").await?,
        next_epoch: call("BabeApi_next_epoch").await?,
        authorities: call("GrandpaApi_grandpa_authorities").await?,
        set_id: call("GrandpaApi_current_set_id").await?,
    })
}

/// The nodes of the chain's spec, and this one.
async fn known_nodes(connection: &Connection, chain: &Value) -> Result<Vec<String>, Failure> {
    let mut nodes: Vec<String> = chain
        .get("bootNodes")
        .and_then(Value::as_array)
        .map(|nodes| nodes.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
        .unwrap_or_default();
    let listens = connection.raw.request::<Vec<String>>("system_localListenAddresses", rpc_params![]).await;
    nodes.extend(listens.map_err(|e| failure::rpc("system_localListenAddresses", "", e))?);
    nodes.sort_unstable();
    nodes.dedup();
    Ok(nodes)
}

async fn ask(connection: &Connection, method: &str, argument: bool) -> Result<Value, Failure> {
    let answer: Result<Value, RpcError> = connection.raw.request(method, rpc_params![argument]).await;
    answer.map_err(|e| failure::rpc(method, "", e))
}
