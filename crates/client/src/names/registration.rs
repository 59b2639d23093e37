//! The next step towards a name, decided from the state on the disk and on the chain.
//!
//! The only state is the [`Pending`] on the disk: after a crash at any point, and after any time, the same decision yields the step
//! that is due. A secret is kept before it is committed to, and a commitment that is replaced is named in what
//! replaces it, so that its deposit comes back whenever that happens.

use super::pending::Pending;
use meganet_primitives::{AccountId, BlockNumber, chain::CommitmentInfo, hash::Hash, name::NameParams};

/// Whether a name can still be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can be registered.
    Free,
    /// The account owns it.
    Ours,
    /// Somebody else owns it, or it is reserved.
    Gone,
}

/// The state of the best block.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The account that registers.
    pub account: AccountId,
    /// The height of that block.
    pub now: BlockNumber,
    /// Prices and times.
    pub params: NameParams,
    /// The account's commitments.
    pub commitments: &'a [CommitmentInfo],
    /// Whether the name can be had.
    pub availability: Availability,
}

/// A step of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a new secret and keep it; it takes the place of this commitment.
    Prepare {
        /// A commitment on the chain that can't be used any more.
        replaces: Option<Hash>,
    },
    /// Commit to the secret that is kept, and take an older commitment back with it.
    Commit {
        /// The one to take back.
        cancel: Option<Hash>,
    },
    /// Wait until the best block has this height.
    Wait {
        /// The height.
        until: BlockNumber,
    },
    /// Register: the next block will find the commitment old enough.
    Register,
    /// The name is registered: forget the secret.
    Done,
    /// The name is lost: take these commitments back and forget the secret.
    GiveUp {
        /// Those to take back: the last one, and the one that it was to replace.
        cancel: Vec<Hash>,
    },
}

/// Decides.
pub fn next(pending: Option<&Pending>, view: &View<'_>) -> Step {
    let on_chain = |hash: &Hash| view.commitments.iter().find(|one| one.commitment == *hash).map(|one| one.block);
    let commitment = pending.map(|pending| pending.commitment(&view.account));
    match view.availability {
        Availability::Ours => return Step::Done,
        Availability::Gone => {
            let replaced = pending.and_then(|pending| pending.replaces);
            let cancel = commitment.into_iter().chain(replaced).filter(|hash| on_chain(hash).is_some()).collect();
            return Step::GiveUp { cancel };
        }
        Availability::Free => {}
    }
    let (Some(pending), Some(commitment)) = (pending, commitment) else { return Step::Prepare { replaces: None } };
    let Some(block) = on_chain(&commitment) else {
        return Step::Commit { cancel: pending.replaces.filter(|hash| on_chain(hash).is_some()) };
    };
    // A transaction that is made now is in the next block at the earliest.
    let age = view.now.saturating_add(1).saturating_sub(block);
    if age > view.params.max_commit_age {
        Step::Prepare { replaces: Some(commitment) }
    } else if age < view.params.min_commit_age {
        Step::Wait { until: block.saturating_add(view.params.min_commit_age).saturating_sub(1) }
    } else {
        Step::Register
    }
}

#[cfg(test)]
mod tests;
