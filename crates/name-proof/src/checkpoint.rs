//! The start of trust: a block that is known to be final, and the validators who vote after it.

use crate::{
    grandpa::VoterId,
    header::{Hash, Header},
};
use finality_grandpa::voter_set::VoterSet;
use meganet_primitives::BlockNumber;
use serde::{Deserialize, Serialize};

/// A validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its Ed25519 key.
    pub key: Hash,
    /// The weight of its vote.
    pub weight: u64,
}

/// A final block and the validators whose votes make the blocks after it final. A checkpoint has to come from somebody whom
/// the reader trusts; everything after it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The hash of the chain's first block, which identifies the chain.
    pub genesis: Hash,
    /// The height of the block.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: Hash,
    /// The number of the set of validators.
    pub set_id: u64,
    /// The validators of that set.
    pub authorities: Vec<Authority>,
}

/// No votes could make a block final after this checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the checkpoint lists no validators with weight, or lists one twice: get it again, from somebody whom you trust"
)]
pub struct CheckpointError;

impl Checkpoint {
    /// Returns the validators as GRANDPA counts them.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn voters(&self) -> Result<VoterSet<VoterId>, CheckpointError> {
        voters_of(&self.authorities)
    }

    /// Returns the checkpoint at a later block of the same chain.
    pub(crate) fn moved(&self, header: &Header, set_id: u64, authorities: Vec<Authority>) -> Self {
        Self { genesis: self.genesis, number: header.number, hash: header.hash(), set_id, authorities }
    }
}

/// Returns validators as GRANDPA counts them.
///
/// # Errors
/// [`CheckpointError`] if none has weight, or one is listed twice.
pub fn voters_of(authorities: &[Authority]) -> Result<VoterSet<VoterId>, CheckpointError> {
    let voters = VoterSet::new(authorities.iter().map(|authority| (authority.key.0, authority.weight)));
    voters.filter(|voters| voters.len().get() == authorities.len()).ok_or(CheckpointError)
}

/// Returns validators from keys and weights, as the chain lists them.
pub fn authorities_of(list: impl IntoIterator<Item = (VoterId, u64)>) -> Vec<Authority> {
    list.into_iter().map(|(key, weight)| Authority { key: Hash(key), weight }).collect()
}
