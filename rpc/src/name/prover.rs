//! Proofs of resolution, from a node's database.

use super::reader::StateReader;
use crate::{BlockRef, RpcError, error::excerpt, json::hex_bytes};
use codec::Encode;
pub use meganet_name_proof::{Authority, Header, Justification};
use meganet_name_proof::{
    Checkpoint, Finality, Justified, MAX_PROOF_LEN, NameProof, SetChange, SetChanges,
    changes::MAX_CHANGES_LEN,
    checkpoint::voters_of,
    state::{self, StateError},
};
use meganet_primitives::{BlockNumber, name::split_name};
use sp_core::H256;
use sp_trie::StorageProof;
use std::sync::Arc;

/// Bytes of a proof that are reserved for the state and the block.
const RESERVED: usize = 24 * 1024;

/// Number of attempts to read a newest block and a validator set that belong together.
const READS: usize = 3;

/// The validator sets since a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets {
    /// The number of the current set.
    pub current: u64,
    /// Its validators.
    pub authorities: Vec<Authority>,
    /// The sets that ended after the requested block, with their last blocks, the oldest first.
    pub ended: Vec<(u64, BlockNumber)>,
}

/// The parts of a node's database that proofs are made from: blocks, states and justifications.
pub trait ProofSource: StateReader {
    /// Returns the genesis hash.
    fn genesis(&self) -> H256;

    /// Returns a block's header.
    ///
    /// # Errors
    /// The database's message.
    fn header(&self, hash: H256) -> Result<Option<Header>, String>;

    /// Returns the final block at a height.
    ///
    /// # Errors
    /// The database's message.
    fn final_hash(&self, number: BlockNumber) -> Result<Option<H256>, String>;

    /// Returns the justification of the newest final block, if any has been received.
    ///
    /// # Errors
    /// The database's message.
    fn newest(&self) -> Result<Option<Justification>, String>;

    /// Returns the justification of a block, if it is kept.
    ///
    /// # Errors
    /// The database's message.
    fn justification(&self, hash: H256) -> Result<Option<Justification>, String>;

    /// Returns the validator sets since a block; `None` if the node did not follow the chain then.
    fn sets_since(&self, block: BlockNumber) -> Option<Sets>;

    /// Returns a proof of the values under keys in a block's state.
    ///
    /// # Errors
    /// The database's message, also if it has no state of that block.
    fn prove(&self, block: H256, keys: &[Vec<u8>]) -> Result<StorageProof, String>;
}

/// A proof, its justification and its block.
pub struct Proven {
    /// The proof.
    pub proof: NameProof,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The keys that it proves.
    pub keys: Vec<Vec<u8>>,
    /// The justification of its block.
    pub justification: Justification,
    /// Its block.
    pub block: BlockRef,
}

/// Makes proofs.
pub struct Prover {
    source: Arc<dyn ProofSource>,
}

impl Prover {
    /// Creates a prover over this source.
    pub fn new(source: Arc<dyn ProofSource>) -> Self {
        Self { source }
    }

    /// Makes a proof of the resolution of a valid name at block `at`, or at the newest block with a justification,
    /// including the changes of the validator set since block `since`.
    ///
    /// # Errors
    /// [`RpcError`] names what the node lacks.
    pub fn prove(&self, name: &str, at: Option<H256>, since: Option<BlockNumber>) -> Result<Proven, RpcError> {
        let (sub, label) = split_name(name)
            .map_err(|error| RpcError::InvalidLabel { label: excerpt(name), reason: error.to_string() })?;
        let justification = self.votes(at)?;
        let (hash, number) = (justification.commit.target_hash, justification.commit.target_number);
        let failed = |reason| RpcError::Node { hash: hex_bytes(hash), reason };
        let header = self.header(hash)?;

        let before = number.saturating_sub(1);
        let oldest = since.map_or(before, |since| since.min(before));
        let sets = self.source.sets_since(oldest).ok_or(RpcError::UnknownSets { since: oldest })?;
        let of_block = sets.ended.iter().find(|(_, last)| *last >= number);
        let (set_id, finality) = match of_block {
            Some((set_id, _)) => (*set_id, Finality::new(&justification, None)),
            None => (sets.current, Finality::new(&justification, voters_of(&sets.authorities).ok().as_ref())),
        };
        let since = since.unwrap_or(before);
        let between = sets.ended.iter().filter(|(_, last)| *last > since && *last < number);
        let mut changes = Vec::new();
        let mut len = 0usize;
        for (_, last) in between {
            let change = self.change(*last)?;
            len = len.saturating_add(change.encoded_size());
            if len > MAX_PROOF_LEN - RESERVED {
                return Err(RpcError::TooFarBehind { since });
            }
            changes.push(change);
        }

        let record = self.source.value(hash, &state::name_key(label)).map_err(failed)?;
        let keys = state::keys(label, sub, record.as_deref(), number);
        let state = self.source.prove(hash, &keys).map_err(failed)?;
        let justified = Justified { set_id, header, finality };
        let proof = NameProof::new(self.source.genesis(), name, changes, justified, state.into_nodes())
            .map_err(|error: StateError| failed(error.to_string()))?;
        let bytes = proof.to_bytes();
        let block = BlockRef { hash: hex_bytes(hash), number, finalized: true };
        Ok(Proven { proof, bytes, keys, justification, block })
    }

