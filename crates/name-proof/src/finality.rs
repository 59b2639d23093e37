//! The votes of GRANDPA that make a block final.
//!
//! A node keeps them as a [`Justification`]. [`Finality`] is the same without repetition: a vote for the block itself does not
//! repeat the block's hash and number, and votes beyond those that are needed are left out.

use crate::{
    grandpa::{self, Justification, Signature, SignedVote, VoterId},
    header::{Hash, Header},
};
use codec::{Decode, Encode};
use finality_grandpa::{
    Chain, Commit, Error as GrandpaError, Precommit, SignedPrecommit, validate_commit, voter_set::VoterSet,
};
use meganet_primitives::BlockNumber;
use std::collections::{BTreeMap, BTreeSet};

/// The votes that make a block final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Finality {
    /// The round in which they were cast.
    #[codec(compact)]
    pub round: u64,
    /// At most one of each voter.
    pub votes: Vec<Vote>,
    /// The headers between the block and the blocks above it that were voted for.
    pub route: Vec<Header>,
}

/// A validator's vote for a block, and so for all blocks below it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Vote {
    /// The validator's Ed25519 key.
    pub voter: VoterId,
    /// Its signature over the vote, the round and the number of the set.
    pub signature: Signature,
    /// The block that it voted for, if that is above the one that is made final.
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

/// The number of votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Votes that were counted.
    pub votes: usize,
    /// Validators in the set.
    pub voters: usize,
}

/// Why votes do not make a block final.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinalityError {
    /// A vote by a key that is not a validator's.
    #[error(
        "a vote is by {voter:?}, which is not a validator of set {set_id}: the node is on another chain, or its answer is forged; ask another node"
    )]
    UnknownVoter {
        /// The key.
        voter: Hash,
        /// The set.
        set_id: u64,
    },
    /// Two votes of one validator.
    #[error("there are two votes by {voter:?}, and each validator has one: the answer is forged; ask another node")]
    DuplicateVoter {
        /// The validator's key.
        voter: Hash,
    },
    /// A signature that does not fit.
    #[error(
        "the signature of {voter:?} is not over this block, round and set: the answer was tampered with; ask another node"
    )]
    BadSignature {
        /// The validator's key.
        voter: Hash,
    },
    /// A signature that fits the set before.
    #[error(
        "{voter:?} voted as a validator of the set before {set_id}: the node is behind; wait until it has caught up, or ask another one"
    )]
    OutdatedSet {
        /// The validator's key.
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
    /// At most two thirds voted for it.
    #[error("the votes weigh {weight}, and more than two thirds are {needed}: ask another node")]
    TooFewVotes {
        /// The weight of the votes.
        weight: u64,
        /// The weight that is needed.
        needed: u64,
    },
    /// GRANDPA's own count has another result.
    #[error("the votes make another block final than this one: the answer was put together wrongly; ask another node")]
    OtherBlock,
}

impl Finality {
    /// Takes a node's justification. With the voters of its set, votes beyond the needed two thirds are left out, first those
    /// for blocks above; without, only votes that no check accepts: second votes of a validator, and votes for blocks on
    /// other branches.
    pub fn new(justification: &Justification, voters: Option<&VoterSet<VoterId>>) -> Self {
        let commit = &justification.commit;
        let route = Route::new(&justification.votes_ancestries);
        let mut cast = Vec::new();
        let mut seen = BTreeSet::new();
        for signed in &commit.precommits {
            let target = Target { hash: signed.precommit.target_hash, number: signed.precommit.target_number };
            let Some(path) = route.down(target.hash, commit.target_hash) else { continue };
            if seen.insert(signed.id) {
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
        let vote = |target: &Target, signed: &SignedVote| Vote {
            voter: signed.id,
            signature: signed.signature,
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

    /// Returns a node's justification for the block that these votes make final.
    pub fn justification(&self, block: Target) -> Justification {
        let precommits = self.votes.iter().map(|vote| vote.signed(block)).collect();
        let commit = Commit { target_hash: block.hash, target_number: block.number, precommits };
        Justification { round: self.round, commit, votes_ancestries: self.route.clone() }
    }

    /// Checks that these votes make the block final, if `voters` are the validators of set `set_id`.
    ///
    /// # Errors
    /// [`FinalityError`]
    pub fn check(&self, block: Target, set_id: u64, voters: &VoterSet<VoterId>) -> Result<Tally, FinalityError> {
        let mut weight = 0u64;
        let mut seen = BTreeSet::new();
        for vote in &self.votes {
            let voter = Hash(vote.voter);
            let signed = vote.signed(block);
            let info = voters.get(&signed.id).ok_or(FinalityError::UnknownVoter { voter, set_id })?;
            if !seen.insert(vote.voter) {
                return Err(FinalityError::DuplicateVoter { voter });
            }
            check_signature(&signed, self.round, set_id)?;
            weight = weight.saturating_add(info.weight().get());
        }
        let route = self.check_route(block)?;
        let needed = voters.threshold().get();
        if weight < needed {
            return Err(FinalityError::TooFewVotes { weight, needed });
        }
        // GRANDPA's own count decides: the checks above only have better errors.
        let counted = validate_commit(&self.justification(block).commit, voters, &route);
        if !counted.is_ok_and(|result| result.is_valid()) {
            return Err(FinalityError::OtherBlock);
        }
        Ok(Tally { votes: self.votes.len(), voters: voters.len().get() })
    }

    /// Checks that all votes are for the block or for one above it, and that every header is needed to show that.
    fn check_route(&self, block: Target) -> Result<Route, FinalityError> {
        let route = Route::new(&self.route);
        let mut used = BTreeSet::new();
        for target in self.votes.iter().filter_map(|vote| vote.target) {
            let bad = FinalityError::BadRoute { number: target.number };
            let path = route.down(target.hash, block.hash).filter(|path| !path.is_empty()).ok_or(bad.clone())?;
            // Heights are used below, so check them against the headers.
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
    /// Returns the vote as its signer made it. `block` is the one that is made final.
    fn signed(&self, block: Target) -> SignedVote {
        let target = self.target.unwrap_or(block);
        SignedPrecommit {
            precommit: Precommit { target_hash: target.hash, target_number: target.number },
            signature: self.signature,
            id: self.voter,
        }
    }
}

/// Checks a vote's signature, as nodes do: one that fits the set before has an error of its own.
fn check_signature(vote: &SignedVote, round: u64, set_id: u64) -> Result<(), FinalityError> {
    let fits = |set_id| {
        let message = grandpa::signed_bytes(&vote.precommit, round, set_id);
        grandpa::is_signed(&message, &vote.signature, &vote.id)
    };
    let voter = Hash(vote.id);
    match set_id.checked_sub(1) {
        _ if fits(set_id) => Ok(()),
        Some(before) if fits(before) => Err(FinalityError::OutdatedSet { voter, set_id }),
        _ => Err(FinalityError::BadSignature { voter }),
    }
}

/// The parents of headers, by the headers' hashes.
struct Route(BTreeMap<Hash, Hash>);

impl Route {
    fn new(headers: &[Header]) -> Self {
        Self(headers.iter().map(|header| (header.hash(), header.parent_hash)).collect())
    }

    /// Returns the hashes from `block` down to `base`, with that of `block` and without that of `base`; `None` if a header
    /// is missing. It ends, because a header contains its parent's hash, so no path is a circle.
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
