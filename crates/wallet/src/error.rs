//! Errors of accounts and keystores, and what to do about them.

use meganet_chain_client::{PhraseError, SignerError};
use std::{io, path::PathBuf};

/// An error of the wallet.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The words are not a BIP-39 phrase.
    #[error("not a recovery phrase: {0}")]
    Phrase(PhraseError),
    /// The text is not a secret URI.
    #[error("not a secret URI: {0}. The form is PHRASE//hard/soft///password, or //Alice for a development account")]
    Suri(String),
    /// The JSON is not a keystore of a supported kind.
    #[error(
        "not an sr25519 keystore: {0}. Export the account as JSON from the wallet that holds it (polkadot-js format, version 3)"
    )]
    Format(String),
    /// The JSON is a keystore of an Ethereum wallet, of this version.
    #[error(
        "this is an Ethereum keystore (version {0}), and its key cannot sign here. Import the JSON of one sr25519 account (polkadot-js format, version 3), a recovery phrase or a secret URI, or make a new account with `meganet wallet new NAME`"
    )]
    Ethereum(String),
    /// The JSON is an export of several accounts: these, by name or address.
    #[error(
        "this file holds several accounts: {}. Export each account alone (in polkadot-js: the menu of the account, then \"Create a backup file for this account\"), and import those files",
        .0.join(", ")
    )]
    Batch(Vec<String>),
    /// The password does not open the keystore.
    #[error(
        "the password does not open this keystore. Passwords cannot be recovered: import the account's recovery phrase again if it is lost"
    )]
    WrongPassword,
    /// An empty password was given for a new keystore.
    #[error("an empty password would leave the key unprotected: choose one")]
    EmptyPassword,
    /// The name cannot be used for an account, because it is not a valid file name.
    #[error(
        "`{0}` cannot be the name of an account: use 1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`, not beginning with `.`"
    )]
    Name(String),
    /// An account with this name exists already.
    #[error("the account `{0}` exists already: choose another name, or move its file {1} away")]
    Exists(String, PathBuf),
    /// The store has no account with this name or address.
    #[error("no account `{name}` in {dir}. {}", known_accounts(.known))]
    Unknown {
        /// The name or address that was asked for.
        name: String,
        /// The folder that was searched.
        dir: PathBuf,
        /// The accounts in it.
        known: Vec<String>,
    },
    /// A file that is named like a keystore is not a keystore.
    #[error("{path}: {reason}. Move it out of the wallet, or put the keystore back in its place")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl WalletError {
    /// Wraps an I/O error with the operation and its path.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl From<SignerError> for WalletError {
    fn from(error: SignerError) -> Self {
        match error {
            SignerError::Phrase(error) => Self::Phrase(error),
            SignerError::Uri(reason) => Self::Suri(reason),
        }
    }
}

fn known_accounts(known: &[String]) -> String {
    if known.is_empty() {
        "The wallet is empty: create an account with `meganet wallet new` or `meganet wallet import`".into()
    } else {
        format!("Its accounts are: {}", known.join(", "))
    }
}
