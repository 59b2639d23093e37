//! A signed transaction, the answers of a pool to it, and when it is lost.
//!
//! A pool can refuse or drop a transaction that it has passed on to other nodes, or that a block has. Only its first answer to new bytes
//! is certain; later, only final blocks decide.

use super::statuses::Statuses;
use crate::error::ChainError;
use meganet_primitives::{AccountId, Balance, BlockNumber, hash::Hash};

/// Blocks for which a transaction can be included. A power of two.
pub(super) const LIFETIME: BlockNumber = 256;
/// A signed transaction.
pub(super) struct Signed {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) account: AccountId,
    pub(super) nonce: u64,
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

    /// The error if no block can include it any more, where none up to a final one does: `next_nonce` is its account's nonce after
    /// that block, if it could be read.
    pub(super) fn lost(&self, finalized: BlockNumber, next_nonce: Option<u32>) -> Option<ChainError> {
        if finalized > self.dies() {
            return Some(ChainError::Expired { extrinsic: hex::encode(self.hash) });
        }
        let used = next_nonce.is_some_and(|next| u64::from(next) > self.nonce);
        used.then(|| ChainError::Rejected { reason: "another transaction of the account took its nonce".to_owned() })
    }
}

/// The answer of a transaction pool.
pub(super) enum PoolAnswer {
    /// Accepted, now or before, as far as one can know; with statuses if this submission is the one that is watched.
    Took(Option<Statuses>),
    /// The nonce is used up, or another transaction of the pool has it: sign again.
    NonceTaken(String),
    CannotPay,
    Refused(String),
}

impl PoolAnswer {
    /// The answer to bytes that were offered before. The earlier offer may have arrived, so a refusal says nothing about them.
    pub(super) fn when_repeated(self) -> Self {
        let reason = match self {
            Self::Took(statuses) => return Self::Took(statuses),
            Self::CannotPay => "the account cannot pay the fee".to_owned(),
            Self::NonceTaken(reason) | Self::Refused(reason) => reason,
        };
        tracing::debug!(reason, "the pool did not take the transaction again: the blocks decide");
        Self::Took(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_repeated_bytes_is_not_believed() {
        let text = || "a reason".to_owned();
        for refusal in [PoolAnswer::NonceTaken(text()), PoolAnswer::CannotPay, PoolAnswer::Refused(text())] {
            assert!(matches!(refusal.when_repeated(), PoolAnswer::Took(None)));
        }
    }

    #[test]
    fn only_final_blocks_make_a_transaction_certainly_lost() {
        let signed = Signed { bytes: Vec::new(), hash: [1; 32], account: [2; 32], nonce: 7, born: 100, fee: 0 };
        let dies = signed.dies();
        for next_nonce in [None, Some(0), Some(7)] {
            assert_eq!(signed.lost(dies, next_nonce), None, "a block of its last height may be final and have it");
            let lost = signed.lost(dies + 1, next_nonce);
            assert!(matches!(lost, Some(ChainError::Expired { .. })), "{lost:?}");
        }
        let lost = signed.lost(101, Some(8));
        assert!(matches!(&lost, Some(ChainError::Rejected { reason }) if reason.contains("nonce")), "{lost:?}");
    }
}
