//! The light client against a real node, if one was built: see the tests of `node`. Its answers are compared with the
//! node's, and wrong answers must be refused.

#![allow(clippy::unwrap_used)]

// The tests of `node` need more of it.
#[allow(dead_code)]
#[path = "node/process.rs"]
mod process;

use futures::StreamExt;
use meganet_chain_client::{
    At, Call, ChainError, ChainOptions, MEGA, Signer, SubxtChain, Trust, Until,
    light::{Database, LightOptions, LightSpec},
    prelude::*,
};
use process::Node;
use std::{path::Path, time::Duration};

/// A node compiles its runtime when it starts: on a busy machine everything takes its time.
const LONG: Duration = Duration::from_secs(240);

fn options() -> ChainOptions {
    ChainOptions {
        connect_timeout: LONG,
        request_timeout: LONG,
        start_patience: LONG,
        patience: LONG,
        block_timeout: LONG,
        finality_timeout: LONG,
        ..ChainOptions::default()
    }
}

/// Connects by RPC, and waits until there is something final.
async fn connect(node: &mut Node) -> SubxtChain {
    let chain = match SubxtChain::connect_with(node.url(), options()).await {
        Ok(chain) => chain,
        Err(error) => panic!("{error}\n{}", node.last_words()),
    };
    let mut blocks = chain.blocks(Some(2));
    blocks.next().await.unwrap();
    chain
}

async fn light(spec: &LightSpec, folder: &Path) -> Result<SubxtChain, ChainError> {
    let database = Some(Database::open(folder, &spec.genesis()));
    let light = LightOptions { database, ..LightOptions::default() };
    SubxtChain::over_light(spec.clone(), light, options()).await
}

