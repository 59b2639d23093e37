//! GRANDPA, the protocol by which validators make blocks final: its messages in the SDK's encoding, and signatures.

// The derived encoding of enums casts their indices to bytes.
#![allow(clippy::cast_possible_truncation)]

use crate::header::{Digest, DigestItem, EngineId, Hash, Header};
use codec::{Decode, Encode};
use ed25519_zebra::VerificationKey;
use finality_grandpa::{Commit, Message, Precommit, SignedPrecommit};
use meganet_primitives::BlockNumber;
use std::fmt;

/// GRANDPA's name in digests.
pub const ENGINE_ID: EngineId = *b"FRNK";

/// A validator's Ed25519 key.
pub type VoterId = [u8; 32];
/// An Ed25519 signature.
pub type Signature = [u8; 64];
/// A vote for a block.
pub type Vote = Precommit<Hash, BlockNumber>;
/// A validator's signed vote for a block.
pub type SignedVote = SignedPrecommit<Hash, BlockNumber, Signature, VoterId>;

/// The votes that a node keeps for a final block. Encoded as the SDK's `GrandpaJustification`.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Justification {
    /// The round in which the votes were cast.
    pub round: u64,
    /// The block and the votes.
    pub commit: Commit<Hash, BlockNumber, Signature, VoterId>,
    /// The headers between the block and the blocks above it that were voted for.
    pub votes_ancestries: Vec<Header>,
}

// By hand, because finality-grandpa has it for its types only with its threads and timers.
impl fmt::Debug for Justification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Commit { target_hash, target_number, precommits } = &self.commit;
        f.debug_struct("Justification")
            .field("round", &self.round)
            .field("target", &(target_hash, target_number))
            .field("voters", &precommits.iter().map(|vote| Hash(vote.id)).collect::<Vec<_>>())
            .field("votes_ancestries", &self.votes_ancestries)
            .finish()
    }
}

/// Validators that take over, `delay` blocks after the one that announces them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ScheduledChange {
    /// Their keys and weights.
    pub next_authorities: Vec<(VoterId, u64)>,
    /// Blocks until they vote. This chain has no delay.
    pub delay: BlockNumber,
}

/// GRANDPA's message in a header.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ConsensusLog {
    /// The next validators.
    #[codec(index = 1)]
    ScheduledChange(ScheduledChange),
    /// The next validators, without votes of those before.
    #[codec(index = 2)]
    ForcedChange(BlockNumber, ScheduledChange),
    /// A validator of this index that may not vote until the next change.
    #[codec(index = 3)]
    OnDisabled(u64),
    /// No votes after this many blocks.
    #[codec(index = 4)]
    Pause(BlockNumber),
    /// Votes again after this many blocks.
    #[codec(index = 5)]
    Resume(BlockNumber),
}

/// Returns GRANDPA's messages in a digest.
pub fn logs(digest: &Digest) -> impl Iterator<Item = ConsensusLog> + '_ {
    digest.logs.iter().filter_map(|item| match item {
        DigestItem::Consensus(ENGINE_ID, bytes) => ConsensusLog::decode(&mut bytes.as_slice()).ok(),
        _ => None,
    })
}

/// Returns the bytes that a validator of set `set_id` signs for a vote in a round.
pub fn signed_bytes(vote: &Vote, round: u64, set_id: u64) -> Vec<u8> {
    (Message::Precommit(vote.clone()), round, set_id).encode()
}

/// Returns true if `signature` is over `message` and by `voter`. The rules are those of nodes, ZIP 215, by the library that
/// nodes use: where implementations of Ed25519 disagree, a reader must accept what a node accepts.
pub fn is_signed(message: &[u8], signature: &Signature, voter: &VoterId) -> bool {
    let key = VerificationKey::try_from(*voter);
    key.is_ok_and(|key| key.verify(&ed25519_zebra::Signature::from(*signature), message).is_ok())
}
