//! Rows under challenge are refused by every honest member; a reader waits for them, but not for ever.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_chain_fake::FakeConfig;
use meganet_client::{Existing, FetchError, FetchOptions, SiteError, progress::Silent};
use meganet_testkit::{FaultyTown, noise};
use std::{sync::atomic::Ordering, time::Duration};

/// Every worker refuses this many requests for frames.
fn challenge(world: &FaultyTown, questions: u64) {
    for worker in &world.workers {
        worker.faults.challenged.store(questions, Ordering::SeqCst);
    }
}

fn left(world: &FaultyTown) -> u64 {
    world.workers.iter().map(|worker| worker.faults.challenged.load(Ordering::SeqCst)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_until_the_challenge_is_over() {
    let world = FaultyTown::start().await;
    world.file("a.bin", &noise(1, 300_000));
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    // More rounds than a reader that takes it for trouble goes.
    challenge(&world, 6);
    let reader = world.fresh_client();
    let site = reader.open_name("home").await.unwrap();
    let out = world.dir.path().join("out");
    site.get_tree("", &out, Existing::Refuse, &Silent).await.unwrap();
    assert!(std::fs::read(out.join("a.bin")).unwrap() == noise(1, 300_000));
    assert!(left(&world) < 6 * 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_does_not_wait_for_ever() {
    let options = FetchOptions { challenged: Duration::ZERO, rounds: 2, ..FetchOptions::default() };
    let world = FaultyTown::with(6, FakeConfig::default(), options).await;
    world.file("a.bin", &noise(1, 3_000));
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    challenge(&world, u64::MAX);
    let error = world.client.open_name("home").await.unwrap_err();
    assert!(matches!(error, SiteError::Fetch(FetchError::TooFewShards { have: 0, .. })), "{error}");
    assert!(error.to_string().contains("has to prove these bytes"), "{error}");
}
