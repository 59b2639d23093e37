//! The blocks of a fake chain with their states.

use super::{Pending, world::World};
use crate::types::{BlockRef, StoredLeaf};
use meganet_primitives::{
    BlockNumber,
    hash::{Hash, Tag, tagged},
};
use std::sync::Arc;

pub(super) struct Block {
    pub(super) at: BlockRef,
    pub(super) world: Arc<World>,
    pub(super) leaves: Vec<StoredLeaf>,
    /// What was executed in it: a reorganisation gives it back to the pool.
    pub(super) transactions: Vec<Pending>,
    pub(super) pruned: bool,
}

/// Every height since genesis; never empty.
pub(super) struct Blocks {
    genesis: Hash,
    first: Vec<Block>,
    best: Block,
    /// How many forks were left: blocks of another fork have other hashes.
    fork: u64,
}

impl Blocks {
    pub(super) fn new(genesis: Hash, world: World) -> Self {
        let at = BlockRef { hash: genesis, number: 0 };
        Self {
            genesis,
            first: Vec::new(),
            best: Block { at, world: Arc::new(world), leaves: Vec::new(), transactions: Vec::new(), pruned: false },
            fork: 0,
        }
    }

    pub(super) fn best(&self) -> &Block {
        &self.best
    }

    pub(super) fn best_mut(&mut self) -> &mut Block {
        &mut self.best
    }

    /// What the next block will be.
    pub(super) fn next_ref(&self) -> BlockRef {
        let number = self.best.at.number + 1;
        let hash = tagged(Tag::Seed, &[b"fake block", &self.genesis, &self.fork.to_le_bytes(), &number.to_le_bytes()]);
        BlockRef { hash, number }
    }

    pub(super) fn push(&mut self, at: BlockRef, world: World, leaves: Vec<StoredLeaf>, transactions: Vec<Pending>) {
        let block = Block { at, world: Arc::new(world), leaves, transactions, pruned: false };
        self.first.push(std::mem::replace(&mut self.best, block));
    }

    /// Leaves the newest blocks; what follows is another fork. Gives their transactions, oldest first.
    pub(super) fn leave_fork(&mut self, depth: BlockNumber) -> Vec<Pending> {
        self.fork += 1;
        let mut transactions = Vec::new();
        for _ in 0..depth {
            let Some(before) = self.first.pop() else { break };
            let left = std::mem::replace(&mut self.best, before);
            transactions.splice(0..0, left.transactions);
        }
        transactions
    }

    pub(super) fn at_height(&self, number: BlockNumber) -> Option<&Block> {
        self.all().find(|block| block.at.number == number)
    }

    pub(super) fn by_hash(&self, hash: &Hash) -> Option<&Block> {
        self.all().find(|block| block.at.hash == *hash)
    }

    pub(super) fn prune(&mut self) {
        for block in &mut self.first {
            block.pruned = true;
        }
    }

    /// Newest first.
    fn all(&self) -> impl Iterator<Item = &Block> {
        std::iter::once(&self.best).chain(self.first.iter().rev())
    }
}
