//! The node: blocks with their states, the pool, and the faults that a test injects.

use crate::{
    FakeConfig,
    author::{Draft, Made},
    blocks::{Block, Blocks},
    pool::{Conflict, Pool, Transaction},
    states::States,
};
use codec::Encode;
use meganet_chain_client::BlockRef;
use meganet_runtime::{AccountId, Executive, Hash, Header, System, VERSION, constants::SLOT_MILLIS};
use parking_lot::{Mutex, MutexGuard};
use sp_core::{H256, sr25519, storage::Storage};
use sp_runtime::{
    BuildStorage,
    traits::Header as _,
    transaction_validity::{TransactionSource, TransactionValidityError},
};
use tokio::sync::watch;

/// The slot of the first block: some day in 2027.
const FIRST_SLOT: u64 = 1_800_000_000_000 / SLOT_MILLIS;

/// A node of a chain with one validator.
pub(crate) struct Node {
    pub(crate) config: FakeConfig,
    validator: sr25519::Pair,
    inner: Mutex<Inner>,
    /// Counts the blocks that were made, those of abandoned forks included.
    changes: watch::Sender<u64>,
}

pub(crate) struct Inner {
    pub(crate) states: States,
    pub(crate) blocks: Blocks,
    pub(crate) pool: Pool,
    /// The slot of the next block. Forks never use one twice, so each has its own randomness.
    slot: u64,
    pub(crate) full: bool,
    pub(crate) unreachable: bool,
    /// Why the pool refuses everything.
    pub(crate) refusing: Option<String>,
    /// The account whose next submission arrives, while its answer does not.
    pub(crate) unanswered: Option<AccountId>,
}

/// A submission that the pool has accepted.
pub(crate) struct Accepted {
    pub(crate) hash: Hash,
    /// Whether a test wants the answer to be lost.
    pub(crate) is_answered: bool,
}

/// Why the pool refuses a transaction.
pub(crate) enum Refusal {
    /// The bytes are not a signed extrinsic.
    NotAnExtrinsic,
    Conflict(Conflict),
    /// The runtime would not execute it.
    Invalid(&'static str),
    /// A test wants it to be refused.
    Told(String),
}

impl Node {
    pub(crate) fn new(config: FakeConfig) -> Self {
        let (states, genesis) = genesis_block(genesis_storage(&config));
        let inner = Inner {
            states,
            blocks: Blocks::new(genesis),
            pool: Pool::default(),
            slot: FIRST_SLOT,
            full: false,
            unreachable: false,
            refusing: None,
            unanswered: None,
        };
        let (changes, _) = watch::channel(0);
        Self { validator: config.validator(), config, inner: Mutex::new(inner), changes }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Signals every block, and everything else that streams have to look at.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Wakes the streams.
    pub(crate) fn wake(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Makes a block of the waiting transactions.
    pub(crate) fn tick(&self) -> BlockRef {
        let block = {
            let mut inner = self.lock();
            inner.tick(&self.validator)
        };
        self.wake();
        block
    }

    /// Replaces the newest blocks by others and one more.
    pub(crate) fn reorganise(&self, depth: u32, keep_transactions: bool) -> BlockRef {
        let depth = depth.min(self.config.finality_lag);
        let block = {
            let mut inner = self.lock();
            let transactions = inner.blocks.abandon(depth);
            if keep_transactions {
                inner.pool.give_back(transactions);
            }
            for _ in 0..depth {
                inner.tick(&self.validator);
            }
            inner.tick(&self.validator)
        };
        self.wake();
        block
    }

    pub(crate) fn finalized_height(&self, inner: &Inner) -> u32 {
        inner.blocks.best().header.number.saturating_sub(self.config.finality_lag)
    }

    /// The finalized head.
    pub(crate) fn finalized<'a>(&self, inner: &'a Inner) -> &'a Block {
        // The lag is at most the height, so the block is there.
        inner.blocks.at_height(self.finalized_height(inner)).unwrap_or_else(|| inner.blocks.best())
    }

