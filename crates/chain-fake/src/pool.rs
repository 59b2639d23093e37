//! Transactions that wait for a block, in order of arrival.

use codec::{DecodeAll, Encode};
use meganet_runtime::{AccountId, Hash, Nonce, UncheckedExtrinsic};
use sp_runtime::{
    MultiAddress,
    generic::Preamble,
    traits::{BlakeTwo256, Hash as _},
};
use std::collections::HashSet;

/// A signed extrinsic.
#[derive(Clone)]
pub(crate) struct Transaction {
    pub(crate) hash: Hash,
    pub(crate) account: AccountId,
    pub(crate) nonce: Nonce,
    pub(crate) extrinsic: UncheckedExtrinsic,
}

impl Transaction {
    /// Decodes a signed extrinsic; `None` if the bytes are something else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let extrinsic = UncheckedExtrinsic::decode_all(&mut &*bytes).ok()?;
        let Preamble::Signed(MultiAddress::Id(account), _, extensions) = &extrinsic.preamble else { return None };
        let (account, nonce) = (account.clone(), extensions.5.0);
        Some(Self { hash: BlakeTwo256::hash(&extrinsic.encode()), account, nonce, extrinsic })
    }
}

/// The pool of a fake node.
#[derive(Default)]
pub(crate) struct Pool {
    waiting: Vec<Transaction>,
    /// Dropped here, while other nodes still have them.
    elsewhere: Vec<Transaction>,
    /// All that were dropped.
    dropped: HashSet<Hash>,
    /// Transactions that were accepted since the start.
    accepted: u64,
}

/// Why a transaction is not accepted; the state has no say in these.
pub(crate) enum Conflict {
    /// It is here already.
    Known,
    /// Another one of the account has the nonce.
    NonceTaken,
    /// It was here before: a block has it, or it was dropped.
    Banned,
}

impl Pool {
    pub(crate) fn add(&mut self, transaction: Transaction) -> Result<(), Conflict> {
        let same = |other: &&Transaction| (&other.account, other.nonce) == (&transaction.account, transaction.nonce);
        match self.waiting.iter().find(same) {
            Some(other) if other.hash == transaction.hash => return Err(Conflict::Known),
            Some(_) => return Err(Conflict::NonceTaken),
            None => {}
        }
        self.accepted = self.accepted.saturating_add(1);
        self.waiting.push(transaction);
        Ok(())
    }

    /// Returns transactions to the front.
    pub(crate) fn give_back(&mut self, transactions: Vec<Transaction>) {
        self.waiting.splice(0..0, transactions);
    }

    /// Takes all for a block, which another node might have made: those that were dropped only here come first.
    pub(crate) fn take_all(&mut self) -> Vec<Transaction> {
        let mut all = std::mem::take(&mut self.elsewhere);
        all.append(&mut self.waiting);
        all
    }

    /// Drops all that wait. Other nodes have them if they were passed on.
    pub(crate) fn drop_all(&mut self, passed_on: bool) {
        let all = std::mem::take(&mut self.waiting);
        self.dropped.extend(all.iter().map(|transaction| transaction.hash));
        if passed_on {
            self.elsewhere.extend(all);
        }
    }

    pub(crate) fn has_dropped(&self, hash: Hash) -> bool {
        self.dropped.contains(&hash)
    }

    pub(crate) fn contains(&self, hash: Hash) -> bool {
        self.waiting.iter().any(|transaction| transaction.hash == hash)
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many transactions of an account wait.
    pub(crate) fn count_of(&self, account: &AccountId) -> usize {
        self.waiting.iter().filter(|transaction| transaction.account == *account).count()
    }

    /// The first nonce that neither the state nor the pool has used.
    pub(crate) fn next_nonce(&self, account: &AccountId, in_state: Nonce) -> Nonce {
        let used = |nonce| self.waiting.iter().any(|other| other.account == *account && other.nonce == nonce);
        (in_state..).find(|nonce| !used(*nonce)).unwrap_or(in_state)
    }
}
