//! When to prove, when to prove again, and what to answer.
//!
//! [`step`] decides at every best block whether a proof is due. Each sampled byte of a challenge is then a [`Question`]:
//! it states its [`Need`]s one after another, the caller satisfies them, and the last one is the answer, which is
//! [`checked`] as the chain will check it.
//!
//! Batches that are registered during a period do not change its challenges. Another fork does: it draws other bytes.

use crate::model::{StoredSample, keys::ShardKey};
use codec::Encode;
use meganet_primitives::{
    BlockNumber, GroupId, Period, SlotIndex,
    audit::{Answer, AuditError, Sample, is_bound, verify},
    chain::{ChallengeInfo, ChallengeState, ChallengedByte, Tombstone},
    hash::{Hash, Tag, tagged},
};

/// A proof that was submitted to the transaction pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Digest of the challenge that it answers, from [`Step::Prove`].
    pub challenge: Hash,
    /// The best block when it was submitted, or the block in which it was last seen.
    pub since: BlockNumber,
}

/// The action at a new best block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is to be proven now, or the submitted proof may still be included.
    Wait,
    /// Make a proof and submit it.
    Prove {
        /// Digest of the challenge. Forks that sample the same bytes share it, and so the proof.
        challenge: Hash,
    },
    /// The chain has the proof of this period.
    Proven(Period),
    /// No block can include a proof of this period any more.
    Missed(Period),
}

fn digest(challenge: &ChallengeInfo) -> Hash {
    tagged(Tag::Seed, &[b"meganet/worker/asked/1", &(challenge.period, &challenge.samples).encode()])
}

/// Blocks for which a proof is left in the pool before it is submitted again: a quarter of the window, 2 to 5 blocks.
/// Submitting it twice costs a fee; not submitting it again may cost the period.
fn patience(challenge: &ChallengeInfo) -> BlockNumber {
    (challenge.deadline.saturating_sub(challenge.block) / 4).clamp(2, 5)
}

/// Blocks on top of the challenge's own before it is answered, where the window has room for that.
///
/// In about one slot of five, two validators make a block. Both blocks draw the sampled bytes, each with its own randomness, and
/// the next block shows which of the two stays. A proof for the other one is included and refused, at the cost of its fee.
fn settling(challenge: &ChallengeInfo) -> BlockNumber {
    (challenge.deadline.saturating_sub(challenge.block) / 4).min(1)
}

/// Returns true if the chain now asks something else in a period than the challenge with the digest `answered`. A proof
/// of that one was made on a fork that was left, or before the worker lost a slot: its refusal is no fault of the proof.
pub fn is_outdated(period: Period, answered: &Hash, now: Option<&ChallengeInfo>) -> bool {
    // After the window, the chain forgets the randomness and with it the samples.
    let now = now.filter(|info| info.period == period && info.state != ChallengeState::Missed);
    now.is_some_and(|info| digest(info) != *answered)
}

/// Decides at a best block, from this worker's challenge in that block's state and the proof submitted last.
pub fn step(best: BlockNumber, challenge: Option<&ChallengeInfo>, sent: Option<&Sent>) -> Step {
    let Some(info) = challenge else { return Step::Wait };
    match info.state {
        ChallengeState::Scheduled => Step::Wait,
        ChallengeState::Proven => Step::Proven(info.period),
        ChallengeState::Missed => Step::Missed(info.period),
        ChallengeState::Open if best >= info.deadline => Step::Missed(info.period),
        ChallengeState::Open if best < info.block.saturating_add(settling(info)) => Step::Wait,
        ChallengeState::Open => {
            let challenge = digest(info);
            match sent.filter(|sent| sent.challenge == challenge) {
                // On a fork the best block may be lower than the one at which the proof was submitted.
                Some(sent) if best < sent.since.saturating_add(patience(info)) => Step::Wait,
                _ => Step::Prove { challenge },
            }
        }
    }
}

/// Why a sample has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// Leaves of the range are unknown; the sync job fetches them.
    #[error("only {known} of the range's batches are known yet")]
    Behind {
        /// Number of known leaves.
        known: u64,
    },
    /// This worker signed for the byte and does not have it.
    #[error("this worker signed a receipt for bytes that are missing or damaged on its disk")]
    Lost,
    /// The chain would refuse the answer: what this worker has recorded differs from what is registered.
    #[error("the answer is not sent, because the chain would refuse it: {0}")]
    Wrong(AuditError),
}

