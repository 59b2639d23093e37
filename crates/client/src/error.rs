//! Errors of opening sites and fetching their files.

use crate::resolve::{NotASite, ResolveError};
use meganet_chain_client::ChainError;
use meganet_primitives::manifest::ManifestError;
use meganet_transfer::FetchError;
use std::{io, path::PathBuf};

/// An error while opening a name or a link, or while fetching files of a site.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// An object could not be fetched, verified or opened.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The name could not be resolved, or its answer is not proven.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The name leads to no site of this network.
    #[error(transparent)]
    Name(#[from] NotASite),
    /// There is no such file or folder in the site.
    #[error("the site has no file or folder {path:?}: `meganet ls NAME` lists its files; check upper and lower case")]
    NoSuchFile {
        /// The path.
        path: String,
    },
    /// The name or link points to something that is not a manifest, or to a damaged one.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest is too long to be read.
    #[error("the manifest has {len} bytes and at most {limit} are read: its owner should split the site")]
    ManifestTooLong {
        /// Its bytes.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// The manifest's digest of a file differs from that of the file's bytes.
    #[error("{path:?} was published with a wrong digest: its owner should publish the site again")]
    WrongContent {
        /// The file.
        path: String,
    },
    /// The name or link leads to several files, or none, where one is needed.
    #[error("it leads to {files} files: name one of them, as in NAME/PATH; `meganet ls NAME` lists them")]
    NotOneFile {
        /// Their number.
        files: usize,
    },
    /// A path of the site is not a valid path on this system.
    #[error(
        "{path:?} cannot be written on this system: {reason}. Fetch that file alone, under another name with -o, and the others one by one or by folder"
    )]
    UnusablePath {
        /// The path in the site.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The file system takes two names of the site for the same.
    #[error(
        "{one:?} and {other:?} are the same for this file system, which ignores upper and lower case, or how accents are encoded: choose a place on another file system with -o, or fetch one of them alone, under another name"
    )]
    SameName {
        /// Where one of them was to be written.
        one: PathBuf,
        /// Where the other one was to be written.
        other: PathBuf,
    },
    /// A file exists that would be overwritten.
    #[error("{path:?} already exists: pass --force to overwrite it, or -o to choose another place")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A folder is where a file is to be written.
    #[error("{path:?} is a folder, which no file replaces: move it away, or choose another place with -o")]
    IsAFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file or link is where a folder is needed.
    #[error(
        "{path:?} is not a folder, and files have to be written into it: move it away, or choose another place with -o"
    )]
    NotAFolder {
        /// The file or link.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path:?}: {source}. Correct that, or choose another place with -o")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<ChainError> for SiteError {
    fn from(error: ChainError) -> Self {
        Self::Fetch(error.into())
    }
}

impl SiteError {
    /// Wraps an I/O error with the path that was written.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// Whether a retry may succeed: workers or the node are unavailable.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_transient(),
            Self::Resolve(error) => error.is_transient(),
            _ => false,
        }
    }
}
