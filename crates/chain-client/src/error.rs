//! Errors of asking the chain, each with what to do about it.

use crate::amount::Mega;
use meganet_primitives::{Balance, pallets::PalletError};

/// The chain could not be asked, or refused. The text says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No connection to the node, or it was lost and did not come back in time.
    #[error("cannot reach a node at {url}: {reason}. {}", advice(.reason))]
    NodeUnreachable {
        /// The node's URL.
        url: String,
        /// The transport's error.
        reason: String,
    },
    /// The URL is not one of a node.
    #[error("{url} is not the URL of a node: {reason}. Use --rpc ws://HOST:PORT or wss://HOST:PORT")]
    BadUrl {
        /// The URL.
        url: String,
        /// The reason.
        reason: String,
    },
    /// The node runs a chain with another genesis.
    #[error(
        "the node at {url} runs another chain: its genesis is 0x{got}, expected 0x{expected}. Check --rpc, or the genesis in the configuration if the network was started anew"
    )]
    WrongChain {
        /// The node's URL.
        url: String,
        /// The wanted genesis hash, hex.
        expected: String,
        /// The node's genesis hash, hex.
        got: String,
    },
    /// The node's runtime has no names and no storage.
    #[error("the node at {url} runs another chain, not Meganet: its runtime has no {missing}. Check --rpc")]
    NotMeganet {
        /// The node's URL.
        url: String,
        /// The runtime API or pallet that was looked for.
        missing: String,
    },
    /// A file or text is not a spec for light clients.
    #[error(
        "{spec} is not a spec for light clients: {reason}. Make one with `meganet light spec -o FILE`, which asks a node once"
    )]
    BadLightSpec {
        /// Its file, or where else it came from.
        spec: String,
        /// The reason.
        reason: String,
    },
    /// The spec for light clients is of a chain with another genesis than is wanted.
    #[error(
        "{spec} is of another chain: its genesis is 0x{got}, expected 0x{expected}. Make a new one with `meganet light spec`, or check the genesis in the configuration"
    )]
    WrongLightSpec {
        /// Its file, or where else it came from.
        spec: String,
        /// The wanted genesis hash, hex.
        expected: String,
        /// The spec's genesis hash, hex.
        got: String,
    },
    /// A light client reached no node of its chain.
    #[error(
        "no node of {spec} was reached within {seconds} s: {nodes}. Check that they run, and that they run this chain: nodes of a chain with another genesis do not talk to this one, and a node whose proofs contradict the spec's checkpoint is not asked again. `meganet light spec` makes a new spec"
    )]
    NoPeers {
        /// The spec's file, or where else it came from.
        spec: String,
        /// How long it was tried.
        seconds: u64,
        /// Their addresses.
        nodes: String,
    },
    /// A light client did not catch up with the chain in time.
    #[error(
        "the light client did not catch up with the chain within {seconds} s: it is at block {at} of {target}. Try again, or begin nearer: `meganet light spec` makes a spec with a newer checkpoint than {spec}"
    )]
    NotSynced {
        /// The spec's file, or where else it came from.
        spec: String,
        /// How long it was tried.
        seconds: u64,
        /// The highest block known to be final.
        at: u64,
        /// The highest block that a node claims.
        target: u64,
    },
    /// A light client got no answer that could be verified.
    #[error(
        "the light client got no answer that it could verify: {reason}. Try again; if that does not help, ask a node with --rpc instead of --light"
    )]
    LightClient {
        /// The reason.
        reason: String,
    },
    /// A light spec needs a finalized block other than the genesis block.
    #[error(
        "the chain has finalized no block yet. Try again in a few seconds; if that does not help, check that its validators run"
    )]
    NothingFinalized,
    /// The node's runtime differs from the one this program was written for.
    #[error("this program and the node's runtime do not fit together: {detail}. Update whichever is older")]
    Incompatible {
        /// Where they differ.
        detail: String,
    },
    /// The node no longer has the state of that block.
    #[error(
        "the node has dropped the state of block {block}. Ask for a newer block, or run the node with --state-pruning archive"
    )]
    StatePruned {
        /// The block, hash or height.
        block: String,
    },
    /// The node does not know that block.
    #[error(
        "the node does not know block {block}. It may still be synchronising, or the block was on an abandoned fork: try again with a newer block"
    )]
    UnknownBlock {
        /// The block, hash or height.
        block: String,
    },
    /// The node refused a request.
    #[error("the node refused {method}: {reason}. Its log may say more")]
    Refused {
        /// The RPC method or runtime call.
        method: String,
        /// The node's reason.
        reason: String,
    },
    /// The account cannot pay.
    #[error("{}", insufficient(.account, .purpose, *.needed, *.available, *.with_fee))]
    InsufficientFunds {
        /// The account, SS58.
        account: String,
        /// The cost of the calls, in planck.
        needed: Balance,
        /// The spendable balance, in planck.
        available: Balance,
        /// The purpose.
        purpose: String,
        /// Whether `needed` includes the fee; otherwise fees come on top.
        with_fee: bool,
    },
    /// The runtime executed the transaction and refused a call; nothing but the fee was taken.
    #[error("the chain refused the call: {pallet}.{error}{}", explained(docs))]
    Dispatch {
        /// The pallet, or the kind of error if no pallet raised it.
        pallet: String,
        /// The error's name.
        error: String,
        /// The runtime's documentation of the error.
        docs: String,
    },
    /// The transaction pool did not take the transaction when it was first submitted, or another one with its nonce is final: no block
    /// includes it, or will.
    #[error("the node did not accept the transaction: {reason}. Nothing was done; try again")]
    Rejected {
        /// The pool's reason.
        reason: String,
    },
    /// The transaction's lifetime ended, at a final block, before a block took it.
    #[error(
        "transaction 0x{extrinsic} expired before a block included it. Nothing was done; check that the chain produces blocks and try again"
    )]
    Expired {
        /// The hash of the extrinsic, hex.
        extrinsic: String,
    },
    /// It took too long; the transaction may still succeed.
    #[error(
        "transaction 0x{extrinsic} was not {wanted} within {seconds} s. It may still succeed: check before repeating it, and check that the chain produces and finalizes blocks"
    )]
    TimedOut {
        /// The hash of the extrinsic, hex.
        extrinsic: String,
        /// In a block, or finalized.
        wanted: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// There is nothing to submit.
    #[error("there are no calls to submit: give at least one")]
    NoCalls,
}

