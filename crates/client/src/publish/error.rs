//! Why something was not published.

use crate::{names::NameError, pack::PackError};
use meganet_chain_client::ChainError;
use meganet_primitives::{manifest::ManifestError, object::ObjectError};
use meganet_site::RuleErrors;
use meganet_transfer::upload::UploadError;
use std::{io, path::PathBuf};

/// An error while publishing or putting. The chain is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The name cannot be had, or not be written for.
    #[error(transparent)]
    Name(NameError),
    /// Nobody owns the name, and it was not to be registered.
    #[error("nobody owns the name {name}: register it with `meganet name register {name}`")]
    NotRegistered {
        /// The name.
        name: String,
    },
    /// The epochs asked for cannot be bought.
    #[error("storage can be bought for 1 to {max} epochs, not for {asked}")]
    Epochs {
        /// What was asked for.
        asked: u32,
        /// The most that the chain allows.
        max: u32,
    },
    /// Another process is publishing the same.
    #[error("another process is publishing this already ({0} is locked): wait for it")]
    Busy(PathBuf),
    /// The chain could not be asked, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The folder or a file in it cannot be published.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Gateways could not apply the site's rules.
    #[error("the site's rules have errors, so nothing was published. Correct them and run the command again:\n  {0}")]
    Rules(#[from] RuleErrors),
    /// It could not be stored.
    #[error(transparent)]
    Upload(UploadError),
    /// The manifest would not be valid.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A length that no object has.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The state folder cannot be used.
    #[error("cannot {action} {path}: {source}. Progress is kept there; give another state folder, or free space")]
    State {
        /// What was being done, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A task of this program was ended.
    #[error("publishing was interrupted: run the command again, it goes on where it was")]
    Interrupted,
}

impl From<NameError> for PublishError {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Chain(error) => Self::Chain(error),
            error => Self::Name(error),
        }
    }
}

impl From<UploadError> for PublishError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Source(error) => match error.downcast::<PackError>() {
                Ok(error) => Self::Pack(error),
                Err(error) => Self::Upload(UploadError::Source(error)),
            },
            error => Self::Upload(error),
        }
    }
}

impl PublishError {
    /// Wraps an I/O error with what was done in the state folder.
    pub(super) fn state(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::State { action, path, source }
    }
}
