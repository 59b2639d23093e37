//! Reads: runtime API calls with SCALE arguments, and storage.

mod heads;
mod money;
mod names;
mod storage;

use super::{
    SubxtChain,
    connection::{Connection, block_name, incompatible},
    failure::{self, Failure},
};
use crate::{error::ChainError, types::At};
use codec::{Decode, DecodeAll};
use meganet_primitives::Balance;

impl SubxtChain {
    /// Calls a runtime API at a block.
    pub(super) async fn call<T: Decode>(&self, method: &str, arguments: Vec<u8>, at: At) -> Result<T, ChainError> {
        let arguments = &arguments;
        self.ask(|connection| async move {
            let block = connection.resolve(at).await?;
            let name = block.map(block_name).unwrap_or_default();
            let answer = connection
                .rpc
                .state_call(method, Some(arguments), block)
                .await
                .map_err(|e| failure::rpc(method, &name, e))?;
            T::decode_all(&mut answer.as_slice())
                .map_err(|e| incompatible(format!("the answer of {method} has another shape ({e})")))
        })
        .await
    }

    /// A constant of a pallet, an amount.
    pub(super) async fn constant(&self, pallet: &str, name: &str) -> Result<Balance, ChainError> {
        self.ask(|connection| async move { constant_at(&connection, pallet, name).await }).await
    }
}

async fn constant_at(connection: &Connection, pallet: &str, name: &str) -> Result<Balance, Failure> {
    let block = connection.finalized().await?;
    let at = connection.at(block).await?;
    let metadata = at.metadata_ref();
    let constant = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.constant_by_name(name));
    let value = constant.and_then(|constant| Balance::decode_all(&mut constant.value()).ok());
    value.ok_or_else(|| incompatible(format!("the runtime has no amount {pallet}.{name}")))
}
