//! Somebody fills all blocks while proofs are due, and pays for it.

use super::{PERIOD, all_proven, cast::Cast, period};
use crate::{
    Stage,
    pool::{PROOF, next_nonce},
    wait::until,
};
use anyhow::{Context, Result};
use futures::future::try_join_all;
use meganet_chain_client::{ChainClient, Signer};
use meganet_devnet::{Kind, operator_suri, rpc};
use meganet_primitives::{BlockNumber, Period};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use subxt::{
    OnlineClient, SubstrateConfig, config::substrate::SubstrateExtrinsicParamsBuilder, dynamic::Value as Argument,
};

/// Remarks of one sender.
struct Sender {
    suri: &'static str,
    /// Bytes of each remark.
    remark: usize,
    /// What each pays beyond its fee, so that it comes before all that pay none.
    tip: u128,
    /// How many may wait: for the next blocks, and fewer than a pool drops some of.
    waiting: u64,
}

/// The smaller remarks fill what the larger leave. They have fewer bytes than a proof, so where the next of them has no place,
/// an ordinary transaction as long as a proof has none either.
const SMALL: usize = 4_000;
/// Bytes that the ordinary transactions of a block may have: three quarters of 3 MiB.
const ORDINARY: usize = 3 * 1024 * 1024 / 4 * 3;
/// A tip counts by how often a transaction would fit into a block, so the larger ones tip more, to come first.
const SENDERS: [Sender; 4] = [
    Sender { suri: "//Charlie", remark: 60_000, tip: 100_000_000_000, waiting: 60 },
    Sender { suri: "//Dave", remark: 60_000, tip: 100_000_000_000, waiting: 60 },
    Sender { suri: "//Eve", remark: 60_000, tip: 100_000_000_000, waiting: 60 },
    Sender { suri: "//Ferdie", remark: SMALL, tip: 1_000_000_000, waiting: 100 },
];

/// Periods in which it is tried: a busy machine may make a block before its pool knows what waits.
const TRIES: u32 = 3;

/// Blocks are full while proofs are due, and nobody loses a proof by it. Gives the last period that this took.
pub async fn proofs_get_through(stage: &Stage, chain: &dyn ChainClient, cast: &Cast, before: Period) -> Result<Period> {
    let (mut period, mut sent, mut seen) = (before, 0, Vec::new());
    for _ in 0..TRIES {
        let (now, more, blocks) = fill(stage, chain, cast, period).await?;
        period = now;
        sent += more;
        seen.extend(blocks);
        let full = seen.iter().filter(|block| block.is_full()).count();
        let inside: usize = seen.iter().filter(|block| block.is_full()).map(|block| block.proofs).sum();
        if full >= 3 && inside > 0 {
            stage.facts.say("spam-transactions", sent);
            stage.facts.say("blocks-full-of-spam", full);
            stage.facts.say("proofs-in-full-blocks", inside);
            return Ok(period);
        }
    }
    anyhow::bail!("in {TRIES} periods no proof was in a full block: {seen:?}")
}

/// From the beginning of the period after `before` until all have proven it, somebody fills the blocks. Gives the period, how
/// many remarks were sent, and what was in the blocks.
async fn fill(stage: &Stage, chain: &dyn ChainClient, cast: &Cast, before: Period) -> Result<(Period, u64, Vec<Seen>)> {
    let begins = until("the next period", 2 * PERIOD, || async move {
        let now = period(chain).await?;
        Ok((now > before).then_some(now))
    });
    let period = begins.await?;
    let from = chain.best().await?.number;
    let stop = AtomicBool::new(false);
    let validator = *stage.devnet.state.of_kind(Kind::Validator).first().context("a validator")?;
    let port = stage.devnet.state.processes[validator].http_port;
    let spam = try_join_all(SENDERS.iter().map(|sender| send(port, sender, &stop)));
    let proofs = async {
        let proven = all_proven(chain, cast, period).await;
        stop.store(true, Ordering::Relaxed);
        proven
    };
    let (sent, proven) = tokio::join!(spam, proofs);
    proven?;
    let to = chain.best().await?.number;
    Ok((period, sent?.into_iter().sum(), look(stage, port, cast, from..=to).await?))
}

