//! The client and the workers that people run, without a hand-made worker between them.

#![allow(clippy::unwrap_used, missing_docs)]

use meganet_client::{Client, Network, PublishOptions, progress::Silent};
use meganet_testkit::{Town, noise};
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn real_workers_store_and_serve_what_the_client_uploads() {
    let town = Town::new().await;
    let client = Client::new(Network::new(town.chain.client(), town.client.clone()), None);
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = (dir.path().join("file"), noise(1, 700_000));
    fs::write(&file, &content).unwrap();
    let options = PublishOptions::new(dir.path().join("state"));
    let put = client.put_file(&town.owner, &file, &options, &Silent).await.unwrap();
    let site = client.open_link(&put.link).await.unwrap();
    let entry = site.one_entry("").unwrap().clone();
    assert!(site.read_to_vec(&entry).await.unwrap() == content);
}
