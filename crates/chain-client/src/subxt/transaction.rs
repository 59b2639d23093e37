//! A signed transaction, and the answers of a pool to it.

use super::statuses::Statuses;
use meganet_primitives::{Balance, BlockNumber, hash::Hash};

/// Blocks for which a transaction can be included. A power of two.
pub(super) const LIFETIME: BlockNumber = 256;
/// A signed transaction.
pub(super) struct Signed {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: Hash,
    /// The block after which it can be included.
    pub(super) born: BlockNumber,
    /// Estimated, in planck.
    pub(super) fee: Balance,
}

impl Signed {
    /// The last height that can include it.
    pub(super) fn dies(&self) -> BlockNumber {
        self.born.saturating_add(LIFETIME)
    }
}

/// The answer of a transaction pool.
pub(super) enum PoolAnswer {
    /// Accepted; with statuses if this submission is the one that is watched.
    Took(Option<Statuses>),
    /// The nonce is used up, or another transaction of the pool has it: sign again.
    NonceTaken(String),
    CannotPay,
    Refused(String),
}