fn signer(name: &str) -> Signer {
    Signer::from_suri(&format!("//{name}")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_the_node_says_and_believes_nothing() {
    let Some(mut node) = Node::start() else { return };
    let rpc = connect(&mut node).await;
    let spec = rpc.light_spec(&[]).await.unwrap();
    assert_eq!(spec.genesis(), rpc.genesis());
    assert!(spec.json().len() < 10_000 && !spec.boot_nodes().is_empty());

    let state = tempfile::tempdir().unwrap();
    let light = light(&spec, state.path()).await.unwrap();
    assert_eq!((light.trust(), rpc.trust()), (Trust::Light, Trust::Rpc));
    assert_eq!(light.genesis(), rpc.genesis());
    assert_eq!(light.node_status().await.unwrap().chain, rpc.node_status().await.unwrap().chain);

    // The same at one block: runtime calls, storage, absence, constants.
    let alice = signer("Alice").account();
    let at = At::Block(light.finalized().await.unwrap().hash);
    assert_eq!(light.params(at).await.unwrap(), rpc.params(at).await.unwrap());
    assert_eq!(light.stats(at).await.unwrap(), rpc.stats(at).await.unwrap());
    assert_eq!(light.balance(&alice, at).await.unwrap(), rpc.balance(&alice, at).await.unwrap());
    assert_eq!(light.name("nobody-owns-this", at).await.unwrap(), None);
    assert_eq!(light.balance(&signer("Nobody").account(), at).await.unwrap().free, 0);
    let error = light.params(At::Block([9; 32])).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownBlock { .. }), "{error}");

    // Every finalized block, from before the checkpoint on.
    let (ours, theirs) = (light.blocks(Some(1)).take(4), rpc.blocks(Some(1)).take(4));
    assert_eq!(ours.collect::<Vec<_>>().await, theirs.collect::<Vec<_>>().await);
    let heads: Vec<_> = light.best_blocks().take(2).collect().await;
    assert!(heads[0].number < heads[1].number, "{heads:?}");

    // Transactions, two of one account at once among them.
    let (alice, bob) = (signer("Alice"), signer("Bob-of-the-light"));
    let send = |amount| vec![Call::Transfer { to: bob.account(), amount }];
    let (first, second) = tokio::join!(
        light.submit(&alice, send(MEGA), Until::InBlock),
        light.submit(&alice, send(MEGA), Until::InBlock)
    );
    assert!(first.unwrap().fee > 0 && second.unwrap().fee > 0);
    let outcome = light.submit(&alice, send(3 * MEGA), Until::Finalized).await.unwrap();
    assert!(outcome.finalized && outcome.events.iter().any(|event| event.name == "Transfer"));
    let at = At::Block(outcome.block.hash);
    assert_eq!(rpc.balance(&bob.account(), at).await.unwrap().free, 5 * MEGA);
    assert_eq!(light.balance(&bob.account(), at).await.unwrap().free, 5 * MEGA);
    let error = light.submit(&signer("Nobody"), send(MEGA), Until::InBlock).await.unwrap_err();
    assert!(matches!(error, ChainError::InsufficientFunds { .. }), "{error}");
    let error = light.submit(&bob, send(MEGA).into_iter().chain(send(9 * MEGA)).collect(), Until::InBlock).await;
    assert!(matches!(error, Err(ChainError::InsufficientFunds { .. })), "{error:?}");
    let done = light.finalized().await.unwrap().number;
    drop(light);

    // Warm: it goes on from what it knew, and what is damaged costs only time.
    let database = Database::open(state.path(), &spec.genesis());
    assert!(database.is_warm() && database.note().is_none());
    let again = self::light(&spec, state.path()).await.unwrap();
    assert!(again.finalized().await.unwrap().number >= done);
    drop(again);
    std::fs::write(database.path(), r#"{"genesisHash":"#).unwrap();
    assert!(Database::open(state.path(), &spec.genesis()).note().unwrap().contains("ignored"));
    let again = self::light(&spec, state.path()).await.unwrap();
    assert!(again.finalized().await.unwrap().number >= done);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_is_refused() {
    let Some(mut node) = Node::start() else { return };
    let rpc = connect(&mut node).await;
    let spec = rpc.light_spec(&[]).await.unwrap();

    // The configuration wants another chain than the spec's: nothing is started.
    let wanted = ChainOptions { genesis: Some([1; 32]), ..options() };
    let error = SubxtChain::over_light(spec.clone(), LightOptions::default(), wanted).await.err().unwrap();
    assert!(matches!(error, ChainError::WrongLightSpec { .. }), "{error}");

    // The spec is of another chain than the nodes': they do not talk to it.
    let mut value: serde_json::Value = serde_json::from_str(spec.json()).unwrap();
    value["genesis"]["stateRootHash"] = format!("0x{}", hex::encode([7; 32])).into();
    let foreign = LightSpec::parse("foreign.json", value.to_string()).unwrap();
    assert_ne!(foreign.genesis(), rpc.genesis());
    let hasty = LightOptions { peer_timeout: Duration::from_secs(8), ..LightOptions::default() };
    let error = SubxtChain::over_light(foreign, hasty.clone(), options()).await.err().unwrap();
    assert!(matches!(&error, ChainError::NoPeers { spec, .. } if spec == "foreign.json"), "{error}");

    // A checkpoint that GRANDPA's voters did not sign: its validators are others than the chain's.
    let mut value: serde_json::Value = serde_json::from_str(spec.json()).unwrap();
    let voters = value["lightSyncState"]["grandpaAuthoritySet"].as_str().unwrap().to_owned();
    let forged = format!("{}{}{}", &voters[..4], "ab".repeat(32), &voters[68..]);
    value["lightSyncState"]["grandpaAuthoritySet"] = forged.into();
    let forged = LightSpec::parse("forged.json", value.to_string()).unwrap();
    let hasty = LightOptions { sync_timeout: Duration::from_secs(20), ..hasty };
    let before = rpc.finalized().await.unwrap();
    match SubxtChain::over_light(forged, hasty.clone(), options()).await {
        // It bans a node whose proofs do not verify: it depends on the time whether it then has nobody to ask, gets no
        // answer, or waits.
        Err(error) => assert!(
            matches!(error, ChainError::NoPeers { .. } | ChainError::NotSynced { .. } | ChainError::LightClient { .. }),
            "{error}"
        ),
        // Near its checkpoint it begins, and then nothing that the node says becomes final.
        Ok(light) => {
            let later = before.number + 4;
            assert!(rpc.blocks(Some(later)).next().await.unwrap().number >= later);
            assert!(light.finalized().await.unwrap().number <= before.number);
        }
    }

    // Nobody is there.
    node.stop();
    let error = SubxtChain::over_light(spec, hasty, options()).await.err().unwrap();
    assert!(matches!(error, ChainError::NoPeers { .. }), "{error}");
    assert!(error.to_string().contains("Check that they run"), "{error}");
}
