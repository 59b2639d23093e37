//! The worker's background jobs. Each implements [`crate::background::Job`], is supervised, keeps to its rate, and
//! resumes after a restart or a crash where it was. Their delays are in [`crate::throttle`].
//!
//! On the disk alone:
//!
//! - [`scrub`]: reads all shards again and finds damage.
//!
//! With the network and the chain:
//!
//! - [`serve`]: accepts streams of other peers.
//! - [`follow`]: follows finalized blocks: new batches of this worker's groups, new slots, new epochs.
//! - [`sync`]: fetches what following does not bring: batches registered while the worker was away, and the entries of
//!   batches that it did not sign.
//! - [`rebuild`]: rebuilds missing and damaged shards from other members' shards.
//! - [`collect`]: removes what expired, was deleted, or was never registered.
//!
//! At every best block, which [`heads`] follows, for the operator's account:
//!
//! - [`prove`]: answers the chain's challenges.
//! - [`blackout`]: withholds the rows that other members have to prove.
//! - [`renew`]: has the chain renew prepaid batches.
//! - [`report`]: reports members that have missed too many proofs.
//! - [`leave`]: reads the worker's account, and takes it off the registry once it may leave.

pub mod blackout;
pub mod collect;
pub mod follow;
pub mod heads;
pub mod leave;
pub mod prove;
pub mod rebuild;
pub mod renew;
pub mod report;
pub mod scrub;
pub mod serve;
pub mod sync;

use crate::{background::StepError, store::StoreError};
use meganet_chain_client::ChainError;

impl From<ChainError> for StepError {
    /// A node that is away, behind or busy is waited for; one that does not fit this program is a failure.
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::BadUrl { .. }
            | ChainError::WrongChain { .. }
            | ChainError::NotMeganet { .. }
            | ChainError::Incompatible { .. } => Self::failed(error),
            _ => Self::waiting(error),
        }
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
