//! Proofs, sound and tampered with, against checkpoints.

#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod changes;
mod tampering;
mod votes;

use meganet_name_proof::{
    Answer, Basis, Checkpoint, Freshness, NameProof, ProofError, ProvenBlock, Verified,
    bundle::BundleError,
    changes::ChangeError,
    checkpoint::CheckpointError,
    finality::FinalityError,
    state::{self, StateError},
    verify,
};
use meganet_name_proof_fake::{Chain, stored};
use meganet_primitives::chain::Resolution;

/// A chain of four validators with some names, at block 10.
pub fn chain() -> Chain {
    let mut chain = Chain::new(4);
    for label in ["alice", "bobby", "carol", "dave1", "erin2", "frank"] {
        chain.put_name(label, &stored(7, 1_000));
    }
    chain.reach(10);
    chain
}

/// The checkpoint at the genesis of a chain whose validators are still the first ones.
pub fn genesis(chain: &Chain) -> Checkpoint {
    Checkpoint { number: 0, hash: chain.genesis, set_id: 0, ..chain.checkpoint() }
}

pub fn check(proof: &NameProof, checkpoint: &Checkpoint) -> Result<Verified, ProofError> {
    verify(proof, proof.name().unwrap(), checkpoint, &Freshness::ANY)
}
