//! Errors of reading a folder.

use super::skip::Names;
use std::{io, path::PathBuf};

/// An error while reading a folder that is to be published.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not a folder.
    #[error("{0:?} is not a folder: pass the folder that has the site's files")]
    NotAFolder(PathBuf),
    /// A folder, where a file is expected.
    #[error(
        "{0:?} is a folder, and only single files can be put: publish it under a name, with `meganet publish {0:?} NAME`"
    )]
    IsAFolder(PathBuf),
    /// A device, socket or pipe, where a file is expected.
    #[error("{0:?} is not a regular file: copy its content to a file, and pass that")]
    NotAFile(PathBuf),
    /// A device, socket or pipe, or a file that was deleted, where a file to put is expected.
    #[error(
        "{0:?} is not a regular file, which can be read more than once: to store what a program writes, pass - as in `PROGRAM | meganet put - --name NAME`"
    )]
    NotStorable(PathBuf),
    /// A name that was chosen for a file to put, and that it cannot have.
    #[error("{name:?} cannot be the name of a file: {reason}. Choose another with --name")]
    PutName {
        /// The name.
        name: String,
        /// The mistake in it.
        reason: String,
    },
    /// There are no files in it that are published.
    #[error(
        "{root:?} has no files to publish ({skipped} of its entries are left out): check the path, build the site first, or see `meganet publish --help` for files that are left out"
    )]
    Empty {
        /// The folder.
        root: PathBuf,
        /// The number of entries that are left out.
        skipped: usize,
    },
    /// A name that a manifest cannot hold.
    #[error("{path:?} cannot be published: {reason}. Rename it, or leave it out with --exclude")]
    Name {
        /// The file.
        path: PathBuf,
        /// The mistake in its name.
        reason: String,
    },
    /// Too many files.
    #[error("the folder has more than {limit} files: split the site over several names")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Readers would not open the list of the files.
    #[error(
        "the manifest that lists the site's files would have more than {limit} bytes, and readers open no longer one: split the site over several names, or shorten its paths"
    )]
    ManifestTooLong {
        /// The limit.
        limit: u64,
    },
    /// Files that look like secrets, which would be public.
    #[error(
        "these files look like secrets, and anyone could read them: {}. Leave them out with --exclude or in .megaignore, or pass --allow-secrets to publish them",
        Names(paths)
    )]
    Secrets {
        /// Their paths, relative to the folder.
        paths: Vec<PathBuf>,
    },
    /// A pattern of files to leave out that cannot be read.
    #[error("{place} is not a pattern: {reason}. Correct it; the syntax is that of .gitignore")]
    Pattern {
        /// Where it is.
        place: String,
        /// The mistake.
        reason: String,
    },
    /// A file changed, or was removed, between being looked at and being sealed.
    #[error("{0:?} changed while it was being published: wait until nothing writes to it, and run the command again")]
    Changed(PathBuf),
    /// The file or folder that was passed could not be opened.
    #[error("cannot open {path:?}: {source}. Check the path")]
    Unopened {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder could not be read.
    #[error("cannot read {path:?}: {source}. Make it readable, or leave it out")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PackError {
    /// Wraps an I/O error with the path that was read. The path was listed, so if nothing is there any more, it was removed.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::Changed(path),
            _ => Self::Io { path, source },
        }
    }

    /// Wraps an I/O error with the path that was passed.
    pub(crate) fn unopened(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Unopened { path, source }
    }
}
