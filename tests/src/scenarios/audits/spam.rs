//! Somebody fills all blocks while proofs are due, and pays for it.

use super::{all_proven, cast::Cast, period, until, PERIOD};
use crate::Stage;
use anyhow::{ensure, Context, Result};
use futures::future::try_join_all;
use meganet_chain::{ChainClient, Signer};
use meganet_cli::devnet::{operator_suri, rpc, Kind};
use meganet_primitives::{BlockNumber, Period};
use serde_json::{json, Value};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use subxt::{
    config::substrate::SubstrateExtrinsicParamsBuilder, dynamic::Value as Argument, utils::AccountId32, OnlineClient,
    SubstrateConfig,
};

/// Bytes of each remark: fewer than a proof has, so that where the next remark has no place, an ordinary transaction as long as
/// a proof has none either.
const REMARK: usize = 6_000;
/// What each pays beyond its fee, so that it comes before all that pay none.
const TIP: u128 = 1_000_000_000;
/// Bytes that the ordinary transactions of a block may have: three quarters of 3 MiB.
const ORDINARY: usize = 3 * 1024 * 1024 / 4 * 3;
/// Remarks of one sender that are not final: enough for three blocks that are not, and one that is to come.
const WAITING: u64 = 600;
/// Who sends them.
const SENDERS: [&str; 4] = ["//Charlie", "//Dave", "//Eve", "//Ferdie"];

/// From a period's beginning until all have proven it, blocks are full; nobody loses a proof by it. Gives the period.
pub async fn proofs_get_through(stage: &Stage, chain: &dyn ChainClient, cast: &Cast, before: Period) -> Result<Period> {
    let begins = until("the next period", 2 * PERIOD, || async move {
        let now = period(chain).await?;
        Ok((now > before).then_some(now))
    });
    let period = begins.await?;
    let from = chain.best().await?.number;
    let stop = AtomicBool::new(false);
    let validator = *stage.devnet.state.of_kind(Kind::Validator).first().context("a validator")?;
    let url = stage.devnet.state.rpc_url(validator);
    let spam = try_join_all(SENDERS.map(|suri| send(&url, suri, &stop)));
    let proofs = async {
        let proven = all_proven(chain, cast, period).await;
        stop.store(true, Ordering::Relaxed);
        proven
    };
    let (sent, proven) = tokio::join!(spam, proofs);
    proven?;
    let to = chain.best().await?.number;
    stage.facts.say("spam-transactions", sent?.into_iter().sum::<u64>());
    let port = stage.devnet.state.processes[validator].http_port;
    let (full, inside) = look(stage, port, cast, from..=to).await?;
    stage.facts.say("blocks-full-of-spam", full);
    stage.facts.say("proofs-in-full-blocks", inside);
    ensure!(full >= 3, "only {full} blocks were full");
    ensure!(inside > 0, "no proof was in a full block");
    Ok(period)
}

/// Sends remarks of one account until it is told to stop, with some always waiting; how many.
async fn send(url: &str, suri: &str, stop: &AtomicBool) -> Result<u64> {
    let signer = Signer::from_suri(suri)?;
    let client = OnlineClient::<SubstrateConfig>::from_insecure_url(url).await?;
    let payload = subxt::dynamic::tx("System", "remark", vec![Argument::from_bytes(vec![0x5a; REMARK])]);
    let account = AccountId32(signer.account());
    let first = client.tx().await?.account_nonce(&account).await?;
    let mut next = first;
    while !stop.load(Ordering::Relaxed) {
        let tx = client.tx().await?;
        // The nonce of the final block.
        let waiting = next.saturating_sub(tx.account_nonce(&account).await?);
        for _ in waiting..WAITING {
            let params = SubstrateExtrinsicParamsBuilder::new().nonce(next).tip(TIP).build();
            let signed = tx.create_signable_offline(&payload, params)?.sign(signer.keypair())?;
            // The pool may be full: then blocks are full enough.
            if signed.submit().await.is_err() || stop.load(Ordering::Relaxed) {
                break;
            }
            next += 1;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(next - first)
}

/// How many of these blocks had no place for another remark, and how many proofs of the cast are in those.
async fn look(
    stage: &Stage,
    port: u16,
    cast: &Cast,
    blocks: std::ops::RangeInclusive<BlockNumber>,
) -> Result<(u32, u32)> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let mut operators = Vec::new();
    for member in &cast.seated {
        let name = &stage.devnet.state.processes[member.index].name;
        operators.push(hex::encode(Signer::from_suri(&operator_suri(name))?.account()));
    }
    let (mut full, mut inside) = (0, 0);
    for number in blocks {
        let hash = rpc(&http, port, "chain_getBlockHash", json!([number])).await?;
        let block = rpc(&http, port, "chain_getBlock", json!([hash])).await?;
        let extrinsics: Vec<&str> =
            block["block"]["extrinsics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let bytes = |hex: &&str| hex.len().saturating_sub(2) / 2;
        // Nothing else that long is signed by them.
        let is_proof = |hex: &&str| bytes(hex) > REMARK && operators.iter().any(|operator| hex.contains(operator));
        let proofs = extrinsics.iter().filter(|hex| is_proof(hex)).count();
        let ordinary: usize = extrinsics.iter().filter(|hex| !is_proof(hex)).map(bytes).sum();
        if ordinary + REMARK + 200 > ORDINARY {
            full += 1;
            inside += u32::try_from(proofs)?;
        }
    }
    Ok((full, inside))
}
