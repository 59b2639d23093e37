//! The same random history leads to the same events and states here and on a real node.
//!
//! The states are compared exactly: every block of the other node, with its digest and its extrinsics, is executed by a
//! replica from the same genesis, and must commit to the same state root. A state includes the events of its block, so equal
//! roots mean equal events. Nothing is excluded: what differs by nature between two nodes (randomness, hashes, time, the
//! order of transactions) is an input of the block and so the same on both sides.

#![allow(clippy::unwrap_used, missing_docs)]

// Other tests need more of it.
#[allow(dead_code)]
#[path = "../../chain-client/tests/node/process.rs"]
mod process;

use meganet_chain_client::{ChainClient, ChainOptions, SubxtChain};
use meganet_chain_fake::{
    Difference, FakeChain, FakeConfig, Replica,
    history::{self, History},
};
use process::Node;
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Command, time::Duration};
use subxt::rpcs::RpcClient;

/// The storage keys that begin with these hashes belong to our pallets.
const PALLETS: [&str; 2] = ["Names", "Storage"];

/// A node as raw JSON-RPC.
struct Raw(RpcClient);

impl Raw {
    async fn ask(&self, method: &str, params: Value) -> Value {
        let params = serde_json::value::to_raw_value(&params).unwrap();
        let answer = self.0.request_raw(method, Some(params)).await;
        serde_json::from_str(answer.unwrap_or_else(|error| panic!("{method}: {error}")).get()).unwrap()
    }

    async fn hash(&self, number: u32) -> Option<Value> {
        Some(self.ask("chain_getBlockHash", json!([number])).await).filter(|hash| !hash.is_null())
    }

    async fn storage(&self, key: &[u8], at: &Value) -> Option<Vec<u8>> {
        let value = self.ask("state_getStorage", json!([format!("0x{}", hex::encode(key)), at])).await;
        value.as_str().map(bytes)
    }

    /// Executes all blocks up to a height, and compares.
    async fn replay(&self, replica: &mut Replica, to: u32) {
        let genesis = self.hash(0).await.unwrap();
        assert_eq!(bytes(genesis.as_str().unwrap()), replica.head().hash, "both begin with the same genesis");
        for number in 1..=to {
            let hash = self.hash(number).await.unwrap();
            let block = &self.ask("chain_getBlock", json!([hash])).await["block"];
            let extrinsics: Vec<Vec<u8>> =
                block["extrinsics"].as_array().unwrap().iter().map(|xt| bytes(xt.as_str().unwrap())).collect();
            let header = header(&block["header"]);
            if let Err(difference) = replica.execute(&header, &extrinsics) {
                panic!("block {number}: {difference:?}\n{}", self.differences(replica, &difference, &hash).await);
            }
            // The events are a part of the state; this says that they were compared.
            let events = self.storage(&events_key(), &hash).await;
            assert!(events.is_some() && events == replica.value(&events_key()), "block {number}: events differ");
        }
    }

    /// The keys whose values differ, for a failed test's message.
    async fn differences(&self, replica: &Replica, difference: &Difference, hash: &Value) -> String {
        let mut lines = Vec::new();
        if *difference == Difference::State {
            for (key, ours) in replica.pairs() {
                let theirs = self.storage(&key, hash).await;
                if theirs.as_ref() != Some(&ours) && key.len() >= 16 {
                    let theirs = theirs.map(hex::encode);
                    lines.push(format!("{}: {} here, {theirs:?} there", hex::encode(key), hex::encode(ours)));
                }
            }
        }
        lines.join("\n")
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.trim_start_matches("0x")).unwrap()
}

/// A header in SCALE from its JSON.
fn header(json: &Value) -> Vec<u8> {
    use codec::Encode;
    serde_json::from_value::<meganet_runtime::Header>(json.clone()).unwrap().encode()
}

fn events_key() -> Vec<u8> {
    [sp_crypto_hashing::twox_128(b"System"), sp_crypto_hashing::twox_128(b"Events")].concat()
}

/// A history is worth little if nothing happens in it.
fn assert_rich(history: &History, replica: &Replica, wanted: &[&str]) {
    assert_happened(history.counts(), wanted);
    for pallet in PALLETS {
        let prefix = sp_crypto_hashing::twox_128(pallet.as_bytes());
        let values = replica.pairs().into_iter().filter(|(key, _)| key.starts_with(&prefix)).count();
        assert!(values > 10, "{pallet} has {values} values only");
    }
}

