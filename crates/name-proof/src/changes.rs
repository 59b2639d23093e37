//! Following the chain from one set of validators to the next.
//!
//! The block in which a new set takes over announces the new validators in its digest, and is the last one that the old set
//! votes for. So from a known set a reader can follow to the next, as nodes do in a warp sync.

use crate::{
    checkpoint::{Authority, Checkpoint, authorities_of, voters_of},
    decode::one_line,
    finality::{Finality, FinalityError, Tally, Target},
    grandpa::{self, ConsensusLog, ScheduledChange},
    header::Header,
};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::BlockNumber;

/// Bytes of the longest [`SetChanges`] that nodes send and readers accept.
pub const MAX_CHANGES_LEN: usize = 256 * 1024;

/// A block in which validators take over from others, made final by those before.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SetChange {
    /// The block.
    pub header: Header,
    /// The votes of the old set.
    pub finality: Finality,
}

/// Changes in a row, for a reader whose checkpoint is too old for a single answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct SetChanges {
    /// The oldest first.
    pub changes: Vec<SetChange>,
    /// True if the node has further ones.
    pub more: bool,
}

/// Why a change of sets is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// More than [`MAX_CHANGES_LEN`] bytes, or bytes that do not decode.
    #[error("the list of changes of validators can't be read ({0}): ask another node, or update this program")]
    Malformed(String),
    /// It is not above the one before, or not above the checkpoint.
    #[error(
        "block {number} is not above block {known}: the node sent changes that are known already; ask again with the number of the checkpoint"
    )]
    OutOfOrder {
        /// Its height.
        number: BlockNumber,
        /// The height that is known.
        known: BlockNumber,
    },
    /// Its votes do not make it final.
    #[error("block {number}, in which validators change, is not final: {source}")]
    NotFinal {
        /// Its height.
        number: BlockNumber,
        /// The error in the votes.
        source: FinalityError,
    },
    /// Its digest announces no validators.
    #[error("block {number} announces no new validators: the node's answer is wrong; ask another node")]
    NoChange {
        /// Its height.
        number: BlockNumber,
    },
    /// The digest announces a change that cannot be followed: one that takes place later, or that is forced.
    #[error(
        "block {number} changes validators in a way that can't be followed (forced, or delayed): get a checkpoint after that block from somebody whom you trust"
    )]
    Unfollowable {
        /// Its height.
        number: BlockNumber,
    },
    /// No votes of the new validators could make a block final.
    #[error(
        "block {number} announces validators that can't vote (none with weight, or one twice): get a checkpoint after that block from somebody whom you trust"
    )]
    NobodyVotes {
        /// Its height.
        number: BlockNumber,
    },
}

/// The announcement in a header about the validators after it.
enum Signal {
    Nothing,
    Change(ScheduledChange),
    Other,
}

fn signal(header: &Header) -> Signal {
    let mut found = Signal::Nothing;
    for log in grandpa::logs(&header.digest) {
        match (log, &found) {
            // As in nodes, the first one of a block counts, unless one is forced.
            (ConsensusLog::ScheduledChange(change), Signal::Nothing) => found = Signal::Change(change),
            (ConsensusLog::ForcedChange(..), _) => return Signal::Other,
            _ => {}
        }
    }
    found
}

/// Returns number and validators of the set that votes after this block, which set `set_id` voted for.
pub(crate) fn after(
    header: &Header,
    set_id: u64,
    authorities: &[Authority],
) -> Result<(u64, Vec<Authority>), ChangeError> {
    let number = header.number;
    match signal(header) {
        Signal::Nothing => Ok((set_id, authorities.to_vec())),
        Signal::Change(change) if change.delay == 0 => {
            let next = authorities_of(change.next_authorities);
            voters_of(&next).map_err(|_| ChangeError::NobodyVotes { number })?;
            let set_id = set_id.checked_add(1).ok_or(ChangeError::Unfollowable { number })?;
            Ok((set_id, next))
        }
        Signal::Change(_) | Signal::Other => Err(ChangeError::Unfollowable { number }),
    }
}

/// Checks that the checkpoint's validators made a block final.
pub(crate) fn check_final(
    header: &Header,
    finality: &Finality,
    checkpoint: &Checkpoint,
) -> Result<Tally, FinalityError> {
    let block = Target { hash: header.hash(), number: header.number };
    let nobody = FinalityError::TooFewVotes { weight: 0, needed: 1 };
    let voters = checkpoint.voters().map_err(|_| nobody)?;
    finality.check(block, checkpoint.set_id, &voters)
}

/// Follows changes from a checkpoint and returns the checkpoint at the last of them.
///
/// # Errors
/// [`ChangeError`] about the first change that is wrong.
pub fn follow(checkpoint: &Checkpoint, changes: &[SetChange]) -> Result<Checkpoint, ChangeError> {
    let mut at = checkpoint.clone();
    for change in changes {
        let number = change.header.number;
        if number <= at.number {
            return Err(ChangeError::OutOfOrder { number, known: at.number });
        }
        check_final(&change.header, &change.finality, &at)
            .map_err(|source| ChangeError::NotFinal { number, source })?;
        let (set_id, authorities) = after(&change.header, at.set_id, &at.authorities)?;
        if set_id == at.set_id {
            return Err(ChangeError::NoChange { number });
        }
        at = at.moved(&change.header, set_id, authorities);
    }
    Ok(at)
}

impl SetChanges {
    /// Decodes the answer of a node.
    ///
    /// # Errors
    /// [`ChangeError::Malformed`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChangeError> {
        if bytes.len() > MAX_CHANGES_LEN {
            return Err(ChangeError::Malformed(format!("{} bytes are more than {MAX_CHANGES_LEN}", bytes.len())));
        }
        Self::decode_all(&mut &*bytes).map_err(|error| ChangeError::Malformed(one_line(&error)))
    }

    /// Follows them from a checkpoint.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub fn follow(&self, checkpoint: &Checkpoint) -> Result<Checkpoint, ChangeError> {
        follow(checkpoint, &self.changes)
    }
}
