//! Checking a proof against a checkpoint.

use crate::{
    bundle::{BundleError, NameProof},
    changes::{self, ChangeError},
    checkpoint::{Checkpoint, CheckpointError},
    finality::FinalityError,
    header::Hash,
    state::{self, StateError},
};
use meganet_primitives::{
    BlockNumber,
    chain::Resolution,
    name::{LabelError, split_name},
};
use serde::Serialize;
use std::fmt;

/// A proven answer to what a name resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The name.
    pub name: String,
    /// The answer.
    pub answer: Answer,
    /// The block that the answer is about.
    pub block: ProvenBlock,
    /// The signatures and the checkpoint that the answer relies on.
    pub basis: Basis,
    /// The checkpoint for the next check: at this block, or the old one if that is newer.
    pub checkpoint: Checkpoint,
}

/// The proven resolution of a name, or its proven absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is registered and works.
    Present(Resolution),
    /// It has lapsed and resolves to nothing; nobody has taken it since.
    Lapsed(Resolution),
    /// The name does not exist.
    Absent,
}

impl Answer {
    /// Returns the answer in the form in which nodes give it without a proof.
    pub fn resolution(&self) -> Option<&Resolution> {
        match self {
            Self::Present(resolution) | Self::Lapsed(resolution) => Some(resolution),
            Self::Absent => None,
        }
    }
}

/// A final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvenBlock {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
    /// The time at which it was made, by the clocks of the validators, in milliseconds since 1970.
    pub time: u64,
}

/// The signatures and the checkpoint that a proven answer relies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Basis {
    /// The set of validators that made the block final.
    pub set_id: u64,
    /// How many of them voted for it: more than two thirds by weight.
    pub votes: usize,
    /// How many validators the set has.
    pub voters: usize,
    /// The height of the checkpoint that was trusted.
    pub checkpoint: BlockNumber,
    /// Changes of validators that were followed from there.
    pub changes: usize,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { set_id, votes, voters, checkpoint, changes } = self;
        write!(f, "GRANDPA set {set_id}, {votes} of {voters} votes, checkpoint block {checkpoint}")?;
        match changes {
            0 => Ok(()),
            1 => write!(f, ", 1 change of validators since"),
            many => write!(f, ", {many} changes of validators since"),
        }
    }
}

/// The oldest answer that is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The lowest height that is accepted.
    pub oldest_block: BlockNumber,
    /// The earliest time of the block that is accepted, in milliseconds since 1970.
    pub oldest_time: u64,
}

impl Freshness {
    /// Any age: for proofs that were kept.
    pub const ANY: Self = Self { oldest_block: 0, oldest_time: 0 };

    /// Not older than the checkpoint, and at most `max_age` milliseconds old at the time `now`.
    pub fn within(checkpoint: &Checkpoint, now: u64, max_age: u64) -> Self {
        Self { oldest_block: checkpoint.number, oldest_time: now.saturating_sub(max_age) }
    }
}

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The bytes are not a proof.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The text that was asked for is not a name.
    #[error("this can't be a name: {0}")]
    BadName(LabelError),
    /// The checkpoint is invalid.
    #[error(transparent)]
    BadCheckpoint(#[from] CheckpointError),
    /// It is about another name.
    #[error(
        "the proof is about the name '{proven}', not '{asked}': the node answered another question; ask another node"
    )]
    OtherName {
        /// The name that was asked for.
        asked: String,
        /// The name that the proof is about.
        proven: String,
    },
    /// It is of another chain.
    #[error(
        "the proof is of the chain with genesis {found:?}, and the checkpoint of the chain with genesis {expected:?}: use the checkpoint of that chain, or another node"
    )]
    OtherChain {
        /// The checkpoint's genesis.
        expected: Hash,
        /// The proof's.
        found: Hash,
    },
    /// Its set of validators is not the one that the checkpoint leads to.
    #[error(
        "the block was made final by validators of set {found}, and the checkpoint leads to set {expected}: ask for a proof since block {since}, or, if that does not help, the node is behind or on a fork"
    )]
    OtherSet {
        /// The set to which checkpoint and changes lead.
        expected: u64,
        /// The set that the proof names.
        found: u64,
        /// The height of the checkpoint.
        since: BlockNumber,
    },
    /// A change of validators is wrong.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The votes do not make the block final.
    #[error("block {number} is not final: {source}")]
    NotFinal {
        /// Its height.
        number: BlockNumber,
        /// The error in the votes.
        source: FinalityError,
    },
    /// There is another final block of the same height.
    #[error(
        "block {number} is {found:?} in the proof and {known:?} in the checkpoint, and both were made final: a third of the validators voted twice, or the checkpoint is wrong; trust neither"
    )]
    Forked {
        /// The height.
        number: BlockNumber,
        /// The checkpoint's block.
        known: Hash,
        /// The proof's.
        found: Hash,
    },
    /// The proof of the state is wrong.
    #[error(transparent)]
    State(#[from] StateError),
    /// The block is older than asked for.
    #[error(
        "the answer is of block {number}, and block {oldest} is known to be final: the node is behind; wait until it has caught up, or ask another one"
    )]
    StaleBlock {
        /// The height of the proof's block.
        number: BlockNumber,
        /// The lowest that is accepted.
        oldest: BlockNumber,
    },
    /// The block was made too long ago.
    #[error("the answer is {} seconds older than accepted (block {number}): the node is behind, the chain has stopped, or this machine's clock is wrong; check the clock, then ask another node", age.div_ceil(1_000))]
    StaleTime {
        /// The height of the proof's block.
        number: BlockNumber,
        /// Milliseconds by which it is too old.
        age: u64,
    },
}

