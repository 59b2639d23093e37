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
/// The code of [`RpcError::InvalidYears`].
pub const INVALID_YEARS: i32 = 7005;
/// The code of [`RpcError::NotJustified`].
pub const NOT_JUSTIFIED: i32 = 7006;
/// The code of [`RpcError::NothingFinal`]: ask again later.
pub const NOTHING_FINAL: i32 = 7007;
/// The code of [`RpcError::TooFarBehind`].
pub const TOO_FAR_BEHIND: i32 = 7008;
/// The code of [`RpcError::UnknownSets`].
pub const UNKNOWN_SETS: i32 = 7009;
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
    #[error(
        "this node has no block {hash}: leave `at` away to read the last final block, or check that the node has synced and is on the right chain"
    )]
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
    /// Too few years, or too many.
    #[error("a name is paid for 1 to {max} years at a time, not {years}: give another number")]
    InvalidYears {
        /// What was asked for.
        years: u32,
        /// The most.
        max: u32,
    },
    /// The node keeps no votes for the block.
    #[error(
        "the node keeps no votes that make block {hash} final, as it does for few blocks only: leave `at` away for a proof at the newest one, or give the hash of a block that is final and has a justification"
    )]
    NotJustified {
        /// The block that was asked for.
        hash: String,
    },
    /// The node knows no block that is final by votes.
    #[error(
        "the node has not seen the votes for any block yet: it is starting or syncing, so ask again in some seconds"
    )]
    NothingFinal,
    /// The validators changed too often since the checkpoint for one answer.
    #[error(
        "validators have changed too often since block {since} for one answer: follow them with name_v1_setChanges first, then ask with the checkpoint that they lead to"
    )]
    TooFarBehind {
        /// The checkpoint's block.
        since: u32,
    },
    /// The node does not know which validators voted then.
    #[error(
        "the node does not know the validators since block {since}, as it did not follow the chain then: ask another one, or begin at a newer checkpoint"
    )]
    UnknownSets {
        /// The block.
        since: u32,
    },
    /// The node could not read its database or run the runtime.
    #[error(
        "the node could not read block {hash}: {reason}; where it has pruned the block's state, leave `at` away or ask an archive node"
    )]
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
            Self::InvalidYears { .. } => INVALID_YEARS,
            Self::NotJustified { .. } => NOT_JUSTIFIED,
            Self::NothingFinal => NOTHING_FINAL,
            Self::TooFarBehind { .. } => TOO_FAR_BEHIND,
            Self::UnknownSets { .. } => UNKNOWN_SETS,
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
            RpcError::InvalidYears { years: 0, max: 10 },
            RpcError::NotJustified { hash: "0x00".into() },
            RpcError::NothingFinal,
            RpcError::TooFarBehind { since: 1 },
            RpcError::UnknownSets { since: 1 },
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
