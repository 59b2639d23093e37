//! A worker that may use several nodes.
#![allow(clippy::unwrap_used)]

use futures::StreamExt;
use meganet_chain_client::{ChainOptions, HeadsClient, SubxtChain};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_worker::{
    background::{Job, StepError},
    jobs::nodes::WatchNode,
};
use std::time::Duration;

/// A client of nodes that are called `fake://0`, `fake://1`, …, in this order.
async fn client(nodes: &[&FakeChain]) -> SubxtChain {
    let named = nodes.iter().enumerate().map(|(index, node)| (format!("fake://{index}"), node.rpc()));
    let options = ChainOptions { patience: Duration::ZERO, ..ChainOptions::default() };
    SubxtChain::in_process_any(named.collect(), options).await.unwrap()
}

#[tokio::test]
async fn a_node_that_is_silent_is_left_for_one_of_the_same_chain_that_is_not_behind() {
    let (first, second) = (FakeChain::default(), FakeChain::default());
    let other = FakeChain::new(FakeConfig { min_capacity: 1 << 29, ..FakeConfig::default() });
    assert_eq!(first.genesis(), second.genesis());
    assert_ne!(first.genesis(), other.genesis());
    first.ticks(3);
    second.ticks(3);
    other.ticks(100);
    let chain = client(&[&first, &other, &second]).await;
    let mut job = WatchNode::new(chain.clone(), Duration::ZERO);
    // Its first block is news; then all nodes of the chain stand still.
    for _ in 0..3 {
        job.step().await.unwrap();
        assert_eq!(chain.url(), "fake://0");
    }
    second.ticks(2);
    job.step().await.unwrap();
    assert_eq!(chain.url(), "fake://2");
    assert_eq!(chain.finalized().await.unwrap().number, 5);
    job.step().await.unwrap();

    // The present node is away, but the others are behind it or of another chain.
    second.set_unreachable(true);
    for _ in 0..2 {
        assert!(matches!(job.step().await, Err(StepError::Waiting(_))));
        assert_eq!(chain.url(), "fake://2");
    }
    first.ticks(2);
    job.step().await.unwrap();
    assert_eq!(chain.url(), "fake://0");
    assert_eq!(chain.finalized().await.unwrap().number, 5);
}

#[tokio::test]
async fn streams_of_blocks_continue_with_the_next_node() {
    let (first, second) = (FakeChain::default(), FakeChain::default());
    first.ticks(2);
    second.ticks(4);
    let chain = client(&[&first, &second]).await;
    let mut blocks = chain.blocks(Some(1));
    assert_eq!((blocks.next().await.unwrap().number, blocks.next().await.unwrap().number), (1, 2));
    assert_eq!(chain.fail_over(3).await.as_deref(), Some("fake://1"));
    // Its last word wakes the stream at once; without one the stream would notice the change a little later.
    first.set_unreachable(true);
    assert_eq!((blocks.next().await.unwrap().number, blocks.next().await.unwrap().number), (3, 4));
}

#[tokio::test]
async fn the_first_node_that_answers_is_used_at_the_start() {
    let (first, second) = (FakeChain::default(), FakeChain::default());
    first.set_unreachable(true);
    let chain = client(&[&first, &second]).await;
    assert_eq!((chain.url(), chain.nodes()), ("fake://1", 2));
    // The first one is spare now.
    first.set_unreachable(false);
    first.tick();
    assert_eq!(chain.fail_over(1).await.as_deref(), Some("fake://0"));
    assert_eq!(chain.fail_over(1).await, None, "the other one has not come as far");
}
