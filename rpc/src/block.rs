//! The block that an answer is read at.

use crate::{RpcError, json::hex_bytes};
use serde::Serialize;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::traits::{Block as BlockT, Header as _, UniqueSaturatedInto};

/// The block that an answer was read at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockRef {
    /// Its hash.
    pub hash: String,
    /// Its height.
    pub number: u32,
    /// Whether it is final: an answer read at a final block can't be reverted.
    pub finalized: bool,
}

/// Returns the block `at`, or the last final one.
///
/// # Errors
/// [`RpcError::UnknownBlock`] if the node does not have it, [`RpcError::Node`] if its database fails.
pub(crate) fn locate<Block, Client>(client: &Client, at: Option<H256>) -> Result<(H256, BlockRef), RpcError>
where
    Block: BlockT<Hash = H256>,
    Client: HeaderBackend<Block>,
{
    let info = client.info();
    let Some(hash) = at else {
        let number = info.finalized_number.unique_saturated_into();
        return Ok((info.finalized_hash, BlockRef { hash: hex_bytes(info.finalized_hash), number, finalized: true }));
    };
    let failed = |error: sp_blockchain::Error| RpcError::Node { hash: hex_bytes(hash), reason: error.to_string() };
    let header =
        client.header(hash).map_err(failed)?.ok_or_else(|| RpcError::UnknownBlock { hash: hex_bytes(hash) })?;
    let number = *header.number();
    // A block below the last final one can still be on an abandoned fork.
    let finalized = number <= info.finalized_number && client.hash(number).map_err(failed)? == Some(hash);
    let number: u32 = number.unique_saturated_into();
    Ok((hash, BlockRef { hash: hex_bytes(hash), number, finalized }))
}

/// Converts the error of a runtime call at `hash`.
pub(crate) fn unreadable(hash: H256) -> impl FnOnce(sp_api::ApiError) -> RpcError {
    move |error| RpcError::Node { hash: hex_bytes(hash), reason: error.to_string() }
}
