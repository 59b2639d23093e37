//! Values that go into a [`crate::ChainClient`] and come out of it, other than the runtime's own types.

mod block;
mod call;
mod outcome;

pub use self::{
    block::{At, BlockRef, NodeStatus, Until},
    call::{AutoRenewalCall, Call, NameCall, StorageCall, WorkerCall},
    outcome::{ChainEvent, StoredLeaf, TxOutcome},
};

use meganet_primitives::Balance;

/// An account's tokens, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountBalance {
    /// Not held; some of it may be frozen.
    pub free: Balance,
    /// Held by the runtime: deposits and bonds.
    pub held: Balance,
    /// The part of `free` and `held` together that may not be spent.
    pub frozen: Balance,
    /// The part that can be spent without closing the account.
    pub spendable: Balance,
}
