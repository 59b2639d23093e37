//! Spam fills all blocks while proofs are due; the proofs are included anyway.

use super::{PERIOD, all_proven, period, roles::Roles};
use crate::{
    Stage,
    pool::{byte_len, is_proof_by, next_nonce},
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
    time::{Duration, SystemTime},
};
use subxt::{
    OnlineClient, SubstrateConfig, config::substrate::SubstrateExtrinsicParamsBuilder, dynamic::Value as Argument,
};

/// An account that sends remarks.
struct Sender {
    suri: &'static str,
    /// Bytes of each remark.
    remark: usize,
    /// Tip of each in planck, so that it is included before transactions without one.
    tip: u128,
    /// Number of remarks kept in the pool: enough for the next blocks, and fewer than a pool evicts.
    waiting: u64,
}

/// A remark is with all validators this long after one has taken it.
const GOSSIP: Duration = Duration::from_secs(1);
/// Most bytes of ordinary transactions in a block: three quarters of 3 MiB.
const ORDINARY: usize = 3 * 1024 * 1024 / 4 * 3;
/// The priority of a tip is scaled by how often the transaction fits into a block, so larger ones need larger tips.
const SENDERS: [Sender; 4] = [
    Sender { suri: "//Charlie", remark: 60_000, tip: 100_000_000_000, waiting: 60 },
    Sender { suri: "//Dave", remark: 60_000, tip: 100_000_000_000, waiting: 60 },
    Sender { suri: "//Eve", remark: 60_000, tip: 100_000_000_000, waiting: 60 },
    // Fills the space that the larger ones leave.
    Sender { suri: "//Ferdie", remark: 12_000, tip: 1_000_000_000, waiting: 100 },
];

/// Periods to try: on a busy machine, blocks may take everything that waits.
const TRIES: u32 = 8;

