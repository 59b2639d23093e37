//! Interprets the errors of node and transport.

use super::endpoint::Endpoint;
use crate::error::ChainError;
use subxt::rpcs::{Error as RpcError, UserError};

/// The code of JSON-RPC for a method that a node does not offer.
const NO_SUCH_METHOD: i32 = -32601;
/// Characters of a node's text that are kept: it ends up in errors, logs and terminals.
const MAX_TEXT: usize = 600;

/// A failed request.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection: a new one may do better.
    Lost(String),
    /// The node answered, and this is the answer.
    Chain(ChainError),
}

impl Failure {
    /// As the caller of the library sees it.
    pub(super) fn into_error(self, endpoint: &Endpoint) -> ChainError {
        match self {
            Self::Lost(reason) => endpoint.silent(reason),
            Self::Chain(error) => error,
        }
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

/// An error of an RPC method that was asked about a block.
pub(super) fn rpc(method: &str, block: &str, error: RpcError) -> Failure {
    match error {
        RpcError::User(error) if error.code == NO_SUCH_METHOD => {
            Failure::Chain(ChainError::Incompatible { detail: format!("the node does not offer {method}") })
        }
        RpcError::User(error) => Failure::Chain(refusal(method, block, &text(&error))),
        RpcError::Client(_) | RpcError::DisconnectedWillReconnect(_) => Failure::Lost(brief(&error.to_string())),
        other => {
            let reason = printable(&other.to_string());
            Failure::Chain(ChainError::Incompatible { detail: format!("{method}: {reason}") })
        }
    }
}

/// An error of one of subxt's own steps.
pub(super) fn other(step: &str, block: &str, error: &dyn std::error::Error) -> Failure {
    Failure::Chain(refusal(step, block, &printable(&error.to_string())))
}

/// The text of a JSON-RPC error, including its data.
pub(super) fn text(error: &UserError) -> String {
    printable(&match &error.data {
        Some(data) => format!("{} ({}): {}", error.message, error.code, data.get().trim_matches('"')),
        None => format!("{} ({})", error.message, error.code),
    })
}

/// A node's text without control characters, which could rewrite a terminal or a log, and cut to a sensible length.
fn printable(text: &str) -> String {
    let mut kept: String = text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        kept.push('…');
    }
    kept
}

/// Interprets a refusal of the node by its words: nodes have no codes for these.
fn refusal(method: &str, block: &str, reason: &str) -> ChainError {
    let mentions = |words: &[&str]| words.iter().any(|words| reason.contains(words));
    let block = || if block.is_empty() { "asked for".to_owned() } else { block.to_owned() };
    if mentions(&["State already discarded", "state already discarded", "RemoteCouldntAnswer"]) {
        return ChainError::StatePruned { block: block() };
    }
    // The last is a light client's: no node has given it the block.
    if mentions(&[
        "UnknownBlock",
        "Unknown block",
        "Header was not found",
        "header not found",
        "Expect block number",
        "Failed to retrieve block information",
    ]) {
        return ChainError::UnknownBlock { block: block() };
    }
    if reason.contains("Exported method") && reason.contains("is not found") {
        return ChainError::Incompatible { detail: format!("the runtime has no {method}") };
    }
    // A light client's: its nodes are away, or have forgotten the state. They don't say which.
    if mentions(&["trying to access the storage", "for storage query", "Storage query errors"]) {
        let reason = format!("{method} at {}: {reason}; nodes forget the state of old blocks", block());
        return ChainError::LightClient { reason };
    }
    ChainError::Refused { method: method.to_owned(), reason: reason.to_owned() }
}

/// A transport's error without the layers around it.
pub(super) fn brief(reason: &str) -> String {
    let layers =
        ["RPC error: ", "client error: ", "Cannot construct OnlineClient: ", "Error when opening the TCP socket: "];
    let mut rest = reason;
    while let Some(inner) = layers.iter().find_map(|layer| rest.strip_prefix(layer)) {
        rest = inner;
    }
    printable(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(code: i32, message: &str) -> RpcError {
        RpcError::User(UserError { code, message: message.to_owned(), data: None })
    }

    #[test]
    fn the_words_of_nodes_are_understood() {
        let pruned = user(4003, "Client error: UnknownBlock: State already discarded for 0x12");
        assert!(
            matches!(rpc("state_call", "0x12", pruned), Failure::Chain(ChainError::StatePruned { block }) if block == "0x12")
        );
        let unknown = user(4003, "Client error: UnknownBlock: Header was not found in the database: 0x12");
        assert!(matches!(rpc("state_call", "0x12", unknown), Failure::Chain(ChainError::UnknownBlock { .. })));
        let nobody = user(-32800, "Failed to retrieve block information from the network");
        assert!(matches!(rpc("state_call", "0x12", nobody), Failure::Chain(ChainError::UnknownBlock { .. })));
        let withheld = user(-32000, "Error trying to access the storage required for the runtime call");
        let Failure::Chain(error) = rpc("NamesApi_name", "0x12", withheld) else { unreachable!() };
        assert!(error.is_transient() && error.to_string().contains("NamesApi_name at 0x12"), "{error}");
        let old = user(4003, "Client error: Execution failed: Other: Exported method StorageApi_group is not found");
        let Failure::Chain(error) = rpc("StorageApi_group", "", old) else { unreachable!() };
        assert!(error.to_string().contains("no StorageApi_group"), "{error}");
        let else_ = user(-32602, "Invalid params");
        assert!(matches!(rpc("state_call", "", else_), Failure::Chain(ChainError::Refused { .. })));
    }

    #[test]
    fn a_method_that_is_missing_is_a_version_that_does_not_fit() {
        let missing = rpc("name_v1_resolveProof", "", user(-32601, "Method not found"));
        let Failure::Chain(error) = missing else { unreachable!() };
        assert!(matches!(&error, ChainError::Incompatible { detail } if detail.contains("name_v1_resolveProof")));
    }

    #[test]
    fn a_node_cannot_write_to_the_terminal() {
        let hostile = format!("\u{1b}[2J\r\n{}", "x".repeat(10_000));
        for failure in [
            rpc("m", "", user(1, &hostile)),
            rpc("m", "", RpcError::Client(hostile.clone().into())),
            other("m", "", &std::io::Error::other(hostile.clone())),
        ] {
            let (Failure::Lost(text) | Failure::Chain(ChainError::Refused { reason: text, .. })) = failure else {
                unreachable!()
            };
            assert!(!text.contains(char::is_control) && text.chars().count() <= MAX_TEXT + 1, "{text}");
        }
    }

    #[test]
    fn a_lost_connection_is_no_answer() {
        let gone = RpcError::Client("The background task closed".into());
        assert!(matches!(rpc("state_call", "", gone), Failure::Lost(reason) if reason == "The background task closed"));
    }
}
