//! Transactions of a node: what waits in its pool, and which of them are storage proofs.

use anyhow::{Context, Result};
use meganet_chain_client::account::format_account;
use meganet_devnet::rpc;
use meganet_primitives::AccountId;
use serde_json::{Value, json};

/// Every storage proof has more bytes than this, and every other transaction that a worker's operator signs has fewer.
pub const PROOF: usize = 4_000;

/// The bytes of an extrinsic, which nodes give as `0x` and hex digits.
pub fn byte_len(extrinsic: &str) -> usize {
    extrinsic.len().saturating_sub(2) / 2
}

/// Whether an extrinsic is a storage proof signed by this account. It is recognized by its length and the signer's bytes, without
/// decoding.
pub fn is_proof_by(extrinsic: &str, account: &AccountId) -> bool {
    byte_len(extrinsic) > PROOF && extrinsic.contains(&hex::encode(account))
}

/// Whether a storage proof signed by this account is in the pool of the node with this RPC port.
pub async fn has_proof_by(http: &reqwest::Client, port: u16, account: &AccountId) -> Result<bool> {
    let pending = rpc(http, port, "author_pendingExtrinsics", json!([])).await?;
    let mut all = pending.as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(all.any(|extrinsic| is_proof_by(extrinsic, account)))
}

/// The nonce of an account's next transaction, counting those in the pool.
pub async fn next_nonce(http: &reqwest::Client, port: u16, account: &AccountId) -> Result<u64> {
    let answer = rpc(http, port, "system_accountNextIndex", json!([format_account(account)])).await?;
    answer.as_u64().context("the node returns a nonce")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_extrinsics_of_the_account_are_its_proofs() {
        let (account, other) = ([7; 32], [8; 32]);
        let extrinsic = |filler: usize| format!("0x84{}{}", hex::encode(account), "00".repeat(filler));
        assert_eq!(byte_len(&extrinsic(10)), 43);
        assert!(is_proof_by(&extrinsic(PROOF), &account));
        assert!(!is_proof_by(&extrinsic(PROOF), &other));
        assert!(!is_proof_by(&extrinsic(PROOF - 33), &account));
    }
}