/// Sends remarks of one account until it is told to stop, with some always waiting; how many.
async fn send(port: u16, sender: &Sender, stop: &AtomicBool) -> Result<u64> {
    let signer = Signer::from_suri(sender.suri)?;
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let client = OnlineClient::<SubstrateConfig>::from_insecure_url(format!("ws://127.0.0.1:{port}")).await?;
    let payload = subxt::dynamic::tx("System", "remark", vec![Argument::from_bytes(vec![0x5a; sender.remark])]);
    // Behind what may wait from the period before.
    let mut next = next_nonce(&http, port, &signer.account()).await?;
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let tx = client.tx().await?;
        let waiting = next.saturating_sub(nonce(&http, port, &signer).await?);
        for _ in waiting..sender.waiting {
            let params = SubstrateExtrinsicParamsBuilder::new().nonce(next).tip(sender.tip).build();
            let signed = tx.create_signable_offline(&payload, params)?.sign(signer.keypair())?;
            if signed.submit().await.is_err() {
                // The pool has another one with this number, or has no place: it says where to go on.
                next = next_nonce(&http, port, &signer.account()).await?;
                break;
            }
            next += 1;
            sent += 1;
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(sent)
}

/// How many transactions of an account the best chain has.
async fn nonce(http: &reqwest::Client, port: u16, signer: &Signer) -> Result<u64> {
    let account = format!("0x{}", hex::encode(signer.account()));
    let answer = rpc(http, port, "state_call", json!(["AccountNonceApi_account_nonce", account])).await?;
    let bytes = hex::decode(answer.as_str().context("a nonce in hex")?.trim_start_matches("0x"))?;
    let bytes = bytes.try_into().ok().context("a nonce has four bytes")?;
    Ok(u32::from_le_bytes(bytes).into())
}

/// What a block had in it.
#[derive(Debug)]
struct Seen {
    /// Its number.
    #[allow(dead_code, reason = "tells which, where a promise is broken")]
    number: BlockNumber,
    /// Bytes of its transactions. Proofs count too: an ordinary transaction gets the place that all before it have left.
    bytes: usize,
    /// Proofs of the cast.
    proofs: usize,
}

impl Seen {
    /// Whether it had no place for another remark.
    fn is_full(&self) -> bool {
        // Of a transaction, a remark is all but a hundred and some bytes.
        self.bytes + SMALL + 200 > ORDINARY
    }
}

/// What these blocks had in them.
async fn look(
    stage: &Stage,
    port: u16,
    cast: &Cast,
    blocks: std::ops::RangeInclusive<BlockNumber>,
) -> Result<Vec<Seen>> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let mut operators = Vec::new();
    for member in &cast.seated {
        let name = &stage.devnet.state.processes[member.index].name;
        operators.push(hex::encode(Signer::from_suri(&operator_suri(name))?.account()));
    }
    let mut seen = Vec::new();
    for number in blocks {
        let hash = rpc(&http, port, "chain_getBlockHash", json!([number])).await?;
        let block = rpc(&http, port, "chain_getBlock", json!([hash])).await?;
        let extrinsics: Vec<&str> =
            block["block"]["extrinsics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let bytes = |hex: &&str| hex.len().saturating_sub(2) / 2;
        // Nothing else that long is signed by them.
        let is_proof = |hex: &&str| bytes(hex) > PROOF && operators.iter().any(|operator| hex.contains(operator));
        let proofs = extrinsics.iter().filter(|hex| is_proof(hex)).count();
        seen.push(Seen { number, bytes: extrinsics.iter().map(bytes).sum(), proofs });
    }
    Ok(seen)
}