fn assert_happened(counts: &BTreeMap<String, u32>, wanted: &[&str]) {
    let missing: Vec<_> = wanted.iter().filter(|what| !counts.contains_key(**what)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?} in {counts:#?}");
}

#[tokio::test]
async fn a_block_that_is_made_here_is_executed_alike() {
    let mut counts = BTreeMap::new();
    for seed in 0..4 {
        let config = FakeConfig { finality_lag: 0, auto_tick: false, ..history::config("//Validator") };
        let chain = FakeChain::new(config.clone());
        let ticking = chain.start_when_idle();
        let mut history = History::new(seed);
        history.play(&*chain, 120).await.unwrap();
        ticking.abort();
        let best = chain.best().await.unwrap();
        assert!(best.number >= 120);
        let mut replica = Replica::new(&config, None);
        Raw(RpcClient::new(chain.rpc())).replay(&mut replica, best.number).await;
        assert_eq!(replica.head(), best);
        let wanted =
            ["Names.Registered", "Names.ContentSet", "Storage.GroupOpened", "Storage.Stored", "Storage.Proven"];
        assert_rich(&history, &replica, &wanted);
        for (what, count) in history.counts() {
            *counts.entry(what.clone()).or_default() += count;
        }
    }
    // Refusals are a part of history.
    assert_happened(&counts, &["! Names.NameTaken", "! Names.CommitmentTooNew", "! Storage.BelowQuorum"]);
}

/// A replica reports how a block differs from its own execution.
#[tokio::test]
async fn a_difference_is_found() {
    let config = history::config("//Validator");
    let chain = FakeChain::new(config.clone());
    chain.tick();
    // The state is altered behind the back of the next block.
    chain.fund([1; 32], 1_000_000_000_000);
    chain.tick();
    let raw = Raw(RpcClient::new(chain.rpc()));
    let mut replica = Replica::new(&config, None);
    let block = |number| {
        let raw = &raw;
        async move { raw.ask("chain_getBlock", json!([raw.hash(number).await.unwrap()])).await["block"].clone() }
    };
    let extrinsics = |block: &Value| -> Vec<Vec<u8>> {
        block["extrinsics"].as_array().unwrap().iter().map(|xt| bytes(xt.as_str().unwrap())).collect()
    };
    let (first, second) = (block(1).await, block(2).await);
    assert_eq!(replica.execute(&header(&second["header"]), &extrinsics(&second)), Err(Difference::NotNext));
    assert_eq!(replica.execute(&header(&first["header"]), &extrinsics(&first)), Ok(()));
    assert_eq!(replica.execute(&header(&second["header"]), &[vec![1, 2, 3]]), Err(Difference::Undecodable));
    assert_eq!(replica.execute(&header(&second["header"]), &extrinsics(&second)), Err(Difference::State));
}

/// Needs a node that was built from this tree; see the tests of `meganet-chain-client`.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_node_and_a_replica_agree_on_every_block_of_a_history() {
    let config = history::config("//Alice");
    let mut code = None;
    let started = Node::start_with(|program, folder| {
        let exported = Command::new(program).args(["export-chain-spec", "--chain", "dev"]).output().unwrap();
        let mut spec: Value = serde_json::from_slice(&exported.stdout).unwrap();
        let genesis = &mut spec["genesis"]["runtimeGenesis"];
        code = Some(bytes(genesis["code"].as_str().unwrap()));
        genesis.as_object_mut().unwrap().remove("patch");
        genesis["config"] = serde_json::to_value(config.genesis()).unwrap();
        spec["id"] = "history".into();
        let path = folder.join("spec.json");
        std::fs::write(&path, spec.to_string()).unwrap();
        let chain = path.to_str().unwrap().to_owned();
        ["--chain", &chain, "--alice", "--force-authoring", "--unsafe-force-node-key-generation"]
            .map(str::to_owned)
            .into()
    });
    let Some(mut node) = started else { return };
    let long = Duration::from_secs(240);
    let options = ChainOptions {
        start_patience: long,
        patience: long,
        block_timeout: long,
        finality_timeout: long,
        ..ChainOptions::default()
    };
    let chain = match SubxtChain::connect_with(node.url(), options).await {
        Ok(chain) => chain,
        Err(error) => panic!("{error}\n{}", node.last_words()),
    };
    let mut history = History::new(7);
    history.play(&chain, 60).await.unwrap();
    let best = (&chain as &dyn ChainClient).finalized().await.unwrap();
    assert!(best.number >= 50, "{best}");
    let mut replica = Replica::new(&config, code);
    let raw = Raw(RpcClient::from_insecure_url(node.url()).await.unwrap());
    raw.replay(&mut replica, best.number).await;
    assert_eq!(replica.head(), best);
    assert_rich(&history, &replica, &["Names.Registered", "Storage.Stored", "Storage.Proven"]);
}
