//! Where sites come from, as the gateway sees it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use meganet_primitives::{
    BlockNumber,
    content::ForeignRef,
    manifest::{Entry, Manifest},
    name::NameStatus,
    object::ObjectId,
};
use std::{ops::Range, sync::Arc};

/// How it is known what a name points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// A light client of this gateway's own follows the chain and checked the answer against it.
    Light,
    /// A proof was checked, from a checkpoint that the gateway's operator trusts.
    Proof,
    /// A node was asked and believed.
    Rpc,
}

impl Verified {
    /// As `X-Mega-Verified` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verified::Light => "light",
            Verified::Proof => "proof",
            Verified::Rpc => "rpc",
        }
    }

    /// Whether nobody had to be believed.
    pub fn is_proven(self) -> bool {
        self != Verified::Rpc
    }
}

/// On what an answer about a name relies, also the answer that nobody owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How it is known.
    pub verified: Verified,
    /// The block that it is from.
    pub block: BlockNumber,
}

/// What is known of a name that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The whole name, as in `alice` or `blog.alice`.
    pub name: String,
    /// Counts the changes of its content.
    pub version: u32,
    /// Where it is in its life; one that no longer works leads nowhere.
    pub status: NameStatus,
    /// On what this relies.
    pub evidence: Evidence,
}

/// One version of a site. It does not change; a later version is another one.
pub trait Site: Send + Sync {
    /// The name it was opened by.
    fn resolved(&self) -> &Resolved;

    /// The object that holds its manifest: it names the version, wherever it is found.
    fn object(&self) -> ObjectId;

    /// Its files.
    fn manifest(&self) -> &Manifest;

    /// Bytes `range` of a file of the site, verified, in order, in pieces. After an error nothing more comes.
    fn read(&self, entry: &Entry, range: Range<u64>) -> BoxStream<'static, Result<Bytes, SourceError>>;
}

/// What a name leads to.
#[derive(Clone)]
pub enum Opened {
    /// A site of this network.
    Site(Arc<dyn Site>),
    /// What another network holds.
    Foreign {
        /// The name.
        resolved: Resolved,
        /// Where it points.
        content: ForeignRef,
    },
}

impl Opened {
    /// What is known of the name.
    pub fn resolved(&self) -> &Resolved {
        match self {
            Opened::Site(site) => site.resolved(),
            Opened::Foreign { resolved, .. } => resolved,
        }
    }
}

/// Why a site or a file did not come.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// Nobody owns the name, or it points at nothing, or never had that version.
    #[error("{text}")]
    NotFound {
        /// A sentence for the reader.
        text: String,
        /// On what that relies.
        evidence: Evidence,
    },
    /// The name was paid for until some time ago. It leads nowhere until somebody registers it again.
    #[error("{text}")]
    Lapsed {
        /// A sentence for the reader.
        text: String,
        /// On what that relies.
        evidence: Evidence,
    },
    /// It is there, but cannot be had now: the node or too many workers do not answer.
    #[error("{0}")]
    Unavailable(String),
    /// What came does not fit the on-chain reference, or cannot be understood.
    #[error("{0}")]
    Damaged(String),
    /// An answer about the name came, and what proves it did not, or it proves something else.
    #[error("{0}")]
    Unverified(String),
}

impl SourceError {
    /// On what it relies, where it says something about a name.
    pub fn evidence(&self) -> Option<Evidence> {
        match self {
            SourceError::NotFound { evidence, .. } | SourceError::Lapsed { evidence, .. } => Some(*evidence),
            SourceError::Unavailable(_) | SourceError::Damaged(_) | SourceError::Unverified(_) => None,
        }
    }
}

/// Opens names.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// What a name points at now. `name` is a whole one, as [`meganet_primitives::name::split_name`] takes it.
    async fn open(&self, name: &str) -> Result<Opened, SourceError>;

    /// The version of a name's site that this object is, while the name works and the chain remembers that it pointed
    /// there.
    async fn open_version(&self, name: &str, object: ObjectId) -> Result<Arc<dyn Site>, SourceError>;
}
