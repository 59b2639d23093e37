//! Where trust begins: a block that is known to be final, and who votes after it.

use crate::{Hash, Header};
use finality_grandpa::voter_set::VoterSet;
use meganet_primitives::BlockNumber;
use serde::{Deserialize, Serialize};
use sp_consensus_grandpa::{AuthorityId, AuthorityList};
use sp_core::ed25519;

/// A validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its Ed25519 key.
    pub key: Hash,
    /// How much its vote weighs.
    pub weight: u64,
}

/// A final block and the validators whose votes make the blocks after it final. Whoever gives somebody a checkpoint is
/// believed about it; everything after it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The hash of the chain's first block: which chain it is.
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

/// A checkpoint that nobody could vote after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the checkpoint names no validators with weight, or the same one twice: get it again, from somebody whom you believe"
)]
pub struct CheckpointError;

impl Checkpoint {
    /// The validators, as GRANDPA counts them.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn voters(&self) -> Result<VoterSet<AuthorityId>, CheckpointError> {
        voters_of(&self.authorities)
    }

    /// The checkpoint at a later block of the same chain.
    pub(crate) fn moved(&self, header: &Header, set_id: u64, authorities: Vec<Authority>) -> Self {
        Self { genesis: self.genesis, number: header.number, hash: header.hash(), set_id, authorities }
    }
}

/// Validators, as GRANDPA counts them.
pub(crate) fn voters_of(authorities: &[Authority]) -> Result<VoterSet<AuthorityId>, CheckpointError> {
    let id = |authority: &Authority| ed25519::Public::from_raw(authority.key.0).into();
    let voters = VoterSet::new(authorities.iter().map(|authority| (id(authority), authority.weight)));
    voters.filter(|voters| voters.len().get() == authorities.len()).ok_or(CheckpointError)
}

/// Validators as the chain lists them.
pub fn authorities_of(list: AuthorityList) -> Vec<Authority> {
    list.into_iter().map(|(id, weight)| Authority { key: Hash(ed25519::Public::from(id).0), weight }).collect()
}
