#![doc = include_str!("../README.md")]

mod author;
mod blocks;
mod config;
mod control;
pub mod history;
mod node;
mod pool;
mod replica;
mod rpc;
mod states;

pub use self::{
    config::FakeConfig,
    replica::{Difference, Replica},
};

use self::{node::Node, rpc::Server};
use meganet_chain_client::{BlockRef, ChainClient, ChainOptions, SubxtChain, rpc::RpcClientT};
use meganet_primitives::{AccountId, Balance, BlockNumber, Epoch, WorkerId, country::Country, receipt::PeerKey};
use meganet_runtime::Storage;
use std::{ops::Deref, sync::Arc, time::Duration};

/// Yields in a row after which every other task waits for a block: many times more than messages that follow from one another.
const IDLE_YIELDS: usize = 2_000;

/// A node in memory, and the client of it. Clones are the same node.
///
/// It dereferences to the client, so that all of [`ChainClient`] can be called on it.
#[derive(Clone)]
pub struct FakeChain {
    node: Arc<Node>,
    client: Arc<dyn ChainClient>,
}

impl Default for FakeChain {
    fn default() -> Self {
        Self::new(FakeConfig::default())
    }
}

impl Deref for FakeChain {
    type Target = dyn ChainClient;

    fn deref(&self) -> &Self::Target {
        &*self.client
    }
}

impl FakeChain {
    /// A chain that has only its genesis block. Must be called within tokio.
    ///
    /// # Panics
    /// If the configuration contradicts itself.
    #[allow(clippy::expect_used)]
    pub fn new(config: FakeConfig) -> Self {
        let node = Arc::new(Node::new(config));
        let options = ChainOptions {
            patience: node.config.patience,
            block_timeout: Duration::from_secs(60),
            finality_timeout: Duration::from_secs(60),
            ..ChainOptions::default()
        };
        let connected = SubxtChain::in_process("fake://chain", Server(node.clone()), options);
        // Nothing in it waits for anything.
        let client = futures::executor::block_on(connected).expect("a node in memory can be reached");
        Self { node, client: Arc::new(client) }
    }

    /// The client, as programs hold it.
    pub fn client(&self) -> Arc<dyn ChainClient> {
        self.client.clone()
    }

    /// The node's JSON-RPC server.
    pub fn rpc(&self) -> impl RpcClientT + use<> {
        Server(self.node.clone())
    }

    /// How the chain is set up.
    pub fn config(&self) -> &FakeConfig {
        &self.node.config
    }

    /// Makes a block of the waiting transactions and returns it.
    pub fn tick(&self) -> BlockRef {
        self.node.tick()
    }

    /// Makes this many blocks.
    pub fn ticks(&self, count: u32) {
        for _ in 0..count {
            self.tick();
        }
    }

    /// Makes blocks until the epoch has begun.
    pub fn run_to_epoch(&self, epoch: Epoch) {
        let now = || {
            let inner = self.node.lock();
            inner.states.read(inner.blocks.best().state, Storage::epoch)
        };
        while now() < epoch {
            self.tick();
        }
    }

    /// Makes a block every `interval` in a task, until the handle is aborted. Must be called within tokio.
    pub fn start(&self, interval: Duration) -> tokio::task::JoinHandle<()> {
        let chain = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                chain.tick();
            }
        })
    }

    /// Makes a block whenever all other tasks have waited for a while, until the handle is aborted: which transactions share
    /// a block then depends on the tasks, not on the machine's speed. Must be called within a current-thread runtime of tokio.
    pub fn start_when_idle(&self) -> tokio::task::JoinHandle<()> {
        let chain = self.clone();
        tokio::spawn(async move {
            loop {
                // Each yield polls every task that is ready, so the longest chain of messages between tasks is the bound.
                for _ in 0..IDLE_YIELDS {
                    tokio::task::yield_now().await;
                }
                chain.tick();
            }
        })
    }

    /// From now on (or no longer) every request fails as over a lost connection; blocks continue.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.node.lock().unreachable = unreachable;
        self.node.wake();
    }

    /// From now on (or no longer) blocks are full: transactions wait in the pool.
    pub fn set_full(&self, full: bool) {
        self.node.lock().full = full;
    }

    /// From now on the pool refuses every transaction for this reason; with `None`, no longer.
    pub fn refuse_submissions(&self, reason: Option<&str>) {
        self.node.lock().refusing = reason.map(str::to_owned);
    }

    /// The next submission of an account that the pool accepts arrives, while its answer is lost with the connection.
    pub fn lose_answer_to(&self, account: &AccountId) {
        self.node.lock().unanswered = Some((*account).into());
    }

    /// The pool drops all transactions that wait, as a full one does. If it has passed them on, other nodes have them still, and the next
    /// block includes them.
    pub fn drop_pending(&self, passed_on: bool) {
        self.node.lock().pool.drop_all(passed_on);
        self.node.wake();
    }

    /// Transactions that the pool has accepted since the start.
    pub fn submissions(&self) -> u64 {
        self.node.lock().pool.accepted()
    }

    /// Transactions of an account that wait for a block.
    pub fn pending_of(&self, account: &AccountId) -> usize {
        self.node.lock().pool.count_of(&(*account).into())
    }

    /// Replaces the last `depth` blocks, at most as many as finality trails, by others and one more, with other
    /// randomness. Their transactions come into the first of the new ones, or are lost. Returns the new best block.
    pub fn reorganise(&self, depth: BlockNumber, keep_transactions: bool) -> BlockRef {
        self.node.reorganise(depth, keep_transactions)
    }

    /// Drops the state of every block but the best one, as a node does with old ones.
    pub fn prune(&self) {
        self.node.lock().blocks.prune();
    }

    /// Creates tokens for an account, visible at once.
    pub fn fund(&self, account: AccountId, amount: Balance) {
        self.node.fund(account, amount);
    }

    /// Burns all that an account can spend.
    pub fn drain(&self, account: &AccountId) {
        self.node.drain(account);
    }

    /// Registers a name for a year at once, without money, commitment or block.
    ///
    /// # Panics
    /// If the runtime refuses it: it is taken, for example.
    pub fn add_name(&self, owner: AccountId, label: &str) {
        self.node.add_name(owner, label);
    }

    /// Registers a worker at once, without money, signature or block.
    ///
    /// # Panics
    /// If the runtime refuses it: its capacity is too small, for example.
    pub fn add_worker(&self, operator: AccountId, peer: PeerKey, country: Country, capacity: u64) -> WorkerId {
        self.node.add_worker(operator, peer, country, capacity)
    }

    /// Expels a worker that holds slots, as if it had missed every challenge and been reported.
    ///
    /// # Panics
    /// If it holds no slot, or does not exist.
    pub fn expel(&self, worker: WorkerId) {
        self.node.expel(worker);
    }
}
