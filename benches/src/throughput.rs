//! Objects per second that a running chain registers: a real node, receipts signed by the group's own keys, and batches of
//! a thousand objects submitted as fast as the node accepts them; against plain transfers submitted in the same way.
//!
//! Only finalized blocks count, and seconds are those of the chain: blocks times the length of a slot.

use crate::report::Report;
use anyhow::{Context, Result, ensure};
use ed25519_dalek::{Signer as _, SigningKey};
use futures::{
    StreamExt, TryStreamExt,
    future::{BoxFuture, try_join_all},
    stream,
};
use meganet_chain_client::{At, Call, ChainClient, MEGA, Signer, StorageCall, TxOutcome, Until, WorkerCall};
use meganet_devnet::{Devnet, Shape};
use meganet_primitives::{
    BlockNumber, Epoch,
    chain::GroupInfo,
    country::Country,
    object::{LEAF_LEN, ObjectId},
    placement::ProfileId,
    receipt::{PeerKey, PeerSignature, Receipt, ReceiptStatement, worker_signed_bytes},
    sum_tree::{BatchEntry, BatchSummary, summarize},
    units::BLOCK_SECONDS,
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Objects of a batch.
pub const OBJECTS: u32 = 1_000;
/// The most batches that fit into a slot of 1 GiB, with objects of a KiB.
pub const MAX_BATCHES: u32 = 1_000;
/// Accounts that submit at the same time: the transactions of one account are signed one after another.
const OWNERS: u32 = 8;
/// Target, in objects per second.
pub const TARGET: f64 = 1_000.0;
/// Validity of receipts, in blocks: longer than a run takes.
const FOR_LONG: BlockNumber = 1 << 20;
/// Countries of the workers: at most two workers of a group may be in the same one.
const COUNTRIES: [&[u8; 2]; 3] = [b"DE", b"FR", b"JP"];

/// Measures `batches` batches and as many transfers. Returns whether the target is met.
///
/// # Errors
/// The node does not start, or a call has another result than expected.
pub async fn run(batches: u32, report: &mut Report) -> Result<bool> {
    ensure!((1..=MAX_BATCHES).contains(&batches), "1 to {MAX_BATCHES} batches fit into a group, not {batches}");
    let dir = tempfile::Builder::new().prefix("meganet-throughput-").tempdir()?;
    let shape = Shape { validators: 1, workers: Vec::new(), gateway_port: None, ..Shape::small() };
    let mut devnet = Devnet::open(dir.path(), &shape)?;
    let measured = async {
        devnet.up(&mut |step| eprintln!("[throughput] {step}")).await?;
        measure(&devnet, batches, report).await
    };
    let measured = measured.await;
    devnet.state.stop_all()?;
    measured
}

async fn measure(devnet: &Devnet, batches: u32, report: &mut Report) -> Result<bool> {
    let chain = devnet.chain().await?;
    let chain = &*chain;
    let (group, keys) = open_group(chain).await?;
    let owners = fund(chain, "Owner", OWNERS, 1_000 * MEGA).await?;
    let expiry = chain.params(At::Best).await?.epoch + 10;
    let calls = (0..batches).zip(owners.iter().cycle());
    let stores: Vec<(&Signer, Call)> =
        calls.map(|(_, owner)| Ok((owner, store(chain, &group, &keys, owner, expiry)?))).collect::<Result<_>>()?;
    let transfers: Vec<(&Signer, Call)> =
        stores.iter().map(|(owner, _)| (*owner, Call::Transfer { to: owner.account(), amount: 1 })).collect();

    let (of_transfers, _) = submit(chain, transfers).await?;
    let (of_stores, outcomes) = submit(chain, stores).await?;
    let objects: u64 =
        outcomes.iter().flat_map(TxOutcome::stored).map(|stored| u64::from(stored.leaf.batch.objects)).sum();
    ensure!(objects == u64::from(batches) * u64::from(OBJECTS), "{objects} objects were registered");
    let stats = chain.stats(At::Finalized).await?;
    ensure!(stats.totals.objects == objects, "the chain counts {} objects", stats.totals.objects);
    let rate = of_stores.a_second * f64::from(OBJECTS);
    report.count("objects", objects);
    report.count("store.blocks", of_stores.blocks.into());
    report.count("store.most_in_a_block", of_stores.most);
    report.figure("store.calls_per_second", of_stores.a_second);
    report.figure("store.objects_per_second", rate);
    report.figure("store.wall_seconds", of_stores.wall.as_secs_f64());
    report.count("transfer.blocks", of_transfers.blocks.into());
    report.figure("transfer.calls_per_second", of_transfers.a_second);
    report.figure("ratio", of_stores.a_second / of_transfers.a_second);
    Ok(rate >= TARGET)
}

/// The rate of calls in blocks.
struct Pace {
    /// Seconds from the first block with a call to the last.
    blocks: BlockNumber,
    /// Calls in the fullest block.
    most: u64,
    a_second: f64,
    wall: Duration,
}

/// Submits all calls, from several accounts at the same time, and waits until all are finalized.
async fn submit(chain: &dyn ChainClient, calls: Vec<(&Signer, Call)>) -> Result<(Pace, Vec<TxOutcome>)> {
    let begun = Instant::now();
    let count = calls.len();
    let submissions: Vec<BoxFuture<'_, _>> =
        calls.into_iter().map(|(owner, call)| chain.submit(owner, vec![call], Until::Finalized)).collect();
    // All at once: each waits until its account can sign, and then for its block.
    let outcomes: Vec<TxOutcome> = stream::iter(submissions).buffer_unordered(count.max(1)).try_collect().await?;
    let mut in_block: BTreeMap<BlockNumber, u64> = BTreeMap::new();
    for outcome in &outcomes {
        *in_block.entry(outcome.block.number).or_default() += 1;
    }
    let (first, _) = in_block.first_key_value().context("a block")?;
    let (last, _) = in_block.last_key_value().context("a block")?;
    let blocks = last - first + 1;
    let most = in_block.values().copied().max().unwrap_or_default();
    let seconds = u32::try_from(u64::from(blocks) * BLOCK_SECONDS)?;
    let a_second = f64::from(u32::try_from(count)?) / f64::from(seconds);
    Ok((Pace { blocks, most, a_second, wall: begun.elapsed() }, outcomes))
}

/// Funded accounts.
async fn fund(chain: &dyn ChainClient, kind: &str, count: u32, amount: u128) -> Result<Vec<Signer>> {
    let accounts: Vec<Signer> =
        (0..count).map(|number| Signer::from_suri(&format!("//{kind}//{number}"))).collect::<Result<_, _>>()?;
    let calls = accounts.iter().map(|account| Call::Transfer { to: account.account(), amount }).collect();
    chain.submit(&Signer::from_suri("//Alice")?, calls, Until::InBlock).await?;
    Ok(accounts)
}

/// A group of six workers, with their signing keys.
async fn open_group(chain: &dyn ChainClient) -> Result<(GroupInfo, BTreeMap<PeerKey, SigningKey>)> {
    let profile = ProfileId::Compact;
    let n = u32::from(profile.profile().n);
    let params = chain.params(At::Best).await?;
    let operators = fund(chain, "Operator", n, params.min_bond * 2).await?;
    let mut keys = BTreeMap::new();
    let mut registrations = Vec::new();
    for (operator, country) in operators.iter().zip(COUNTRIES.iter().cycle()) {
        let key = SigningKey::from_bytes(&rand::random());
        let peer = PeerKey(key.verifying_key().to_bytes());
        let proof = PeerSignature(key.sign(&worker_signed_bytes(&chain.genesis(), &operator.account())).to_bytes());
        let country = Country::new(**country)?;
        let call = Call::Worker(WorkerCall::Register { peer, country, capacity: params.min_capacity, proof });
        registrations.push(chain.submit(operator, vec![call], Until::InBlock));
        keys.insert(peer, key);
    }
    try_join_all(registrations).await?;
    let alice = Signer::from_suri("//Alice")?;
    let opened = chain.submit(&alice, vec![Call::Storage(StorageCall::OpenGroup { profile })], Until::InBlock).await?;
    let id = opened.opened_group().context("a group was opened")?;
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let group = chain.group(id, At::Best).await?.context("the group is there")?;
        if group.slots.iter().all(Option::is_some) {
            return Ok((group, keys));
        }
        ensure!(Instant::now() < deadline, "the group is not filled: {group:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A batch of new objects with receipts of a quorum.
fn store(
    chain: &dyn ChainClient,
    group: &GroupInfo,
    keys: &BTreeMap<PeerKey, SigningKey>,
    owner: &Signer,
    expiry: Epoch,
) -> Result<Call> {
    let entry = |_| BatchEntry { object: ObjectId(rand::random()), shards_root: rand::random(), shard_len: LEAF_LEN };
    let entries: Vec<BatchEntry> = (0..OBJECTS).map(entry).collect();
    let batch: BatchSummary = summarize(&entries)?;
    let mut receipts = Vec::new();
    for (slot, member) in (0..).zip(&group.slots).take(group.profile.profile().quorum().into()) {
        let key = member.as_ref().and_then(|member| keys.get(&member.peer)).context("a member's key")?;
        let (genesis, owner) = (chain.genesis(), owner.account());
        let statement =
            ReceiptStatement { genesis, group: group.id, slot, expiry, owner, batch, valid_until: FOR_LONG };
        receipts.push(Receipt { slot, signature: PeerSignature(key.sign(&statement.signed_bytes()).to_bytes()) });
    }
    Ok(Call::Storage(StorageCall::Store { group: group.id, expiry, batch, valid_until: FOR_LONG, receipts }))
}
