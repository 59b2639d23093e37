//! The interface between the gateway and the network: where sites come from.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use meganet_client::resolve::Resolved;
pub use meganet_client::resolve::{Evidence, Verified};
use meganet_primitives::{
    AccountId,
    content::ForeignRef,
    manifest::{Entry, Manifest},
    name::NameStatus,
    object::ObjectId,
};
use std::{error::Error, ops::Range, sync::Arc};

/// The state of a name, as the headers of a response report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameState {
    /// The whole name: `alice` or `blog.alice`.
    pub name: String,
    /// The owner of its label.
    pub owner: AccountId,
    /// How often its content has changed.
    pub version: u32,
    /// Whether it is active, in its grace period, or lapsed; `None` where there is no such name.
    pub status: Option<NameStatus>,
    /// How the state was verified, and the height of its block.
    pub evidence: Evidence,
}

impl From<&Resolved> for NameState {
    fn from(resolved: &Resolved) -> Self {
        NameState {
            name: resolved.name().to_owned(),
            owner: resolved.resolution().map_or([0; 32], |resolution| resolution.owner),
            version: resolved.version(),
            status: resolved.status(),
            evidence: resolved.evidence(),
        }
    }
}

/// One version of a site. It never changes; a later version is another `Site`. Its list of files may be large, so it is not to
/// be kept while something is waited for.
pub trait Site: Send + Sync {
    /// The state of the name that it was opened by.
    fn state(&self) -> &NameState;

    /// The object that contains its manifest. It identifies the version.
    fn object(&self) -> ObjectId;

    /// Its files.
    fn manifest(&self) -> &Manifest;

    /// A file of the site.
    ///
    /// # Errors
    /// [`SourceError`]
    fn file(&self, entry: &Entry) -> Result<Arc<dyn File>, SourceError>;
}

/// A file of a site. It does not keep the site in memory, whose list of files may be large.
pub trait File: Send + Sync {
    /// Reads bytes `range` of the file: verified pieces in order. The stream ends after an error.
    fn read(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>>;
}

/// The content that a name points to.
#[derive(Clone)]
pub enum Opened {
    /// A site of this network.
    Site(Arc<dyn Site>),
    /// Content of another network.
    Foreign {
        /// The state of the name.
        state: Arc<NameState>,
        /// The reference to the content.
        content: ForeignRef,
    },
}

impl Opened {
    /// The state of the name.
    pub fn state(&self) -> &NameState {
        match self {
            Opened::Site(site) => site.state(),
            Opened::Foreign { state, .. } => state,
        }
    }
}

/// The error behind a [`SourceError`], as the source returned it. Several readers may wait for one answer, so it is shared.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// The reason why a site or a file could not be read. Each variant has its own HTTP status.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// The name does not exist, or points to nothing, or never pointed to that version.
    #[error("{cause}")]
    NotFound {
        /// The error, with a text for the reader.
        cause: Cause,
        /// The evidence for it.
        evidence: Evidence,
    },
    /// The name was not renewed in time. It points nowhere until it is registered again.
    #[error("{cause}")]
    Lapsed {
        /// The error, with a text for the reader.
        cause: Cause,
        /// The evidence for it.
        evidence: Evidence,
    },
    /// A retry may succeed: the node or too many workers do not answer.
    #[error(transparent)]
    Unavailable(Cause),
    /// The content does not match the on-chain reference, or cannot be decoded.
    #[error(transparent)]
    Damaged(Cause),
    /// The answer about the name came without a valid proof.
    #[error(transparent)]
    Unverified(Cause),
}

impl SourceError {
    /// See [`SourceError::NotFound`].
    pub fn not_found(cause: impl Into<Box<dyn Error + Send + Sync>>, evidence: Evidence) -> Self {
        SourceError::NotFound { cause: cause.into().into(), evidence }
    }

    /// See [`SourceError::Lapsed`].
    pub fn lapsed(cause: impl Into<Box<dyn Error + Send + Sync>>, evidence: Evidence) -> Self {
        SourceError::Lapsed { cause: cause.into().into(), evidence }
    }

    /// See [`SourceError::Unavailable`].
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SourceError::Unavailable(cause.into().into())
    }

    /// See [`SourceError::Damaged`].
    pub fn damaged(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SourceError::Damaged(cause.into().into())
    }

    /// See [`SourceError::Unverified`].
    pub fn unverified(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SourceError::Unverified(cause.into().into())
    }

    /// The evidence, if the error is an answer about a name.
    pub fn evidence(&self) -> Option<Evidence> {
        match self {
            SourceError::NotFound { evidence, .. } | SourceError::Lapsed { evidence, .. } => Some(*evidence),
            SourceError::Unavailable(_) | SourceError::Damaged(_) | SourceError::Unverified(_) => None,
        }
    }
}

/// Opens sites by their names.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// Opens what a name points to now. `name` is a whole one, valid for [`meganet_primitives::name::split_name`].
    async fn open(&self, name: &str) -> Result<Opened, SourceError>;

    /// Opens the version of a name's site whose manifest is in this object, as long as the name works and the chain remembers
    /// that it pointed there.
    async fn open_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fmt;

    #[test]
    fn the_error_of_the_source_keeps_its_type_and_its_text() {
        let error = SourceError::unavailable(fmt::Error);
        assert_eq!(error.to_string(), fmt::Error.to_string());
        let SourceError::Unavailable(cause) = error else { panic!("another variant") };
        assert!(cause.downcast_ref::<fmt::Error>().is_some());
    }
}
