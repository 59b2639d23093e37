//! What can go wrong in a call, with a code for each. A caller may rely on the codes; messages are for people.

use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};

/// The code of [`RpcError::InvalidLabel`].
pub const INVALID_LABEL: i32 = 7001;
/// The code of [`RpcError::InvalidOwner`].
pub const INVALID_OWNER: i32 = 7002;
/// The code of [`RpcError::UnknownBlock`].
pub const UNKNOWN_BLOCK: i32 = 7003;
/// The code of [`RpcError::InvalidLimit`].
pub const INVALID_LIMIT: i32 = 7004;
/// The code of [`RpcError::Node`].
pub const NODE: i32 = 7010;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The label can't be a name.
    #[error("{label:?} can't be a name: {reason}")]
    InvalidLabel {
        /// What was asked for.
        label: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// The owner is not an address of this chain.
    #[error(
        "{owner:?} is not an address of this chain ({reason}): give an SS58 address with prefix 6342 or the generic 42"
    )]
    InvalidOwner {
        /// What was given.
        owner: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The node does not have the block.
    #[error("this node has no block {hash}: leave `at` away to read the last final block, or check that the node has synced and is on the right chain")]
    UnknownBlock {
        /// The block that was asked for.
        hash: String,
    },
    /// A page of no items, or of too many.
    #[error("a page has 1 to {max} items, not {limit}: ask for fewer, then for the rest from `next` on")]
    InvalidLimit {
        /// What was asked for.
        limit: u32,
        /// The most that is answered.
        max: u32,
    },
    /// The node could not read its database or run the runtime.
    #[error("the node could not read block {hash}: {reason}; where it has pruned the block's state, leave `at` away or ask an archive node")]
    Node {
        /// The block.
        hash: String,
        /// What failed.
        reason: String,
    },
}

impl RpcError {
    /// The JSON-RPC error code.
    pub const fn code(&self) -> i32 {
        match self {
            Self::InvalidLabel { .. } => INVALID_LABEL,
            Self::InvalidOwner { .. } => INVALID_OWNER,
            Self::UnknownBlock { .. } => UNKNOWN_BLOCK,
            Self::InvalidLimit { .. } => INVALID_LIMIT,
            Self::Node { .. } => NODE,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        ErrorObject::owned(error.code(), error.to_string(), None::<()>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_error_has_a_code_of_its_own_and_says_what_to_do() {
        let all = [
            RpcError::InvalidLabel { label: "A".into(), reason: "too short".into() },
            RpcError::InvalidOwner { owner: "x".into(), reason: "bad base58".into() },
            RpcError::UnknownBlock { hash: "0x00".into() },
            RpcError::InvalidLimit { limit: 0, max: 256 },
            RpcError::Node { hash: "0x00".into(), reason: "disk".into() },
        ];
        let codes: BTreeSet<i32> = all.iter().map(RpcError::code).collect();
        assert_eq!(codes.len(), all.len());
        for error in all {
            let object = ErrorObjectOwned::from(error.clone());
            assert_eq!(object.code(), error.code());
            assert!(object.message().contains(':'), "{}", object.message());
        }
    }
}
