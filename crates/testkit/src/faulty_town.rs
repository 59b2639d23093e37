//! A whole network in memory: a chain, workers over pipes that misbehave on demand, and a client.

use crate::{faulty_worker::FaultyWorker, files::write};
use meganet_chain_client::{Call, Signer, Until, WorkerCall, amount::MEGA};
use meganet_chain_fake::{FakeChain, FakeConfig};
use meganet_client::{Client, FetchOptions, Network, PublishOptions};
use meganet_net::{Net, NetConfig, NetLimits, memory::Hub};
use meganet_primitives::{
    country::Country,
    receipt::{PeerKey, PeerSignature, worker_signed_bytes},
};
use std::{fs, path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub const COUNTRIES: [&[u8; 2]; 6] = [b"DE", b"FR", b"CH", b"BR", b"JP", b"KE"];

pub struct FaultyTown {
    pub chain: FakeChain,
    pub hub: Hub,
    pub workers: Vec<FaultyWorker>,
    pub client: Client,
    pub owner: Signer,
    pub dir: TempDir,
    ticking: JoinHandle<()>,
}

impl Drop for FaultyTown {
    fn drop(&mut self) {
        self.ticking.abort();
    }
}

impl FaultyTown {
    /// Six workers in three countries, two in each.
    pub async fn start() -> Self {
        Self::with(6, FakeConfig::default(), FetchOptions::default()).await
    }

    pub async fn with(workers: u8, config: FakeConfig, options: FetchOptions) -> Self {
        let chain = FakeChain::new(config);
        let hub = Hub::new();
        let all = (1..=workers).map(|seed| FaultyWorker::start(&hub, seed, chain.genesis())).collect();
        let client = Self::client(&chain, &hub, options);
        Self::of(chain, hub, all, client).await
    }

    /// Six workers and a client that talk over real sockets of this machine.
    pub async fn over_sockets() -> Self {
        let chain = FakeChain::default();
        let (mut workers, mut bootnodes): (Vec<FaultyWorker>, _) = (Vec::new(), Vec::new());
        for seed in 1..=6 {
            let worker = FaultyWorker::listen(seed, chain.genesis(), bootnodes.clone()).await;
            bootnodes.extend(worker.net().addresses().into_iter().take(1).filter(|_| workers.is_empty()));
            workers.push(worker);
        }
        let (net, _) = Net::start(NetConfig::reader(chain.genesis(), bootnodes)).await.unwrap();
        let client = Client::new(Network::new(chain.client(), net), None);
        Self::of(chain, Hub::new(), workers, client).await
    }

    async fn of(chain: FakeChain, hub: Hub, workers: Vec<FaultyWorker>, client: Client) -> Self {
        let owner = Signer::from_suri("//Owner").unwrap();
        chain.fund(owner.account(), 1_000 * MEGA);
        for (index, worker) in workers.iter().enumerate() {
            let operator = Signer::from_suri(&format!("//Operator{index}")).unwrap();
            chain.fund(operator.account(), 1_000 * MEGA);
            let proof = worker_signed_bytes(&chain.genesis(), &operator.account());
            let call = Call::Worker(WorkerCall::Register {
                peer: worker.peer(),
                country: Country::new(*COUNTRIES[index / 2 % COUNTRIES.len()]).unwrap(),
                capacity: 64 << 30,
                proof: PeerSignature(ed25519_dalek::Signer::sign(&worker.key, &proof).to_bytes()),
            });
            chain.submit(&operator, vec![call], Until::InBlock).await.unwrap();
        }
        let ticking = chain.start(Duration::from_millis(20));
        Self { chain, hub, workers, client, owner, dir: tempfile::tempdir().unwrap(), ticking }
    }

    /// Another client of the same network, which remembers nothing.
    pub fn fresh_client(&self) -> Client {
        Self::client(&self.chain, &self.hub, FetchOptions::default())
    }

    fn client(chain: &FakeChain, hub: &Hub, options: FetchOptions) -> Client {
        let net = hub.reader(PeerKey([0xee; 32]), NetLimits::default());
        Client::new(Network::with_options(chain.client(), net, options), None)
    }

    pub fn options(&self) -> PublishOptions {
        PublishOptions::new(self.dir.path().join("state"))
    }

    /// A folder to publish.
    pub fn site(&self) -> PathBuf {
        let site = self.dir.path().join("site");
        fs::create_dir_all(&site).unwrap();
        site
    }

    pub fn file(&self, path: &str, content: &[u8]) {
        write(&self.site(), path, content);
    }

    /// The worker that sits in a slot of group 0.
    pub async fn in_slot(&mut self, slot: usize) -> &mut FaultyWorker {
        let group = self.chain.group(0, meganet_chain_client::At::Best).await.unwrap().unwrap();
        let peer = group.slots[slot].unwrap().peer;
        self.workers.iter_mut().find(|worker| worker.peer() == peer).unwrap()
    }

    pub async fn kill(&mut self, slots: &[usize]) {
        let hub = self.hub.clone();
        for slot in slots {
            self.in_slot(*slot).await.kill(&hub);
        }
    }

    /// Shard bytes that all workers received.
    pub fn received(&self) -> u64 {
        self.workers.iter().map(FaultyWorker::shard_bytes).sum()
    }
}
