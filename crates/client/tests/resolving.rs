//! With a checkpoint, nothing is opened or built on by an answer that is not proven.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_chain_client::At;
use meganet_client::{
    Client, SiteError,
    progress::Silent,
    publish::PublishError,
    resolve::{CheckpointFile, ResolveError},
};
use meganet_name_proof_fake::Chain;
use meganet_primitives::link::Link;
use meganet_testkit::{FaultyTown, noise};

/// A client that trusts a checkpoint of another chain, connected to a node that proves nothing.
fn distrustful(town: &FaultyTown) -> Client {
    let checkpoint = CheckpointFile::in_memory(Chain::new(4).checkpoint());
    Client::new(town.fresh_client().network().clone(), Some(checkpoint))
}

fn is_unproven<T>(result: Result<T, SiteError>) -> bool {
    matches!(result, Err(SiteError::Resolve(ResolveError::NoProofs)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_not_opened_by_an_unproven_answer() {
    let town = FaultyTown::start().await;
    town.file("index.html", b"home");
    town.client.publish(&town.owner, &town.site(), "home", &town.options(), &Silent).await.unwrap();
    town.client.open_name("home").await.unwrap();
    let client = distrustful(&town);
    assert!(is_unproven(client.open_name("home").await));
    let link = Link::name("home", "index.html").unwrap();
    assert!(is_unproven(client.open_link(&link).await));
    // A link to an object names it by its hash, so nobody has to prove anything.
    let file = town.dir.path().join("file");
    std::fs::write(&file, b"file").unwrap();
    let put = town.client.put_file(&town.owner, &file, &town.options(), &Silent).await.unwrap();
    client.open_link(&put.link).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_not_built_on_an_unproven_one() {
    let town = FaultyTown::start().await;
    town.file("a", &noise(1, 1_000));
    town.client.publish(&town.owner, &town.site(), "home", &town.options(), &Silent).await.unwrap();
    town.file("b", &noise(2, 1_000));
    let client = distrustful(&town);
    let preview = client.preview(&town.owner, &town.site(), "home", &town.options(), &Silent).await;
    assert!(matches!(preview, Err(PublishError::Resolve(ResolveError::NoProofs))));
    let report = client.publish(&town.owner, &town.site(), "home", &town.options(), &Silent).await;
    assert!(matches!(report, Err(PublishError::Resolve(ResolveError::NoProofs))));
    assert_eq!(town.chain.name("home", At::Best).await.unwrap().unwrap().version, 1);
    // A name without content needs no proof.
    client.publish(&town.owner, &town.site(), "other", &town.options(), &Silent).await.unwrap();
}
