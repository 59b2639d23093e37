//! The basis of trust in an answer.

use std::fmt;

/// The basis on which the answers of a [`crate::ChainClient`] are trusted. Its name in headers
/// and JSON is [`Trust::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// On the word of the node that was asked.
    Rpc,
    /// On the signatures of the validators, checked here from a checkpoint on, and on proofs against what they signed.
    Light,
}

impl Trust {
    /// For programs: `rpc` or `light`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Light => "light",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rpc => "trusted RPC",
            Self::Light => "verified by light client",
        })
    }
}