/// Checks that no proof is lost while blocks are full, and returns the last period that this took.
pub async fn proofs_get_through(
    stage: &Stage,
    chain: &dyn ChainClient,
    roles: &Roles,
    before: Period,
) -> Result<Period> {
    let (mut period, mut sent, mut seen) = (before, 0, Vec::new());
    for _ in 0..TRIES {
        let (now, spam, blocks) = fill(stage, chain, roles, period).await?;
        period = now;
        sent += spam.iter().map(|sender| sender.remarks.len()).sum::<usize>();
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

/// Fills the blocks from the start of the period after `before` until all members have proven it. Returns the period, the
/// remarks sent, and the content of the blocks.
async fn fill(
    stage: &Stage,
    chain: &dyn ChainClient,
    roles: &Roles,
    before: Period,
) -> Result<(Period, Vec<Sent>, Vec<BlockContent>)> {
    let begins = until("the next period", 2 * PERIOD, || async move {
        let now = period(chain).await?;
        Ok((now > before).then_some(now))
    });
    let period = begins.await?;
    let from = chain.best().await?.number;
    let stop = AtomicBool::new(false);
    let validators = stage.devnet.state.of_kind(Kind::Validator);
    let ports: Vec<u16> = validators.iter().map(|&index| stage.devnet.state.processes[index].http_port).collect();
    let port = *ports.first().context("a validator")?;
    // Each validator gets some of the remarks first, so that none makes blocks before the others have told it about them.
    let spam = SENDERS.iter().zip(ports.iter().cycle()).map(|(sender, &port)| send(port, sender, &stop));
    let spam = try_join_all(spam);
    let proofs = async {
        let proven = all_proven(chain, roles, period).await;
        stop.store(true, Ordering::Relaxed);
        proven
    };
    let (sent, proven) = tokio::join!(spam, proofs);
    proven?;
    let to = chain.best().await?.number;
    let sent = sent?;
    let blocks = read_blocks(stage, port, roles, &sent, from..=to).await?;
    Ok((period, sent, blocks))
}

/// Remarks of one account that the pools took.
struct Sent {
    signer: Signer,
    /// Bytes of each.
    remark: usize,
    /// Their nonces, and when each was taken.
    remarks: Vec<(u64, SystemTime)>,
}

impl Sent {
    /// Bytes that waited when a block was begun at `begun`, and that this block, after which the account's next nonce is
    /// `next`, did not take.
    fn left_out(&self, begun: SystemTime, next: u64) -> usize {
        let waits = |(nonce, taken): &&(u64, SystemTime)| *nonce >= next && *taken + GOSSIP <= begun;
        self.remarks.iter().filter(waits).count() * self.remark
    }
}

/// Sends remarks of one account until `stop` is set, keeping some in the pool.
async fn send(port: u16, sender: &Sender, stop: &AtomicBool) -> Result<Sent> {
    let signer = Signer::from_suri(sender.suri)?;
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let client = OnlineClient::<SubstrateConfig>::from_insecure_url(format!("ws://127.0.0.1:{port}")).await?;
    let payload = subxt::dynamic::tx("System", "remark", vec![Argument::from_bytes(vec![0x5a; sender.remark])]);
    // After those that may still wait from the previous period.
    let mut next = next_nonce(&http, port, &signer.account()).await?;
    let mut remarks = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let tx = client.tx().await?;
        let waiting = next.saturating_sub(nonce(&http, port, &signer, None).await?);
        for _ in waiting..sender.waiting {
            let params = SubstrateExtrinsicParamsBuilder::new().nonce(next).tip(sender.tip).build();
            let signed = tx.create_signable_offline(&payload, params)?.sign(signer.keypair())?;
            if signed.submit().await.is_err() {
                // The pool already has this nonce, or is full: ask it where to continue.
                next = next_nonce(&http, port, &signer.account()).await?;
                break;
            }
            remarks.push((next, SystemTime::now()));
            next += 1;
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(Sent { signer, remark: sender.remark, remarks })
}

/// The number of transactions of an account up to a block, or in the best chain.
async fn nonce(http: &reqwest::Client, port: u16, signer: &Signer, block: Option<&Value>) -> Result<u64> {
    let account = format!("0x{}", hex::encode(signer.account()));
    let answer = rpc(http, port, "state_call", json!(["AccountNonceApi_account_nonce", account, block])).await?;
    let bytes = hex::decode(answer.as_str().context("a nonce in hex")?.trim_start_matches("0x"))?;
    let bytes = bytes.try_into().ok().context("a nonce has four bytes")?;
    Ok(u32::from_le_bytes(bytes).into())
}

/// The content of a block.
#[derive(Debug)]
struct BlockContent {
    /// Its number.
    #[allow(dead_code, reason = "shown by the error of a failed scenario")]
    number: BlockNumber,
    /// Bytes of its transactions, including proofs: an ordinary transaction gets the space that all others leave.
    bytes: usize,
    /// Bytes of remarks that waited for it and are not in it.
    left_out: usize,
    /// Proofs of the roles.
    proofs: usize,
}

impl BlockContent {
    /// Whether more waited than it has space for.
    fn is_full(&self) -> bool {
        self.bytes + self.left_out > ORDINARY
    }
}

/// Reads the content of blocks.
async fn read_blocks(
    stage: &Stage,
    port: u16,
    roles: &Roles,
    spam: &[Sent],
    blocks: std::ops::RangeInclusive<BlockNumber>,
) -> Result<Vec<BlockContent>> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
    let mut operators = Vec::new();
    for member in &roles.seated {
        let name = &stage.devnet.state.processes[member.index].name;
        operators.push(Signer::from_suri(&operator_suri(name))?.account());
    }
    let mut seen = Vec::new();
    for number in blocks {
        let hash = rpc(&http, port, "chain_getBlockHash", json!([number])).await?;
        let block = rpc(&http, port, "chain_getBlock", json!([hash])).await?;
        let extrinsics: Vec<&str> =
            block["block"]["extrinsics"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let is_proof = |extrinsic: &&&str| operators.iter().any(|operator| is_proof_by(extrinsic, operator));
        let proofs = extrinsics.iter().filter(is_proof).count();
        let bytes = extrinsics.iter().map(|extrinsic| byte_len(extrinsic)).sum();
        let begun = begun(&http, port, &hash).await?;
        let mut left_out = 0;
        for sender in spam {
            left_out += sender.left_out(begun, nonce(&http, port, &sender.signer, Some(&hash)).await?);
        }
        seen.push(BlockContent { number, bytes, left_out, proofs });
    }
    Ok(seen)
}

/// The key of the chain's storage value `Timestamp.Now`: twox-128 of both names.
const NOW: &str = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";

/// When the author of a block began it, which is its timestamp.
async fn begun(http: &reqwest::Client, port: u16, block: &Value) -> Result<SystemTime> {
    let answer = rpc(http, port, "state_getStorage", json!([NOW, block])).await?;
    let bytes = hex::decode(answer.as_str().context("a timestamp in hex")?.trim_start_matches("0x"))?;
    let bytes = bytes.try_into().ok().context("a timestamp has eight bytes")?;
    Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::from_le_bytes(bytes)))
}
