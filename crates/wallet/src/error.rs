//! What can go wrong with accounts and keystores, and what to do about it.

use std::{io, path::PathBuf};

/// An error of the wallet.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The words are no BIP-39 phrase.
    #[error(
        "that is no recovery phrase: {0}. It has 12 to 24 English words, the last of which is a checksum; check spelling and order"
    )]
    Phrase(String),
    /// The text is no secret URI.
    #[error(
        "that is no secret URI: {0}. Its form is PHRASE//hard/soft///password, or //Alice for a development account"
    )]
    Suri(String),
    /// The JSON is no keystore of a kind we open.
    #[error(
        "that is no sr25519 keystore: {0}. Export the account as JSON from the wallet that holds it (polkadot-js format, version 3)"
    )]
    Format(String),
    /// The password does not open the keystore.
    #[error(
        "the password does not open this keystore. Passwords cannot be recovered: import the account's recovery phrase again if it is lost"
    )]
    WrongPassword,
    /// An empty password was given for a new keystore.
    #[error("an empty password would leave the key unprotected: choose one")]
    EmptyPassword,
    /// The name of an account cannot be a file's name.
    #[error(
        "`{0}` cannot be an account's name: use 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`, not beginning with `.`"
    )]
    Name(String),
    /// An account of that name exists already.
    #[error("there is an account `{0}` already: choose another name, or move its file {1} away")]
    Exists(String, PathBuf),
    /// No account of that name or address is in the store.
    #[error("no account `{name}` in {dir}. There {}", known_accounts(.known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
        /// The accounts that are there.
        known: Vec<String>,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl WalletError {
    /// Wraps an I/O error with what was done, and on which path.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

fn known_accounts(known: &[String]) -> String {
    if known.is_empty() {
        "are none yet: make one with `meganet wallet new` or `meganet wallet import`".into()
    } else {
        format!("are: {}", known.join(", "))
    }
}
