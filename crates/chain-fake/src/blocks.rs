//! The blocks of the best chain.

use crate::pool::Transaction;
use meganet_chain_client::BlockRef;
use meganet_runtime::{Hash, Header, UncheckedExtrinsic};
use sp_core::H256;

/// A block and the state after it.
pub(crate) struct Block {
    pub(crate) hash: Hash,
    pub(crate) header: Header,
    pub(crate) extrinsics: Vec<UncheckedExtrinsic>,
    /// The transactions among the extrinsics: a reorganisation returns them to the pool.
    pub(crate) transactions: Vec<Transaction>,
    /// The root of its state. It differs from the header's where a test has altered the state since.
    pub(crate) state: H256,
    pub(crate) pruned: bool,
}

impl Block {
    pub(crate) fn at(&self) -> BlockRef {
        BlockRef { hash: self.hash.0, number: self.header.number }
    }
}

/// One block of every height since genesis; never empty.
pub(crate) struct Blocks {
    before: Vec<Block>,
    best: Block,
}

impl Blocks {
    pub(crate) fn new(genesis: Block) -> Self {
        Self { before: Vec::new(), best: genesis }
    }

    pub(crate) fn best(&self) -> &Block {
        &self.best
    }

    pub(crate) fn best_mut(&mut self) -> &mut Block {
        &mut self.best
    }

    pub(crate) fn push(&mut self, block: Block) {
        self.before.push(std::mem::replace(&mut self.best, block));
    }

    /// Removes the newest blocks, but not the first one. Returns their transactions, oldest first.
    pub(crate) fn abandon(&mut self, depth: u32) -> Vec<Transaction> {
        let mut transactions = Vec::new();
        for _ in 0..depth {
            let Some(parent) = self.before.pop() else { break };
            let left = std::mem::replace(&mut self.best, parent);
            transactions.splice(0..0, left.transactions);
        }
        transactions
    }

    pub(crate) fn at_height(&self, number: u32) -> Option<&Block> {
        if number == self.best.header.number {
            return Some(&self.best);
        }
        self.before.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn by_hash(&self, hash: Hash) -> Option<&Block> {
        self.newest_first().find(|block| block.hash == hash)
    }

    /// The block that has a transaction.
    pub(crate) fn with_transaction(&self, hash: Hash) -> Option<&Block> {
        self.newest_first().find(|block| block.transactions.iter().any(|transaction| transaction.hash == hash))
    }

    /// Marks the state of every block but the best one as dropped.
    pub(crate) fn prune(&mut self) {
        for block in &mut self.before {
            block.pruned = true;
        }
    }

    fn newest_first(&self) -> impl Iterator<Item = &Block> {
        std::iter::once(&self.best).chain(self.before.iter().rev())
    }
}
