//! The votes of GRANDPA by which a block is final.
//!
//! A node keeps them as the SDK's justification. [`Finality`] is that with nothing said twice: a vote for the block itself
//! does not repeat its hash and number, and votes beyond those that are needed are left out.

use crate::{Hash, Header};
use codec::{Decode, Encode};
use finality_grandpa::{
    Chain, Commit, Error as GrandpaError, Message, Precommit, SignedPrecommit, validate_commit, voter_set::VoterSet,
};
use meganet_primitives::BlockNumber;
use sp_consensus_grandpa::{
    AuthorityId, AuthoritySignature, GrandpaJustification, SignatureResult, check_message_signature_with_buffer,
};
use sp_core::ed25519;
use std::collections::{BTreeMap, BTreeSet};

/// The votes that make a block final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Finality {
    /// The round in which they were cast.
    #[codec(compact)]
    pub round: u64,
    /// One of each voter, at most.
    pub votes: Vec<Vote>,
    /// The headers between the block and the blocks above it that were voted for.
    pub route: Vec<Header>,
}

/// A validator's vote for a block, and so for all blocks below it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Vote {
    /// The validator's Ed25519 key.
    pub voter: [u8; 32],
    /// Its signature: over the vote, the round and the number of the set.
    pub signature: [u8; 64],
    /// What it voted for, where that is a block above the one that is made final.
    pub target: Option<Target>,
}

/// A block that was voted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Target {
    /// Its hash.
    pub hash: Hash,
    /// Its height.
    #[codec(compact)]
    pub number: BlockNumber,
}

/// How many voted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Votes that were counted.
    pub votes: usize,
    /// Validators in the set.
    pub voters: usize,
}

/// Why votes don't make a block final.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinalityError {
    /// A vote of somebody who is no validator.
    #[error(
        "a vote is by {voter:?}, who is no validator of set {set_id}: the node is on another chain, or it lies; ask another one"
    )]
    UnknownVoter {
        /// Its key in hex.
        voter: Hash,
        /// The set.
        set_id: u64,
    },
    /// Two votes of one validator.
    #[error(
        "there are two votes by {voter:?}, and each validator has one: the node lies, or the validator does; ask another node"
    )]
    DuplicateVoter {
        /// Its key in hex.
        voter: Hash,
    },
    /// A signature that does not fit.
    #[error(
        "the signature of {voter:?} is over something else than this block, round and set: the answer was tampered with; ask another node"
    )]
    BadSignature {
        /// The validator's key in hex.
        voter: Hash,
    },
    /// A signature that fits the set before.
    #[error(
        "{voter:?} voted as a validator of the set before {set_id}: the node is behind; wait until it has caught up, or ask another one"
    )]
    OutdatedSet {
        /// The validator's key in hex.
        voter: Hash,
        /// The set that should have voted.
        set_id: u64,
    },
    /// A vote for a block that is not shown to be above the one in question.
    #[error(
        "a vote is for block {number}, which is not shown to be above this one: the answer is incomplete; ask again, or another node"
    )]
    BadRoute {
        /// The height that the vote names.
        number: BlockNumber,
    },
    /// A header that no vote needs.
    #[error("there is a header at height {number} that no vote needs: the answer was padded; ask another node")]
    UnusedHeader {
        /// Its height.
        number: BlockNumber,
    },
    /// Fewer than two thirds voted for it.
    #[error("the votes weigh {weight}, and more than two thirds are {needed}: ask another node")]
    TooFewVotes {
        /// What those who voted weigh.
        weight: u64,
        /// What they would have to.
        needed: u64,
    },
    /// GRANDPA's own count says otherwise.
    #[error("the votes are enough, but not for this block: the answer was put together wrongly; ask another node")]
    OtherBlock,
}

impl Finality {
    /// Takes a node's justification. With the voters of its set, votes beyond the needed two thirds are left out, those
    /// for blocks above before the others; without, only what no check would accept is: second votes of a validator, and
    /// votes for blocks beside.
    pub fn new(justification: &GrandpaJustification<Header>, voters: Option<&VoterSet<AuthorityId>>) -> Self {
        let commit = &justification.commit;
        let route = Route::new(&justification.votes_ancestries);
        let mut cast = Vec::new();
        let mut seen = BTreeSet::new();
        for signed in &commit.precommits {
            let target = Target { hash: signed.precommit.target_hash, number: signed.precommit.target_number };
            let Some(path) = route.down(target.hash, commit.target_hash) else { continue };
            if seen.insert(signed.id.clone()) {
                cast.push((path, target, signed));
            }
        }
        cast.sort_by_key(|(path, ..)| path.len());
        if let Some(voters) = voters {
            let mut weight = 0u64;
            let needed = voters.threshold().get();
            cast.retain(|(_, _, signed)| {
                let needs_more = weight < needed;
                weight = weight.saturating_add(voters.get(&signed.id).map_or(0, |info| info.weight().get()));
                needs_more
            });
        }
        let used: BTreeSet<Hash> = cast.iter().flat_map(|(path, ..)| path.iter().copied()).collect();
        let vote = |target: &Target, signed: &SignedPrecommit<_, _, AuthoritySignature, AuthorityId>| Vote {
            voter: ed25519::Public::from(signed.id.clone()).0,
            signature: ed25519::Signature::from(signed.signature.clone()).0,
            target: (target.hash != commit.target_hash).then_some(*target),
        };
        Self {
            round: justification.round,
            votes: cast.iter().map(|(_, target, signed)| vote(target, signed)).collect(),
            route: justification
                .votes_ancestries
                .iter()
                .filter(|header| used.contains(&header.hash()))
                .cloned()
                .collect(),
        }
    }