impl ChainError {
    /// Whether the runtime refused a call with this error.
    ///
    /// ```
    /// use meganet_chain_client::ChainError;
    /// use meganet_primitives::pallets::StorageError;
    ///
    /// let error = ChainError::Dispatch { pallet: "Storage".into(), error: "TooLate".into(), docs: String::new() };
    /// assert!(error.is(StorageError::TooLate) && !error.is(StorageError::NotDue));
    /// ```
    pub fn is(&self, error: impl PalletError) -> bool {
        matches!(self, Self::Dispatch { pallet, error: name, .. } if error.is(pallet, name))
    }

    /// Whether repeating the same request later may help: the node was away, behind or on a fork, and nothing was wrong with
    /// the request. After [`Self::TimedOut`] the transaction may still succeed, so repeat only calls that do no harm twice.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NodeUnreachable { .. }
                | Self::LightClient { .. }
                | Self::NoPeers { .. }
                | Self::NotSynced { .. }
                | Self::NothingFinalized
                | Self::UnknownBlock { .. }
                | Self::Rejected { .. }
                | Self::Expired { .. }
                | Self::TimedOut { .. }
        )
    }

    /// Whether a transaction whose submission ended with this error may be in a block, or come into one, so that repeating it might do it
    /// twice.
    ///
    /// ```
    /// use meganet_chain_client::ChainError;
    ///
    /// let lost = ChainError::NodeUnreachable { url: "ws://127.0.0.1:9944".into(), reason: "closed".into() };
    /// assert!(lost.may_still_succeed());
    /// assert!(!ChainError::Rejected { reason: "the transaction pool is full".into() }.may_still_succeed());
    /// ```
    pub fn may_still_succeed(&self) -> bool {
        !matches!(
            self,
            Self::NoCalls
                | Self::InsufficientFunds { .. }
                | Self::Dispatch { .. }
                | Self::Expired { .. }
                | Self::Rejected { .. }
        )
    }
}

fn insufficient(account: &str, purpose: &str, needed: Balance, available: Balance, with_fee: bool) -> String {
    let (missing, fees) = (Mega(needed.saturating_sub(available)), if with_fee { "" } else { ", plus fees" });
    let (needed, available) = (Mega(needed), Mega(available));
    format!(
        "account {account} needs {needed} for {purpose}{fees}, and has {available} to spend. Send it at least {missing} more{fees}"
    )
}

/// The way on where a node cannot be reached.
fn advice(reason: &str) -> &'static str {
    // Too Many Requests: the transport reports only the number.
    if reason.contains("status code: 429") {
        "The node has as many connections as it takes: try again later, or choose another node with --rpc"
    } else {
        "Is the node running? Check --rpc; a node listens on ws://127.0.0.1:9944 unless told otherwise"
    }
}

/// The documentation of an error, as the end of a sentence.
fn explained(docs: &str) -> String {
    let docs = docs.trim();
    if docs.is_empty() { String::new() } else { format!(": {docs}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_node_is_told_from_one_that_does_not_run() {
        let text = |reason: &str| {
            ChainError::NodeUnreachable { url: "ws://127.0.0.1:9944".into(), reason: reason.into() }.to_string()
        };
        assert!(text("Connection rejected with status code: 429").contains("choose another node"));
        assert!(text("Connection refused").contains("Is the node running?"));
        assert!(text("no address of node429.example.org").contains("Is the node running?"));
    }

    #[test]
    fn only_what_is_certainly_over_may_be_repeated() {
        let text = String::new;
        let over = [
            ChainError::NoCalls,
            ChainError::Dispatch { pallet: text(), error: text(), docs: text() },
            ChainError::Rejected { reason: text() },
            ChainError::Expired { extrinsic: text() },
        ];
        assert!(!over.iter().any(ChainError::may_still_succeed));
        let open = [
            ChainError::TimedOut { extrinsic: text(), wanted: text(), seconds: 1 },
            ChainError::NodeUnreachable { url: text(), reason: text() },
            ChainError::UnknownBlock { block: text() },
        ];
        assert!(open.iter().all(ChainError::may_still_succeed));
    }
}
