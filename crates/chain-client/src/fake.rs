//! A chain in memory, for tests of whatever uses a [`ChainClient`].
//!
//! It keeps the rules that clients meet: names (commitments, rent, lapsing, look-alikes, who may write), the registry, groups that are filled two
//! blocks after they were opened, quorum and signatures of receipts, capacity, expiry, prices, deposits, ranges,
//! tombstones and audits. What it leaves out are weights, nonces and everything about consensus.
//!
//! Blocks come from [`FakeChain::tick`]; by default a submission makes its own. [`FakeChain::start`] makes them on a
//! timer. [`FakeChain::set_unreachable`], [`FakeChain::fail_submissions`], [`FakeChain::set_full`],
//! [`FakeChain::reorganise`] and [`FakeChain::prune`] inject faults.

#[cfg(test)]
mod audit_tests;
mod blocks;
mod calls;
#[cfg(test)]
mod name_tests;
mod names;
mod reads;
mod storage;
#[cfg(test)]
mod tests;
mod world;

use self::{blocks::Blocks, world::World};
use crate::{
    error::ChainError,
    types::{BlockRef, Call, TxOutcome},
};
use meganet_primitives::{
    AccountId, Balance, BlockNumber, Epoch, WorkerId,
    audit::{Schedule, Tolerance},
    country::Country,
    hash::Hash,
    name::NameParams,
    receipt::PeerKey,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// How a fake chain is set up.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Its genesis hash.
    pub genesis: Hash,
    /// Blocks of an epoch.
    pub epoch_blocks: BlockNumber,
    /// The furthest expiry is the present epoch and this many.
    pub max_epochs: u32,
    /// Bytes of a slot, by profile.
    pub slot_capacity: [u64; 4],
    /// The smallest capacity of a worker, bytes.
    pub min_capacity: u64,
    /// Price of a GiB for an epoch, planck.
    pub price_per_gib_epoch: Balance,
    /// Prices and times of names. By default a commitment is good after two blocks, and no name lapses in a test that is
    /// about something else.
    pub names: NameParams,
    /// Labels that nobody can register.
    pub reserved: Vec<String>,
    /// Deposit of a tombstone, planck.
    pub tombstone_deposit: Balance,
    /// Deposit of an automatic renewal, planck.
    pub renewal_deposit: Balance,
    /// Deposit of a group, planck.
    pub group_deposit: Balance,
    /// Bond of a worker for each GiB, planck.
    pub bond_per_gib: Balance,
    /// The smallest bond, planck.
    pub min_bond: Balance,
    /// What every transaction costs, planck.
    pub fee: Balance,
    /// How many blocks the finalized head trails the best one.
    pub finality_lag: BlockNumber,
    /// The rhythm of audits. As it is by default, tests that are about something else never see a challenge.
    pub schedule: Schedule,
    /// How many missed periods are tolerated.
    pub tolerance: Tolerance,
    /// Blocks for which a worker that has handed its last slot over must stay.
    pub handover: BlockNumber,
    /// Whether a submission makes the blocks it waits for.
    pub auto_tick: bool,
}

impl Default for FakeConfig {
    fn default() -> Self {
        use crate::amount::MEGA;
        Self {
            genesis: [7; 32],
            epoch_blocks: 1200,
            max_epochs: 120,
            slot_capacity: [1 << 30; 4],
            min_capacity: 1 << 30,
            price_per_gib_epoch: MEGA / 1000,
            names: NameParams {
                min_commit_age: 2,
                max_commit_age: 10_000,
                year: 1_000_000,
                grace: 500,
                premium: 400,
                halving: 50,
                premium_start: 1_000 * MEGA,
                rent: [200 * MEGA, 50 * MEGA, 10 * MEGA, MEGA],
                deposit: 10 * MEGA,
                record_deposit: MEGA / 10,
            },
            reserved: vec!["meganet".to_owned()],
            tombstone_deposit: MEGA / 10,
            renewal_deposit: MEGA / 20,
            group_deposit: 100 * MEGA,
            bond_per_gib: MEGA,
            min_bond: 10 * MEGA,
            fee: MEGA / 10_000,
            finality_lag: 0,
            schedule: Schedule { period_blocks: 100_000, window_blocks: 50_000, samples: 8 },
            tolerance: Tolerance { misses: 3, proofs_per_miss: 10 },
            handover: 20,
            auto_tick: true,
        }
    }
}

/// A chain in memory. Clones are the same chain.
#[derive(Clone)]
pub struct FakeChain {
    shared: Arc<Shared>,
}

struct Shared {
    config: FakeConfig,
    inner: Mutex<Inner>,
    /// The finalized height.
    finalized: watch::Sender<BlockNumber>,
    best: watch::Sender<BlockRef>,
}

struct Inner {
    blocks: Blocks,
    pending: Vec<Pending>,
    /// Submissions that the pool took, ever.
    submitted: u64,
    full: bool,
    unreachable: bool,
    failing: Option<ChainError>,
}

/// A transaction that waits for a block.
struct Pending {
    account: AccountId,
    calls: Vec<Call>,
    extrinsic: Hash,
    /// Whoever waits for it, the first time that it is executed.
    done: Option<oneshot::Sender<Result<TxOutcome, ChainError>>>,
}