/// Checks an answer against the challenge, as the chain will: a refused proof costs a fee. `shards` is the number of
/// shards of the group's profile.
///
/// # Errors
/// [`Lack::Wrong`] if the chain would refuse it.
pub fn checked(byte: &ChallengedByte, shards: u8, answer: Answer) -> Result<Answer, Lack> {
    verify(&byte.sample, &byte.range, shards, &answer).map_err(Lack::Wrong)?;
    Ok(answer)
}

/// A fact or an action that a [`Question`] needs before it can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Have the shard rebuilt; nothing is reported back.
    Repair {
        /// The damaged shard.
        shard: ShardKey,
        /// Its first damaged frame.
        frame: u64,
    },
    /// Have the sync job fetch the range's leaves, or the batch's entries; nothing is reported back.
    Sync,
    /// Look up on the chain whether this tombstone exists, and call [`Question::deleted`].
    Tombstone(GroupId, Tombstone),
    /// Look up on the chain since which block this worker has had the slot, and call [`Question::slot_since`].
    SlotSince(GroupId, SlotIndex),
    /// Nothing: this is the result.
    Nothing(Result<Answer, Lack>),
}

/// A sampled byte on its way to an answer.
///
/// A byte that is held is proven. Otherwise the worker is released if the owner deleted the object, and excused if its
/// slot never promised to hold the batch. These facts are on the chain, so they are asked for only where they decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    sample: Sample,
    stored: StoredSample,
    /// Whether the need that has no reply was stated.
    stated: bool,
    deleted: Option<bool>,
    since: Option<BlockNumber>,
}

impl Question {
    /// A question about a sampled byte, of which the store has `stored`.
    pub fn new(sample: Sample, stored: StoredSample) -> Self {
        Self { sample, stored, stated: false, deleted: None, since: None }
    }

    /// The byte in question.
    pub fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Reports whether the tombstone of [`Need::Tombstone`] is on the chain.
    pub fn deleted(&mut self, deleted: bool) {
        self.deleted = Some(deleted);
    }

    /// Reports since which block this worker has had the slot of [`Need::SlotSince`]; `None` if it has lost the slot.
    pub fn slot_since(&mut self, since: Option<BlockNumber>) {
        // A worker that took the slot over did so later than this one, so block 0 is the strictest assumption.
        self.since = Some(since.unwrap_or_default());
    }

    /// Returns the next need. The same one again until it is satisfied.
    pub fn need(&mut self) -> Need {
        if let Some(notice) = self.notice().filter(|_| !std::mem::replace(&mut self.stated, true)) {
            return notice;
        }
        let (batch, entry) = match &self.stored {
            StoredSample::Held(answer) => return Need::Nothing(Ok(answer.clone())),
            StoredSample::Behind { known } => return Need::Nothing(Err(Lack::Behind { known: *known })),
            StoredSample::UnknownBatch(batch) => (&**batch, None),
            StoredSample::Absent(path) | StoredSample::Damaged { path, .. } => (&path.0, Some(path)),
        };
        // Only an object that is known can have a known tombstone.
        if let Some(path) = entry {
            match self.deleted {
                None => {
                    let object = path.1.entry.object;
                    let tombstone = Tombstone { expiry: self.sample.expiry, leaf: batch.index, object };
                    return Need::Tombstone(self.sample.group, tombstone);
                }
                Some(true) => return Need::Nothing(Ok(Answer::Deleted(path.clone()))),
                Some(false) => {}
            }
        }
        Need::Nothing(match self.since {
            None => return Need::SlotSince(self.sample.group, self.sample.slot),
            Some(since) if is_bound(&batch.leaf, self.sample.slot, since) => Err(Lack::Lost),
            Some(_) => Ok(Answer::Excused(Box::new(batch.clone()))),
        })
    }

    /// The instruction to another job that must precede the decision, if any.
    fn notice(&self) -> Option<Need> {
        match &self.stored {
            StoredSample::Damaged { key, frame, .. } => Some(Need::Repair { shard: *key, frame: *frame }),
            StoredSample::Behind { .. } | StoredSample::UnknownBatch(_) => Some(Need::Sync),
            _ => None,
        }
    }
}
