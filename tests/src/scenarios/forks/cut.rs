//! Cuts a validator off from the others, and reconnects it, without a restart.

use crate::{Stage, pool::next_nonce};
use anyhow::{Context, Result, ensure};
use meganet_devnet::{Kind, rpc};
use meganet_primitives::{AccountId, BlockNumber};
use serde_json::{Value, json};
use std::time::Duration;

/// A validator that connects only to the peers that it is told to, with the addresses of the others.
pub(super) struct Cut {
    http: reqwest::Client,
    port: u16,
    /// The RPC port of one of the others.
    other_port: u16,
    /// Addresses of the others.
    others: Vec<String>,
}

impl Cut {
    /// Restarts a validator so that it connects only to the peers that it is told to.
    pub(super) async fn prepare(stage: &mut Stage, index: usize) -> Result<()> {
        let others = others(stage, index)?;
        let state = &mut stage.devnet.state;
        state.stop(&[index])?;
        // The methods that set its peers are unsafe.
        let mut extra = vec!["--rpc-methods".to_string(), "unsafe".into(), "--reserved-only".into()];
        // Without peers a validator makes no blocks unless forced to.
        extra.push("--force-authoring".into());
        // The SDK's default network backend keeps a peer that is removed from that list as a normal peer.
        extra.extend(["--network-backend".into(), "libp2p".into()]);
        extra.extend(others.into_iter().flat_map(|address| ["--reserved-nodes".into(), address]));
        state.processes[index].extra = extra;
        state.start(&[index]).await
    }

    /// Restarts it as it was before.
    pub(super) async fn undo(stage: &mut Stage, index: usize) -> Result<()> {
        let state = &mut stage.devnet.state;
        state.stop(&[index])?;
        state.processes[index].extra.clear();
        state.start(&[index]).await
    }

    pub(super) fn new(stage: &Stage, index: usize) -> Result<Self> {
        let state = &stage.devnet.state;
        let mut all = state.of_kind(Kind::Validator).into_iter();
        let other = all.find(|other| *other != index).context("another validator")?;
        Ok(Cut {
            http: reqwest::Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?,
            port: state.processes[index].http_port,
            other_port: state.processes[other].http_port,
            others: others(stage, index)?,
        })
    }

    /// The number of an account's next transaction, as this validator sees it.
    pub(super) async fn next_nonce(&self, account: &AccountId) -> Result<u64> {
        next_nonce(&self.http, self.port, account).await
    }

    /// Calls a method of the validator.
    async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        rpc(&self.http, self.port, method, params).await
    }

    /// Disconnects it from the others, and waits until it has no peer.
    pub(super) async fn off(&self) -> Result<()> {
        for address in &self.others {
            let peer = address.rsplit('/').next().context("an address ends with a peer id")?;
            self.ask("system_removeReservedPeer", json!([peer])).await?;
        }
        for _ in 0..50 {
            if self.ask("system_health", json!([])).await?["peers"] == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("a validator could not be cut off from its peers")
    }

    /// Reconnects it to the others.
    pub(super) async fn heal(&self) -> Result<()> {
        for address in &self.others {
            self.ask("system_addReservedPeer", json!([address])).await?;
        }
        Ok(())
    }

    /// The hash of its block at a height.
    pub(super) async fn hash_at(&self, number: BlockNumber) -> Result<Option<String>> {
        hash_at(&self.http, self.port, number).await
    }

    /// The hash of the others' block at a height.
    pub(super) async fn hash_of_others(&self, number: BlockNumber) -> Result<Option<String>> {
        hash_at(&self.http, self.other_port, number).await
    }
}

async fn hash_at(http: &reqwest::Client, port: u16, number: BlockNumber) -> Result<Option<String>> {
    Ok(rpc(http, port, "chain_getBlockHash", json!([number])).await?.as_str().map(str::to_owned))
}

/// Addresses of all validators but one.
fn others(stage: &Stage, index: usize) -> Result<Vec<String>> {
    let state = &stage.devnet.state;
    let own = state.processes[index].peer_id.as_deref().context("the validator has run")?;
    let others: Vec<_> = state.node_addresses().into_iter().filter(|address| !address.ends_with(own)).collect();
    ensure!(!others.is_empty(), "there is no other validator");
    Ok(others)
}
