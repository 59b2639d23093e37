//! A worker that loses its network.
#![allow(clippy::unwrap_used)]

use meganet_chain_fake::FakeChain;
use meganet_net::{Keypair, NetEnd, NetLimits, memory::Hub, peer_key};
use meganet_primitives::country::Country;
use meganet_worker::{
    clock::SystemClock,
    http::{HealthState, Pages},
    local::Local,
    settings::WorkerSettings,
    store::{self, InitOptions, Store},
    worker::{Parts, Worker},
};
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

async fn a_worker_ends_when_its_network_ends(end: NetEnd) {
    let base = tempfile::tempdir().unwrap();
    let identity = Keypair::generate_ed25519();
    let peer_id = identity.public().to_peer_id();
    let key = peer_key(&peer_id).unwrap();
    store::init(base.path(), &peer_id.to_base58(), InitOptions::default()).unwrap();
    let store = Arc::new(Store::open(base.path()).unwrap());
    let settings = WorkerSettings::new(Country::new(*b"DE").unwrap(), 1 << 30);
    let local = Local::start(store, settings, Arc::new(SystemClock), CancellationToken::new());
    let hub = Hub::new();
    let (net, incoming) = hub.worker(key, NetLimits::default());
    let chain = FakeChain::default();
    let parts = Parts { local: local.clone(), chain: chain.client(), net, identity };
    let worker = Worker::start(parts, incoming);
    let online = OnceLock::from(worker.online().clone());
    let pages = Pages { peer_id: peer_id.to_base58(), local: local.clone(), online };
    assert_ne!(pages.health().state, HealthState::Failing);

    let reason = end.to_string();
    hub.end(key, end);
    local.jobs.stop().cancelled().await;
    assert_eq!(pages.health().state, HealthState::Failing);
    let failure = local.jobs.failure().unwrap().to_string();
    assert!(failure.starts_with(&format!("the job serve failed: {reason}. ")), "{failure}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_network_task_fails_says_so_and_ends() {
    a_worker_ends_when_its_network_ends(NetEnd::Failed { reason: "told to".to_owned() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_no_longer_listens_says_so_and_ends() {
    a_worker_ends_when_its_network_ends(NetEnd::NotListening { reason: "told to".to_owned() }).await;
}
