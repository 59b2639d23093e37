//! When to prove, when to prove again, and what to answer.

use crate::store::Reading;
use codec::Encode;
use meganet_primitives::{
    BlockNumber, Epoch, Period,
    audit::Answer,
    chain::{ChallengeInfo, ChallengeState, Tombstone},
    hash::{Hash, Tag, tagged},
    range::RangeLeaf,
};

pub use meganet_primitives::audit::is_bound;

/// A proof that was given to the transaction pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What it answers: [`asked`].
    pub asked: Hash,
    /// The best block when it was given away, or the one in which it was last seen.
    pub since: BlockNumber,
}

/// What to do at a new best head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is nothing to prove at the moment, or what was sent may still be included.
    Wait,
    /// Make a proof and send it.
    Prove,
    /// The chain has the proof of this period.
    Proven(Period),
    /// No block can take a proof of this period any more.
    Missed(Period),
}

/// A digest of what a challenge asks: a fork that asks something else needs another proof, one that asks the same takes
/// the same.
pub fn asked(challenge: &ChallengeInfo) -> Hash {
    tagged(Tag::Seed, &[b"meganet/worker/asked/1", &(challenge.period, &challenge.samples).encode()])
}

/// For how many blocks a proof is left alone in the pool: a quarter of the window, 2 to 5 blocks. Sending it twice costs a
/// fee, not sending it again may cost the period.
fn patience(challenge: &ChallengeInfo) -> BlockNumber {
    (challenge.deadline.saturating_sub(challenge.block) / 4).clamp(2, 5)
}

/// Decides at a best head, by what the chain says there of this worker's challenge and by what was sent last.
pub fn step(best: BlockNumber, challenge: Option<&ChallengeInfo>, sent: Option<&Sent>) -> Step {
    let Some(challenge) = challenge else { return Step::Wait };
    match challenge.state {
        ChallengeState::Scheduled => Step::Wait,
        ChallengeState::Proven => Step::Proven(challenge.period),
        ChallengeState::Missed => Step::Missed(challenge.period),
        ChallengeState::Open if best >= challenge.deadline => Step::Missed(challenge.period),
        ChallengeState::Open => match sent.filter(|sent| sent.asked == asked(challenge)) {
            // A fork may be lower than the block in which it was sent: nothing to hurry about.
            Some(sent) if best < sent.since.saturating_add(patience(challenge)) => Step::Wait,
            _ => Step::Prove,
        },
    }
}

/// The batch of a sample that is not here, if its place in the range is known.
pub fn lacking(reading: &Reading) -> Option<&RangeLeaf> {
    match reading {
        Reading::Held(_) | Reading::Behind { .. } => None,
        Reading::UnknownBatch(batch) => Some(&batch.leaf),
        Reading::Absent(path) | Reading::Damaged { path, .. } => Some(&path.0.leaf),
    }
}

/// The tombstone that would release this worker from a sample that is not here, if the object is known.
pub fn release_of(expiry: Epoch, reading: &Reading) -> Option<Tombstone> {
    match reading {
        Reading::Absent(path) | Reading::Damaged { path, .. } => {
            Some(Tombstone { expiry, leaf: path.0.index, object: path.1.entry.object })
        }
        _ => None,
    }
}

/// Why a sample has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// Leaves of the range are not known.
    #[error("only {known} of the range's batches are known here yet")]
    Behind {
        /// How many are.
        known: u64,
    },
    /// It is not here, and this worker promised to have it.
    #[error("this worker signed for bytes that are not here, or damaged")]
    Lost,
}

/// What to answer: the bytes where they are here; else that the object was deleted, or that this worker never promised to
/// have it.
///
/// # Errors
/// [`Lack`] where no answer would be accepted.
pub fn answer(reading: Reading, deleted: bool, bound: bool) -> Result<Answer, Lack> {
    match reading {
        Reading::Held(answer) => Ok(answer),
        Reading::Behind { known } => Err(Lack::Behind { known }),
        Reading::Absent(path) | Reading::Damaged { path, .. } if deleted => Ok(Answer::Deleted(path)),
        _ if bound => Err(Lack::Lost),
        Reading::UnknownBatch(batch) => Ok(Answer::Excused(batch)),
        Reading::Absent(path) | Reading::Damaged { path, .. } => Ok(Answer::Excused(Box::new(path.0))),
    }
}