    /// The SDK's justification for the block of which these are the votes.
    pub fn justification(&self, block: Target) -> GrandpaJustification<Header> {
        let precommits = self.votes.iter().map(|vote| vote.signed(block)).collect();
        let commit = Commit { target_hash: block.hash, target_number: block.number, precommits };
        GrandpaJustification { round: self.round, commit, votes_ancestries: self.route.clone() }
    }

    /// Whether these votes make the block final, if `voters` are the validators of set `set_id`.
    ///
    /// # Errors
    /// [`FinalityError`] says what is wrong with them.
    pub fn check(&self, block: Target, set_id: u64, voters: &VoterSet<AuthorityId>) -> Result<Tally, FinalityError> {
        let mut weight = 0u64;
        let mut seen = BTreeSet::new();
        let mut buffer = Vec::new();
        for vote in &self.votes {
            let voter = Hash(vote.voter);
            let signed = vote.signed(block);
            let info = voters.get(&signed.id).ok_or(FinalityError::UnknownVoter { voter, set_id })?;
            if !seen.insert(vote.voter) {
                return Err(FinalityError::DuplicateVoter { voter });
            }
            let message = Message::Precommit(signed.precommit);
            let (id, signature) = (&signed.id, &signed.signature);
            match check_message_signature_with_buffer(&message, id, signature, self.round, set_id, &mut buffer) {
                SignatureResult::Valid => {}
                SignatureResult::Invalid => return Err(FinalityError::BadSignature { voter }),
                SignatureResult::OutdatedSet => return Err(FinalityError::OutdatedSet { voter, set_id }),
            }
            weight = weight.saturating_add(info.weight().get());
        }
        let route = self.check_route(block)?;
        let needed = voters.threshold().get();
        if weight < needed {
            return Err(FinalityError::TooFewVotes { weight, needed });
        }
        // The count is GRANDPA's own: all above only says better what is wrong.
        let counted = validate_commit(&self.justification(block).commit, voters, &route);
        if !counted.is_ok_and(|result| result.is_valid()) {
            return Err(FinalityError::OtherBlock);
        }
        Ok(Tally { votes: self.votes.len(), voters: voters.len().get() })
    }

    /// That all votes are for the block or for one above it, and that the headers show so and nothing else.
    fn check_route(&self, block: Target) -> Result<Route, FinalityError> {
        let route = Route::new(&self.route);
        let mut used = BTreeSet::new();
        for target in self.votes.iter().filter_map(|vote| vote.target) {
            let bad = FinalityError::BadRoute { number: target.number };
            let path = route.down(target.hash, block.hash).filter(|path| !path.is_empty()).ok_or(bad.clone())?;
            // Numbers are counted with, so they have to be those of the headers.
            let steps = BlockNumber::try_from(path.len()).unwrap_or(BlockNumber::MAX);
            if block.number.checked_add(steps) != Some(target.number) {
                return Err(bad);
            }
            used.extend(path);
        }
        match self.route.iter().find(|header| !used.contains(&header.hash())) {
            Some(header) => Err(FinalityError::UnusedHeader { number: header.number }),
            None if used.len() < self.route.len() => Err(FinalityError::UnusedHeader { number: block.number }),
            None => Ok(route),
        }
    }
}

impl Vote {
    /// The vote as its signer made it, `block` being the one that is made final.
    fn signed(&self, block: Target) -> SignedPrecommit<Hash, BlockNumber, AuthoritySignature, AuthorityId> {
        let target = self.target.unwrap_or(block);
        SignedPrecommit {
            precommit: Precommit { target_hash: target.hash, target_number: target.number },
            signature: ed25519::Signature::from_raw(self.signature).into(),
            id: ed25519::Public::from_raw(self.voter).into(),
        }
    }
}

/// Headers by their hashes.
struct Route(BTreeMap<Hash, Hash>);

impl Route {
    fn new(headers: &[Header]) -> Self {
        Self(headers.iter().map(|header| (header.hash(), header.parent_hash)).collect())
    }

    /// The hashes from `block` down to `base`, with that of `block` and without that of `base`; `None` where a header
    /// lacks. A header names its parent by its hash, so no way is a circle.
    fn down(&self, block: Hash, base: Hash) -> Option<Vec<Hash>> {
        let mut path = Vec::new();
        let mut at = block;
        while at != base {
            path.push(at);
            at = *self.0.get(&at)?;
        }
        Some(path)
    }
}

impl Chain<Hash, BlockNumber> for Route {
    fn ancestry(&self, base: Hash, block: Hash) -> Result<Vec<Hash>, GrandpaError> {
        let path = self.down(block, base).ok_or(GrandpaError::NotDescendent)?;
        Ok(path.into_iter().skip(1).collect())
    }
}