    /// Submits a transaction to the pool.
    pub(crate) fn submit(&self, bytes: &[u8]) -> Result<Accepted, Refusal> {
        let mut inner = self.lock();
        if let Some(reason) = &inner.refusing {
            return Err(Refusal::Told(reason.clone()));
        }
        let transaction = Transaction::decode(bytes).ok_or(Refusal::NotAnExtrinsic)?;
        let (hash, account) = (transaction.hash, transaction.account.clone());
        // A pool looks at its bans first.
        if inner.pool.has_dropped(hash) || inner.blocks.with_transaction(hash).is_some() {
            return Err(Refusal::Conflict(Conflict::Banned));
        }
        inner.validate(&transaction)?;
        inner.pool.add(transaction).map_err(Refusal::Conflict)?;
        let is_answered = inner.unanswered.take_if(|unanswered| *unanswered == account).is_none();
        Ok(Accepted { hash, is_answered })
    }

    /// Changes the state of the best block.
    pub(crate) fn alter<T>(&self, change: impl FnOnce() -> T) -> T {
        let mut inner = self.lock();
        let root = inner.blocks.best().state;
        let (result, root) = inner.states.change(root, VERSION.state_version(), change);
        inner.blocks.best_mut().state = root;
        result
    }
}

impl Inner {
    fn tick(&mut self, validator: &sr25519::Pair) -> BlockRef {
        let parent = self.blocks.best();
        let draft = Draft {
            number: parent.header.number.saturating_add(1),
            parent: parent.hash,
            state: parent.state,
            slot: self.slot,
            validator,
        };
        self.slot = self.slot.saturating_add(1);
        let transactions = if self.full { Vec::new() } else { self.pool.take_all() };
        let Made { header, extrinsics, included, left_over, state } = draft.make(&mut self.states, transactions);
        self.pool.give_back(left_over);
        let block = Block { hash: header.hash(), header, extrinsics, transactions: included, state, pruned: false };
        let at = block.at();
        self.blocks.push(block);
        at
    }

    /// Asks the runtime whether it would execute a transaction.
    fn validate(&self, transaction: &Transaction) -> Result<(), Refusal> {
        let best = self.blocks.best();
        let validity = self.states.read(best.state, || {
            Executive::validate_transaction(TransactionSource::External, transaction.extrinsic.clone(), best.hash)
        });
        match validity {
            Ok(_) => Ok(()),
            Err(TransactionValidityError::Invalid(invalid)) => Err(Refusal::Invalid(invalid.into())),
            Err(TransactionValidityError::Unknown(unknown)) => Err(Refusal::Invalid(unknown.into())),
        }
    }

    /// The nonce of the next transaction of an account.
    pub(crate) fn next_nonce(&self, account: &AccountId) -> u32 {
        let in_state = self.states.read(self.blocks.best().state, || System::account_nonce(account));
        self.pool.next_nonce(account, in_state)
    }
}

/// The state that a configuration begins with.
///
/// # Panics
/// If its values contradict each other.
#[allow(clippy::expect_used)]
pub(crate) fn genesis_storage(config: &FakeConfig) -> Storage {
    config.genesis().build_storage().expect("the genesis of a FakeConfig can be built")
}

/// The first block, and the database with its state.
pub(crate) fn genesis_block(storage: Storage) -> (States, Block) {
    let mut states = States::default();
    let state = states.insert(storage, VERSION.state_version());
    let no_extrinsics = sp_trie::empty_trie_root::<sp_trie::LayoutV0<sp_runtime::traits::BlakeTwo256>>();
    let header = Header::new(0, no_extrinsics, state, H256::zero(), sp_runtime::Digest::default());
    let block =
        Block { hash: header.hash(), header, extrinsics: Vec::new(), transactions: Vec::new(), state, pruned: false };
    (states, block)
}

/// The bytes of a block's extrinsics.
pub(crate) fn body(block: &Block) -> Vec<Vec<u8>> {
    block.extrinsics.iter().map(Encode::encode).collect()
}
