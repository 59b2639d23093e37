//! With a checkpoint, nothing is opened or built on by an answer that is not proven.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/world.rs"]
mod support;

use meganet_chain_client::{At, ChainClient};
use meganet_client::{
    Client, SiteError,
    progress::Silent,
    resolve::{CheckpointFile, ResolveError},
};
use meganet_name_proof::testing::Chain;
use meganet_primitives::link::Link;
use support::{World, noise};

/// A client that trusts a checkpoint of another chain, connected to a node that proves nothing.
fn distrustful(world: &World) -> Client {
    let checkpoint = CheckpointFile::in_memory(Chain::new(4).checkpoint());
    Client::new(world.fresh_client().network().clone(), Some(checkpoint))
}

fn is_unproven<T>(result: Result<T, SiteError>) -> bool {
    matches!(result, Err(SiteError::Resolve(ResolveError::NoProofs)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_not_opened_by_an_unproven_answer() {
    let world = World::start().await;
    world.file("index.html", b"home");
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    world.client.open_name("home").await.unwrap();
    let client = distrustful(&world);
    assert!(is_unproven(client.open_name("home").await));
    let link = Link::name("home", "index.html").unwrap();
    assert!(is_unproven(client.open_link(&link).await));
    // A link to an object names it by its hash, so nobody has to prove anything.
    let file = world.dir.path().join("file");
    std::fs::write(&file, b"file").unwrap();
    let put = world.client.put_file(&world.owner, &file, &world.options(), &Silent).await.unwrap();
    client.open_link(&put.link).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_does_not_refer_to_objects_of_an_unproven_one() {
    let world = World::start().await;
    world.file("a", &noise(1, 1_000));
    world.client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    world.file("b", &noise(2, 1_000));
    let client = distrustful(&world);
    let preview = client.preview(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    assert_eq!((preview.totals.new_files, preview.totals.files), (2, 2));
    let report = client.publish(&world.owner, &world.site(), "home", &world.options(), &Silent).await.unwrap();
    assert_eq!((report.totals.new_files, report.version), (2, 2));
    assert_eq!(world.chain.name("home", At::Best).await.unwrap().unwrap().version, 2);
}