    /// Returns the changes of the validator set after block `since`, as many as fit into an answer.
    ///
    /// # Errors
    /// [`RpcError`] names what the node lacks.
    pub fn changes(&self, since: BlockNumber) -> Result<SetChanges, RpcError> {
        let sets = self.source.sets_since(since).ok_or(RpcError::UnknownSets { since })?;
        let mut found = SetChanges::default();
        let mut len = 0usize;
        for (_, last) in sets.ended {
            let change = self.change(last)?;
            len = len.saturating_add(change.encoded_size());
            // Space for the length prefix of the changes.
            if len > MAX_CHANGES_LEN - 16 {
                found.more = true;
                break;
            }
            found.changes.push(change);
        }
        Ok(found)
    }

    /// Returns a checkpoint at the newest block with a justification.
    ///
    /// # Errors
    /// [`RpcError`] names what the node lacks.
    pub fn checkpoint(&self) -> Result<Checkpoint, RpcError> {
        // If a set ends between the two reads they don't belong together; then there is already a newer block.
        for _ in 0..READS {
            let commit = self.votes(None)?.commit;
            let (hash, number) = (commit.target_hash, commit.target_number);
            let sets = self.source.sets_since(number).ok_or(RpcError::UnknownSets { since: number })?;
            if sets.ended.is_empty() {
                let (set_id, authorities) = (sets.current, sets.authorities);
                return Ok(Checkpoint { genesis: self.source.genesis(), number, hash, set_id, authorities });
            }
        }
        Err(RpcError::NothingFinal)
    }

    fn votes(&self, at: Option<H256>) -> Result<Justification, RpcError> {
        let Some(hash) = at else {
            let newest = self.source.newest();
            return newest.map_err(|reason| self.broken(reason))?.ok_or(RpcError::NothingFinal);
        };
        let failed = |reason| RpcError::Node { hash: hex_bytes(hash), reason };
        if self.source.header(hash).map_err(failed)?.is_none() {
            return Err(RpcError::UnknownBlock { hash: hex_bytes(hash) });
        }
        // The newest justification is stored separately, not with its block.
        let newest = self.source.newest().map_err(failed)?;
        match newest.filter(|newest| newest.commit.target_hash == hash) {
            Some(newest) => Ok(newest),
            None => {
                let kept = self.source.justification(hash).map_err(failed)?;
                kept.ok_or_else(|| RpcError::NotJustified { hash: hex_bytes(hash) })
            }
        }
    }

    fn header(&self, hash: H256) -> Result<Header, RpcError> {
        let found = self.source.header(hash).map_err(|reason| RpcError::Node { hash: hex_bytes(hash), reason })?;
        found.ok_or_else(|| RpcError::UnknownBlock { hash: hex_bytes(hash) })
    }

    /// Returns the change of the validator set in the last block of a set.
    fn change(&self, last: BlockNumber) -> Result<SetChange, RpcError> {
        let hash = self.source.final_hash(last).map_err(|reason| self.broken(reason))?;
        let hash = hash.ok_or(RpcError::UnknownSets { since: last })?;
        let header = self.header(hash)?;
        let kept = self.source.justification(hash).map_err(|reason| self.broken(reason))?;
        let justification = kept.ok_or(RpcError::UnknownSets { since: last })?;
        Ok(SetChange { header, finality: Finality::new(&justification, None) })
    }

    /// Converts a failure that is not about a block.
    fn broken(&self, reason: String) -> RpcError {
        RpcError::Node { hash: hex_bytes(self.source.genesis()), reason }
    }
}

#[cfg(test)]
mod tests;
