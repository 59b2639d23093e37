//! Where sites come from, as the gateway sees it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use meganet_primitives::manifest::{Entry, Manifest};
use std::{ops::Range, sync::Arc};

/// One version of a site. It does not change; a later version is another value.
#[derive(Clone, Debug)]
pub struct Site {
    /// The name it was opened by.
    pub label: String,
    /// The name's version: counts the changes of its content.
    pub version: u32,
    /// Its files.
    pub manifest: Arc<Manifest>,
}

/// Why a site or a file did not come.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// Nobody owns the name.
    #[error("nobody has registered the name '{0}'")]
    UnknownName(String),
    /// The name is owned, but points at nothing.
    #[error("the name '{0}' is registered, but nothing is published under it yet")]
    NothingPublished(String),
    /// It is there, but cannot be had now: the node or too many workers do not answer.
    #[error("{0}")]
    Unavailable(String),
    /// What came does not fit the on-chain reference, or cannot be understood.
    #[error("{0}")]
    Damaged(String),
}

/// Opens names and reads files, verified.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The site that a name points at now.
    async fn site(&self, label: &str) -> Result<Site, SourceError>;

    /// Bytes `range` of a file of a site, in order, in pieces. After an error nothing more comes.
    fn read(&self, site: &Site, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>>;
}
