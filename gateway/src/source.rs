//! Where sites come from, as the gateway sees it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use meganet_primitives::manifest::{Entry, Manifest};
use std::{ops::Range, sync::Arc};

/// One version of a site. It does not change; a later version is another one.
pub trait Site: Send + Sync {
    /// The name it was opened by.
    fn label(&self) -> &str;

    /// The name's version: counts the changes of its content.
    fn version(&self) -> u32;

    /// Its files.
    fn manifest(&self) -> &Manifest;

    /// Bytes `range` of a file of the site, verified, in order, in pieces. After an error nothing more comes.
    fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>>;
}

/// Why a site or a file did not come.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// Nobody owns the name, or it points at nothing.
    #[error("{0}")]
    NotFound(String),
    /// It is there, but cannot be had now: the node or too many workers do not answer.
    #[error("{0}")]
    Unavailable(String),
    /// What came does not fit the on-chain reference, or cannot be understood.
    #[error("{0}")]
    Damaged(String),
}

/// Opens names.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The version of the site that a name points at now.
    async fn site(&self, label: &str) -> Result<Arc<dyn Site>, SourceError>;
}