/// Checks a proof of what `name` resolves to in a block that is final if the checkpoint is right, and returns the answer.
///
/// # Errors
/// [`ProofError`], with what to do about it.
pub fn verify(
    proof: &NameProof,
    name: &str,
    checkpoint: &Checkpoint,
    freshness: &Freshness,
) -> Result<Verified, ProofError> {
    let (sub, label) = split_name(name).map_err(ProofError::BadName)?;
    let proven = proof.name()?;
    if proven != name {
        return Err(ProofError::OtherName { asked: name.to_owned(), proven: proven.to_owned() });
    }
    checkpoint.voters()?;
    if proof.genesis != checkpoint.genesis {
        return Err(ProofError::OtherChain { expected: checkpoint.genesis, found: proof.genesis });
    }

    // The validators: from the checkpoint through the changes to the block.
    let reached = changes::follow(checkpoint, &proof.changes)?;
    let block = &proof.block;
    let number = block.header.number;
    if block.set_id != reached.set_id {
        return Err(ProofError::OtherSet { expected: reached.set_id, found: block.set_id, since: checkpoint.number });
    }
    let tally = changes::check_final(&block.header, &block.finality, &reached)
        .map_err(|source| ProofError::NotFinal { number, source })?;
    let hash = block.header.hash();
    if number == reached.number && hash != reached.hash {
        return Err(ProofError::Forked { number, known: reached.hash, found: hash });
    }
    let (set_id, authorities) = changes::after(&block.header, reached.set_id, &reached.authorities)?;

    // The block's state.
    let facts = state::read(&proof.state, block.header.state_root, label, sub, number)?;
    if number < freshness.oldest_block {
        return Err(ProofError::StaleBlock { number, oldest: freshness.oldest_block });
    }
    match freshness.oldest_time.saturating_sub(facts.time) {
        0 => {}
        age => return Err(ProofError::StaleTime { number, age }),
    }

    let below = sub.map(|_| facts.sub.as_ref());
    let resolution = facts.name.as_ref().and_then(|name| Resolution::of(name, below, &facts.params, number));
    let answer = match resolution {
        Some(resolution) if resolution.status.works() => Answer::Present(resolution),
        Some(resolution) => Answer::Lapsed(resolution),
        None => Answer::Absent,
    };
    let basis = Basis {
        set_id: block.set_id,
        votes: tally.votes,
        voters: tally.voters,
        checkpoint: checkpoint.number,
        changes: proof.changes.len(),
    };
    let checkpoint = if number > reached.number { reached.moved(&block.header, set_id, authorities) } else { reached };
    Ok(Verified {
        name: name.to_owned(),
        answer,
        block: ProvenBlock { number, hash, time: facts.time },
        basis,
        checkpoint,
    })
}
