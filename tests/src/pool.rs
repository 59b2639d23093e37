//! What waits in a node's transaction pool.

use anyhow::{Context, Result};
use meganet_chain_client::account::format_account;
use meganet_devnet::rpc;
use meganet_primitives::AccountId;
use serde_json::{Value, json};

/// A proof has more bytes than this; whatever else a worker's operator signs has fewer.
pub const PROOF: usize = 4_000;

/// Whether a proof waits that this account has signed, by the node with this RPC port.
pub async fn has_proof_by(http: &reqwest::Client, port: u16, account: &AccountId) -> Result<bool> {
    let account = hex::encode(account);
    let pending = rpc(http, port, "author_pendingExtrinsics", json!([])).await?;
    let theirs =
        |extrinsic: &Value| extrinsic.as_str().is_some_and(|hex| hex.len() > 2 * PROOF && hex.contains(&account));
    Ok(pending.as_array().is_some_and(|all| all.iter().any(theirs)))
}

/// The number of an account's next transaction, those in the pool counted.
pub async fn next_nonce(http: &reqwest::Client, port: u16, account: &AccountId) -> Result<u64> {
    let answer = rpc(http, port, "system_accountNextIndex", json!([format_account(account)])).await?;
    answer.as_u64().context("a node tells what an account signs next")
}
