//! Resolving names from a cache, or from the state without running the runtime.
//!
//! The resolution of a name at a block never changes, so answers are cached by block and name. Other names are read
//! from the storage keys that proofs cover, as long as the block stores names in the layout that this program knows;
//! otherwise, as after a runtime upgrade, the runtime API is called.

use crate::{RpcError, block::unreadable, json::hex_bytes};
use codec::{Decode, DecodeAll};
use meganet_name_proof::state;
use meganet_primitives::{
    BlockNumber,
    chain::Resolution,
    name::{NameParams, StoredName, StoredSubname, split_name, stored},
};
use moka::sync::Cache;
use pallet_names_runtime_api::NamesApi;
use sp_api::ProvideRuntimeApi;
use sp_core::H256;
use sp_runtime::traits::Block as BlockT;
use std::{marker::PhantomData, sync::Arc};

/// Maximum number of cached answers, of about half a KiB each.
const MAX_ANSWERS: u64 = 16_384;
/// Maximum number of blocks of which the parameters are cached.
const MAX_BLOCKS: u64 = 64;

/// The state of blocks.
pub trait StateReader: Send + Sync + 'static {
    /// The value under a key in the state of a block.
    ///
    /// # Errors
    /// The database's message, also if it has no state of that block.
    fn value(&self, block: H256, key: &[u8]) -> Result<Option<Vec<u8>>, String>;
}

/// Resolves names.
pub struct Reader<Block, Client> {
    client: Arc<Client>,
    state: Arc<dyn StateReader>,
    /// The parameters of blocks whose layout of names is known; `None` for blocks where the runtime has to be called.
    blocks: Cache<H256, Option<NameParams>>,
    answers: Cache<(H256, String), Option<Resolution>>,
    block: PhantomData<Block>,
}

impl<Block, Client> Reader<Block, Client> {
    /// Creates a reader over this client and its database.
    pub fn new(client: Arc<Client>, state: Arc<dyn StateReader>) -> Self {
        let (blocks, answers) = (Cache::new(MAX_BLOCKS), Cache::new(MAX_ANSWERS));
        Self { client, state, blocks, answers, block: PhantomData }
    }

    /// Returns a cached answer.
    pub fn known(&self, at: H256, name: &str) -> Option<Option<Resolution>> {
        self.answers.get(&(at, name.to_owned()))
    }

    fn value<T: Decode>(&self, at: H256, key: &[u8]) -> Result<Option<T>, RpcError> {
        let failed = |reason| RpcError::Node { hash: hex_bytes(at), reason };
        let bytes = self.state.value(at, key).map_err(failed)?;
        let decoded = bytes.map(|bytes| T::decode_all(&mut &*bytes)).transpose();
        decoded.map_err(|error| failed(error.to_string()))
    }

    fn params(&self, at: H256) -> Result<Option<NameParams>, RpcError> {
        if let Some(known) = self.blocks.get(&at) {
            return Ok(known);
        }
        let params = match self.value::<u16>(at, &state::layout_key())? {
            Some(stored::LAYOUT) => Some(self.value(at, &state::params_key())?.unwrap_or_default()),
            _ => None,
        };
        self.blocks.insert(at, params);
        Ok(params)
    }
}

impl<Block, Client> Reader<Block, Client>
where
    Block: BlockT<Hash = H256>,
    Client: ProvideRuntimeApi<Block>,
    Client::Api: NamesApi<Block>,
{
    /// Resolves a valid name at block `at`, whose height is `number`; `None` if it does not exist.
    ///
    /// # Errors
    /// [`RpcError::Node`] if the node can't read the block's state.
    pub fn resolve(&self, at: H256, number: BlockNumber, name: &str) -> Result<Option<Resolution>, RpcError> {
        if let Some(known) = self.known(at, name) {
            return Ok(known);
        }
        let found = match self.params(at)? {
            Some(params) => self.read(at, number, &params, name)?,
            None => self.client.runtime_api().resolve(at, name.as_bytes().to_vec()).map_err(unreadable(at))?,
        };
        self.answers.insert((at, name.to_owned()), found.clone());
        Ok(found)
    }

    fn read(
        &self,
        at: H256,
        number: BlockNumber,
        params: &NameParams,
        name: &str,
    ) -> Result<Option<Resolution>, RpcError> {
        let Ok((sub, label)) = split_name(name) else { return Ok(None) };
        let Some(stored) = self.value::<StoredName>(at, &state::name_key(label))? else { return Ok(None) };
        let below = sub.map(|sub| self.value::<StoredSubname>(at, &state::subname_key(label, sub))).transpose()?;
        Ok(Resolution::of(&stored, below.as_ref().map(Option::as_ref), params, number))
    }
}
