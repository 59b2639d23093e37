//! The worker's background jobs. Each implements [`crate::background::Job`], is supervised, keeps to its rate, and
//! resumes after a restart or a crash where it was. Their delays are in [`crate::throttle`].
//!
//! On the disk alone:
//!
//! - [`adopt`]: compares shard files with the index after a start, and adopts whole files that the index does not know.
//! - [`space`]: watches the free bytes of the disk.
//! - [`scrub`]: reads all shards again and finds damage.
//!
//! With the network and the chain:
//!
//! - [`serve`]: accepts streams of other peers.
//! - [`follow`]: follows finalized blocks: new batches of this worker's groups, new slots, new epochs.
//! - [`sync`]: fetches what following does not bring: batches registered while the worker was away, and the entries of
//!   batches that it did not sign.
//! - [`rebuild`]: rebuilds missing and damaged shards from other members' shards.
//! - [`collect`]: notes what expired or was deleted, and removes what does not have to be kept any longer.
//!
//! At every best block, which [`heads`] follows, for the operator's account:
//!
//! - [`prove`]: answers the chain's challenges.
//! - [`blackout`]: withholds the rows that other members have to prove.
//! - [`renew`]: has the chain renew prepaid batches.
//! - [`report`]: reports members that have missed too many proofs.
//! - [`leave`]: reads the worker's account, and takes it off the registry once it may leave.

pub mod adopt;
pub mod blackout;
pub mod collect;
pub mod follow;
pub mod heads;
pub mod leave;
pub mod nodes;
pub mod prove;
pub mod rebuild;
pub mod renew;
pub mod report;
pub mod scrub;
pub mod serve;
pub mod space;
pub mod sync;

use crate::{background::StepError, store::StoreError};
use meganet_chain_client::ChainError;

impl From<ChainError> for StepError {
    /// A node that is away or behind is waited for; an error that time does not remove is a failure.
    fn from(error: ChainError) -> Self {
        if error.is_transient() { Self::waiting(error) } else { Self::failed(error) }
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

/// A subscription to blocks has ended, which the chain's client never does while it works.
#[derive(Debug, thiserror::Error)]
#[error("the subscription to {0} has ended")]
struct StreamEnded(&'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_pass_are_waited_for() {
        let away = ChainError::NodeUnreachable { url: String::new(), reason: String::new() };
        let fork = ChainError::UnknownBlock { block: String::new() };
        for error in [away, fork, ChainError::NothingFinalized] {
            assert!(matches!(StepError::from(error), StepError::Waiting(_)));
        }
        let pruned = ChainError::StatePruned { block: String::new() };
        let refused = ChainError::Refused { method: String::new(), reason: String::new() };
        let unfit = ChainError::Incompatible { detail: String::new() };
        for error in [pruned, refused, unfit] {
            assert!(matches!(StepError::from(error), StepError::Failed(_)));
        }
    }
}
