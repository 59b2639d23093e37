//! Errors of reading a folder.

use std::{io, path::PathBuf};

/// An error while reading a folder that is to be published.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not a folder.
    #[error("{0} is not a folder: pass the folder that has the site's files")]
    NotAFolder(PathBuf),
    /// Not a file.
    #[error("{0} is not a file: pass a file, or `publish` the folder under a name")]
    NotAFile(PathBuf),
    /// There are no files in it.
    #[error("{0} has no files, so there is nothing to publish: check the path, or build the site first")]
    Empty(PathBuf),
    /// A name that a manifest cannot hold.
    #[error("{path:?} cannot be published: {reason}. Rename it, or move it out of the folder")]
    Name {
        /// The file.
        path: PathBuf,
        /// The mistake in its name.
        reason: String,
    },
    /// Too many files.
    #[error("the folder has more than {limit} files: split the site")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A file changed between being looked at and being sealed.
    #[error("{0} changed while it was being published: wait until nothing writes to it, and run the command again")]
    Changed(PathBuf),
    /// A file or folder could not be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PackError {
    /// Wraps an I/O error with the path that was read.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