impl Default for FakeChain {
    fn default() -> Self {
        Self::new(FakeConfig::default())
    }
}

impl FakeChain {
    /// A chain with nothing but its genesis block.
    pub fn new(config: FakeConfig) -> Self {
        let blocks = Blocks::new(config.genesis, World::new(config.clone()));
        let (best, _) = watch::channel(blocks.best().at);
        let inner = Inner { blocks, pending: Vec::new(), submitted: 0, full: false, unreachable: false, failing: None };
        let (finalized, _) = watch::channel(0);
        Self { shared: Arc::new(Shared { config, inner: Mutex::new(inner), finalized, best }) }
    }

    /// How it is set up.
    pub fn config(&self) -> &FakeConfig {
        &self.shared.config
    }

    /// Gives an account tokens out of nothing, visible at once.
    pub fn fund(&self, account: AccountId, amount: Balance) {
        self.alter(|world| world.mint(account, amount));
    }

    /// Makes a block of the waiting transactions and returns it.
    pub fn tick(&self) -> BlockRef {
        let mut inner = self.lock();
        let mut pending = if inner.full { Vec::new() } else { std::mem::take(&mut inner.pending) };
        let block = inner.blocks.next_ref();
        let finalized = block.number.saturating_sub(self.shared.config.finality_lag);
        let mut world = (*inner.blocks.best().world).clone();
        world.begin(block);
        let mut leaves = Vec::new();
        let mut outcomes = Vec::new();
        for tx in &mut pending {
            let result = world.execute(&tx.account, &tx.calls).map(|events| {
                leaves.extend(events.iter().filter_map(crate::types::ChainEvent::stored));
                TxOutcome {
                    block,
                    extrinsic: tx.extrinsic,
                    finalized: finalized == block.number,
                    fee: self.shared.config.fee,
                    events,
                }
            });
            outcomes.extend(tx.done.take().map(|done| (done, result)));
        }
        inner.blocks.push(block, world, leaves, pending);
        drop(inner);
        self.shared.best.send_replace(block);
        self.shared.finalized.send_replace(finalized);
        for (done, result) in outcomes {
            // Nobody waits for it any more: it is executed all the same.
            let _ = done.send(result);
        }
        block
    }

    /// Makes that many blocks.
    pub fn ticks(&self, count: u32) {
        for _ in 0..count {
            self.tick();
        }
    }

    /// Makes blocks until the epoch has begun.
    pub fn run_to_epoch(&self, epoch: Epoch) {
        while self.lock().blocks.best().world.epoch() < epoch {
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

    /// From now on (or no more) every request fails with [`ChainError::NodeUnreachable`]; blocks go on.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.lock().unreachable = unreachable;
    }

    /// From now on (or no more) blocks are full: transactions wait in the pool.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// Transactions that were given to the pool, ever.
    pub fn submissions(&self) -> u64 {
        self.lock().submitted
    }

    /// Transactions of an account that wait for a block.
    pub fn pending_of(&self, account: &AccountId) -> usize {
        self.lock().pending.iter().filter(|pending| pending.account == *account).count()
    }

    /// Replaces the last `depth` blocks, at most as many as finality trails, by others and one more, with other
    /// randomness. Their transactions come into the first of the new ones, or are lost. Gives the new best block.
    pub fn reorganise(&self, depth: BlockNumber, keep_transactions: bool) -> BlockRef {
        let depth = depth.min(self.shared.config.finality_lag);
        {
            let mut inner = self.lock();
            let transactions = inner.blocks.leave_fork(depth);
            if keep_transactions {
                inner.pending.splice(0..0, transactions);
            }
        }
        for _ in 0..depth {
            self.tick();
        }
        self.tick()
    }

    /// Every submission fails with this error until it is `None` again.
    pub fn fail_submissions(&self, error: Option<ChainError>) {
        self.lock().failing = error;
    }

    /// Takes all that an account can spend.
    pub fn drain(&self, account: &AccountId) {
        self.alter(|world| world.drain(account));
    }

    /// Forgets the state of every block but the best one, as a node does with old ones.
    pub fn prune(&self) {
        self.lock().blocks.prune();
    }

    /// Vacates the slots of a worker and takes it off the registry, as if it had been slashed.
    pub fn expel(&self, worker: WorkerId) {
        self.alter(|world| world.expel(worker));
    }

    /// Registers a worker at once, without money, signature or block.
    pub fn add_worker(&self, operator: AccountId, peer: PeerKey, country: Country, capacity: u64) -> WorkerId {
        self.alter(|world| world.put_worker(operator, peer, country, capacity, 0))
    }

    /// Registers a name for a year at once, without money, commitment or block.
    pub fn add_name(&self, owner: AccountId, label: &str) {
        self.alter(|world| world.put_name(owner, label.as_bytes(), 1));
    }

    fn alter<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(Arc::make_mut(&mut self.lock().blocks.best_mut().world))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked while it held the lock has failed anyway.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node's answer to everything while it is away.
    fn reach(&self) -> Result<MutexGuard<'_, Inner>, ChainError> {
        let inner = self.lock();
        if inner.unreachable {
            return Err(ChainError::NodeUnreachable {
                url: "fake://chain".to_owned(),
                reason: "told to be unreachable".to_owned(),
            });
        }
        Ok(inner)
    }
}
