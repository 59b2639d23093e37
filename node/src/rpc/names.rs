//! The parts of a node that `name_v1` reads: blocks, states and justifications.

use crate::parts::{Backend, Client};
use codec::{DecodeAll, Encode};
use meganet_rpc::{
    StateReader,
    name::prover::{Authority, Header, Justification, ProofSource, Sets},
};
use meganet_runtime::{BlockNumber, Hash, opaque::Block};
use sc_client_api::{BlockBackend, HeaderBackend, ProofProvider, StorageKey, StorageProof, StorageProvider};
use sc_consensus_grandpa::{GRANDPA_ENGINE_ID, SharedAuthoritySet, best_justification};
use std::sync::Arc;

/// The node's database and GRANDPA's.
pub struct Names {
    /// Blocks and states.
    pub client: Arc<Client>,
    /// The database, in which GRANDPA stores the newest justification.
    pub backend: Arc<Backend>,
    /// The validator set.
    pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
}

impl StateReader for Names {
    fn value(&self, block: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let found = self.client.storage(block, &StorageKey(key.to_vec())).map_err(|error| error.to_string())?;
        Ok(found.map(|data| data.0))
    }
}

impl ProofSource for Names {
    fn genesis(&self) -> Hash {
        self.client.info().genesis_hash
    }

    fn header(&self, hash: Hash) -> Result<Option<Header>, String> {
        let found = self.client.header(hash).map_err(|error| error.to_string())?;
        found.map(|header| recode(&header)).transpose()
    }

    fn final_hash(&self, number: BlockNumber) -> Result<Option<Hash>, String> {
        let found = self.client.hash(number).map_err(|error| error.to_string())?;
        Ok(found.filter(|_| number <= self.client.info().finalized_number))
    }

    // GRANDPA stores it for every block that it finalizes, so it survives restarts.
    fn newest(&self) -> Result<Option<Justification>, String> {
        let found = best_justification::<_, Block>(&*self.backend).map_err(|error| error.to_string())?;
        found.map(|found| recode(&found.justification)).transpose()
    }

    fn justification(&self, hash: Hash) -> Result<Option<Justification>, String> {
        let kept = self.client.justifications(hash).map_err(|error| error.to_string())?;
        let Some(bytes) = kept.and_then(|kept| kept.into_justification(GRANDPA_ENGINE_ID)) else { return Ok(None) };
        Justification::decode_all(&mut &*bytes).map(Some).map_err(|error| error.to_string())
    }

    fn sets_since(&self, block: BlockNumber) -> Option<Sets> {
        let set = &self.authority_set;
        // The set may change between the three reads.
        loop {
            let current = set.set_id();
            let voters = set.current_authorities();
            let changes = set.authority_set_changes();
            if set.set_id() == current {
                let ended = changes.iter_from(block)?.copied().collect();
                let authorities = voters
                    .iter()
                    .map(|(id, info)| Authority { key: Hash::from_slice(id.as_ref()), weight: info.weight().get() });
                return Some(Sets { current, authorities: authorities.collect(), ended });
            }
        }
    }

    fn prove(&self, block: Hash, keys: &[Vec<u8>]) -> Result<StorageProof, String> {
        self.client.read_proof(block, &mut keys.iter().map(Vec::as_slice)).map_err(|error| error.to_string())
    }
}

/// Converts a value of the SDK to the type of `meganet-name-proof` with the same encoding.
fn recode<T: DecodeAll>(value: &impl Encode) -> Result<T, String> {
    T::decode_all(&mut &*value.encode()).map_err(|error| error.to_string())
}
