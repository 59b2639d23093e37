//! Errors of calls and their codes. Callers may rely on the codes; the messages are for people.

use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};
use meganet_primitives::units::SS58_PREFIX;
use sp_core::H256;

pub use meganet_primitives::rpc_error::*;

/// The error of a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The label is invalid.
    #[error("{label:?} is not a valid name: {reason}")]
    InvalidLabel {
        /// The requested value.
        label: String,
        /// The violated rule.
        reason: String,
    },
    /// The owner is not an address of this chain.
    #[error(
        "{owner:?} is not an address of this chain ({reason}): use an SS58 address with prefix {SS58_PREFIX} or the generic prefix 42"
    )]
    InvalidOwner {
        /// The given address.
        owner: String,
        /// The reason.
        reason: String,
    },
    /// The node does not have the block.
    #[error(
        "this node has no block {hash}: omit `at` to read the last final block, or check that the node is synced and on the right chain"
    )]
    UnknownBlock {
        /// The requested block.
        hash: String,
    },
    /// The page size is out of bounds.
    #[error(
        "an answer has 1 to {max} items, not {limit}: request a number in that range, and the rest with further calls"
    )]
    InvalidLimit {
        /// The requested value.
        limit: u32,
        /// The maximum.
        max: u32,
    },
    /// The number of years is out of bounds.
    #[error("a name is paid for 1 to {max} years at a time, not {years}: use a number in that range")]
    InvalidYears {
        /// The requested value.
        years: u32,
        /// The maximum.
        max: u32,
    },
    /// The node has no justification for the block.
    #[error(
        "the node has no justification for block {hash}; it keeps them for few blocks only: omit `at` for a proof at the newest one, or use the hash of a final block that has a justification"
    )]
    NotJustified {
        /// The requested block.
        hash: String,
    },
    /// The node has no justification for any block.
    #[error(
        "the node has not received a justification for any block yet, because it is starting or syncing: try again in some seconds"
    )]
    NothingFinal,
    /// The validator set changed too often since the checkpoint for one answer.
    #[error(
        "the validator set has changed too often since block {since} for one answer: follow the changes with name_v1_setChanges first, then ask again from the resulting checkpoint"
    )]
    TooFarBehind {
        /// The checkpoint's block.
        since: u32,
    },
    /// The node does not know the validator sets since then.
    #[error(
        "the node does not know the validator sets since block {since}, because it did not follow the chain then: ask another node, or start from a newer checkpoint"
    )]
    UnknownSets {
        /// The block.
        since: u32,
    },
    /// The node could not read its database or run the runtime.
    #[error(
        "the node could not read block {hash}: {reason}. If it has pruned the state of the block, omit `at` or ask an archive node"
    )]
    Node {
        /// The block.
        hash: String,
        /// The failure.
        reason: String,
    },
}

impl RpcError {
    /// The error of a read at block `hash` that ended because the node is shutting down.
    pub(crate) fn stopping(hash: H256) -> Self {
        Self::Node { hash: format!("{hash:?}"), reason: "the node is stopping".to_owned() }
    }

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

/// The beginning of a refused text, for an error: the text itself can be as long as a request.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARS: usize = 100;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The beginning and the end of a reason for which a parameter was refused. The middle of the parameter is left out of
/// `invalid type: string "…", expected u32`.
pub(crate) fn abridge(reason: &str) -> String {
    const CHARS: usize = 65;
    match (reason.char_indices().nth(CHARS), reason.char_indices().nth_back(CHARS - 1)) {
        (Some((head, _)), Some((tail, _))) if head < tail => {
            let (beginning, end) = (reason.get(..head), reason.get(tail..));
            format!("{}…{}", beginning.unwrap_or_default(), end.unwrap_or_default())
        }
        _ => reason.to_owned(),
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
    fn a_refused_text_is_quoted_up_to_a_bound() {
        for (text, expected) in [
            (String::new(), String::new()),
            ("ü".repeat(100), "ü".repeat(100)),
            ("ü".repeat(101), "ü".repeat(100) + "…"),
            ("x".repeat(1 << 20), "x".repeat(100) + "…"),
        ] {
            assert_eq!(excerpt(&text), expected);
        }
    }

    #[test]
    fn a_long_reason_keeps_its_beginning_and_its_end() {
        let reason = |length| format!("invalid type: string \"{}\", expected u32", "ü".repeat(length));
        let fits = 130 - reason(0).chars().count();
        assert!(fits <= 100);
        assert_eq!(abridge(&reason(fits)), reason(fits));
        for long in [fits + 1, 1 << 20] {
            let short = abridge(&reason(long));
            assert_eq!(short.chars().count(), 131);
            assert!(short.starts_with("invalid type: string \"ü") && short.ends_with("ü\", expected u32"), "{short}");
        }
    }

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
