//! Why something was not published.

use crate::{batches::BatchError, links::LinkError, names::NameError, pack::PackError, resolve::ResolveError};
use meganet_chain_client::ChainError;
use meganet_primitives::{manifest::ManifestError, object::ObjectError};
use meganet_site::RuleErrors;
use meganet_transfer::upload::UploadError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// An error while publishing or putting. The chain is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The name cannot be registered, or the account may not write for it.
    #[error(transparent)]
    Name(NameError),
    /// Nobody owns the name, and registering it was not requested.
    #[error("nobody owns the name {name}: register it with `meganet name register {name}`")]
    NotRegistered {
        /// The name.
        name: String,
    },
    /// The epochs asked for cannot be bought.
    #[error("storage can be bought for 1 to {max} epochs, not for {asked}")]
    Epochs {
        /// The number asked for.
        asked: u32,
        /// The most that the chain allows.
        max: u32,
    },
    /// Another process is publishing the same folder under the same name.
    #[error("another process is publishing this already ({0} is locked): wait for it")]
    Busy(PathBuf),
    /// The chain could not be asked, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The present version of the name could not be resolved, or the node did not prove it.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The newest final block has another version of the name than the best block.
    #[error(
        "the present version of {name} is not final yet: run the command again in a minute. If this persists, use another node"
    )]
    NotFinal {
        /// The name.
        name: String,
    },
    /// The folder or a file in it cannot be published.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Gateways could not apply the site's rules.
    #[error("the site's rules have errors, so nothing was published. Correct them and run the command again:\n  {0}")]
    Rules(#[from] RuleErrors),
    /// The upload failed.
    #[error(transparent)]
    Upload(UploadError),
    /// The manifest would not be valid.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A length that no object has.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The state folder cannot be used.
    #[error("cannot {action} {path}: {source}. Progress is kept there; choose another state folder, or free space")]
    State {
        /// The operation, as a verb.
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another version of this program began the upload, and has recorded its progress in a way that this one cannot read.
    #[error(
        "{0} has the progress of an upload that another version of Meganet began: finish the upload with that version, or move the file away to upload and pay anew"
    )]
    OtherVersion(PathBuf),
    /// The link of a file cannot be kept.
    #[error(transparent)]
    Links(#[from] LinkError),
    /// An earlier run may have registered and paid for this upload, and that cannot be found out now.
    #[error(
        "an earlier run may have registered and paid for this upload, and whether it did cannot be found out now ({error}): run the command again when the group's workers answer. To upload and pay anew instead, {}",
        give_up(.journal.as_deref())
    )]
    Unsure {
        /// The cause.
        error: Box<BatchError>,
        /// The journal of that run; `None` if it is lost, and only a kept link is left.
        journal: Option<PathBuf>,
    },
    /// A task of this program was ended.
    #[error("publishing was interrupted: run the command again, it continues from where it stopped")]
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
    /// Wraps an I/O error with the operation in the state folder.
    pub(super) fn state(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::State { action, path, source }
    }

    /// Wraps the reason why it cannot be found out what an earlier run with this journal has registered.
    pub(super) fn unsure(journal: Option<PathBuf>) -> impl FnOnce(BatchError) -> Self {
        move |error| Self::Unsure { error: Box::new(error), journal }
    }
}

/// How to leave open what an earlier run has registered.
fn give_up(journal: Option<&Path>) -> String {
    match journal {
        Some(path) => format!("move {} away", path.display()),
        None => {
            "remove the link that `meganet files` calls perhaps not registered: `meganet files forget LINK`".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_that_cannot_be_settled_has_a_way_on() {
        let text = |journal: Option<&str>| {
            PublishError::unsure(journal.map(PathBuf::from))(BatchError::GroupUnknown { group: 3 }).to_string()
        };
        let (by_journal, by_link) = (text(Some("/state/journal-1")), text(None));
        assert!(by_journal.contains("move /state/journal-1 away"), "{by_journal}");
        assert!(by_link.contains("meganet files forget LINK"), "{by_link}");
        assert!(by_journal.contains("group 3") && by_link.contains("group 3"), "{by_journal}");
    }
}
