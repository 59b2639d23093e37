//! The files of a folder, in the order of their paths.

use super::{FoundFile, PackError, Selection, SkipReason, Skipped, select::Rules};
use crate::client::MAX_MANIFEST;
use meganet_primitives::convert::to_u64;
use std::{
    io,
    path::{Path, PathBuf},
};
use walkdir::{DirEntry, WalkDir};

/// The most files of one site: bounds memory.
pub const MAX_FILES: usize = 500_000;
/// The least bytes that a manifest needs for a file, in addition to those of its path.
const ENTRY_BYTES: u64 = 44;

/// The content of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Its files, sorted by path.
    pub files: Vec<FoundFile>,
    /// Entries that are not published, sorted by path. Of a folder that is not published, only the folder itself.
    pub skipped: Vec<Skipped>,
}

/// Lists the files of a folder that are to be published. The result depends on the folder alone, not on the order in which the
/// disk lists it.
///
/// # Errors
/// [`PackError`] if it is not a folder, has no files or too many, some of them look like secrets, or an entry cannot be read or
/// named.
pub fn walk(root: &Path, selection: &Selection) -> Result<Walked, PackError> {
    walk_within(root, selection, MAX_FILES, MAX_MANIFEST)
}

fn walk_within(root: &Path, selection: &Selection, max_files: usize, max_manifest: u64) -> Result<Walked, PackError> {
    let real = root.canonicalize().map_err(PackError::unopened(root))?;
    if !real.is_dir() {
        return Err(PackError::NotAFolder(root.to_owned()));
    }
    let mut walk = Walk {
        rules: Rules::read(&real, selection)?,
        root: real,
        max_files,
        max_manifest,
        manifest: 0,
        entered: None,
        walked: Walked::default(),
        secrets: Vec::new(),
    };
    let mut entries = WalkDir::new(&walk.root).follow_links(true).min_depth(1).into_iter();
    while let Some(entry) = entries.next() {
        match entry {
            Ok(entry) => {
                let kept = walk.entry(&entry)?;
                if !kept && entry.file_type().is_dir() {
                    entries.skip_current_dir();
                }
            }
            Err(error) => walk.failure(error)?,
        }
    }
    walk.finish(root)
}

/// A walk under way.
struct Walk {
    root: PathBuf,
    rules: Rules,
    max_files: usize,
    max_manifest: u64,
    /// The least bytes of the manifest so far.
    manifest: u64,
    /// The folder that was entered last, with its depth, until something in it is met.
    entered: Option<(PathBuf, usize)>,
    walked: Walked,
    /// Files that need a permission that was not given.
    secrets: Vec<PathBuf>,
}

impl Walk {
    /// Takes an entry, and returns whether it is published.
    fn entry(&mut self, entry: &DirEntry) -> Result<bool, PackError> {
        self.meet(entry.depth());
        let (path, kind) = (self.relative(entry.path()), entry.file_type());
        if let Some(reason) = self.rules.leaves_out(&path, kind.is_dir()) {
            return Ok(self.skip(path, reason));
        }
        let target = if entry.path_is_symlink() { Some(target_of(entry.path())?) } else { None };
        if target.as_ref().is_some_and(|target| !target.starts_with(&self.root)) {
            return Ok(self.skip(path, SkipReason::LeadsOutside));
        }
        if kind.is_dir() {
            self.entered = Some((path, entry.depth()));
        } else if kind.is_file() {
            self.file(path, target.as_deref())?;
        } else {
            return Ok(self.skip(path, SkipReason::Special));
        }
        Ok(true)
    }

    fn file(&mut self, path: PathBuf, target: Option<&Path>) -> Result<(), PackError> {
        if self.walked.files.len() == self.max_files {
            return Err(PackError::TooMany { limit: self.max_files });
        }
        let found = FoundFile::at(&self.root, &path)?;
        self.manifest = self.manifest.saturating_add(to_u64(found.path.len())).saturating_add(ENTRY_BYTES);
        if self.manifest > self.max_manifest {
            return Err(PackError::ManifestTooLong { limit: self.max_manifest });
        }
        if self.rules.refuses(&found, target)? {
            self.secrets.push(path);
        }
        self.walked.files.push(found);
        Ok(())
    }

    /// Takes an error about an entry. Of a link, the target was not found; everything else was to be published and cannot be read.
    fn failure(&mut self, error: walkdir::Error) -> Result<(), PackError> {
        self.meet(error.depth());
        let disk = error.path().map(Path::to_owned).unwrap_or_default();
        let path = self.relative(&disk);
        let is_link = disk.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let left_out = self.rules.leaves_out(&path, false);
        match left_out.or_else(|| reason_of(is_link, error.io_error().map(io::Error::kind))) {
            Some(reason) => self.skip(path, reason),
            None => {
                return Err(PackError::io(disk)(error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into())));
            }
        };
        Ok(())
    }

    /// Skips an entry; returns false, because it is not published.
    fn skip(&mut self, path: PathBuf, reason: SkipReason) -> bool {
        self.walked.skipped.push(Skipped { path, reason });
        false
    }

    /// Something at this depth comes next. If it is not in the folder that was entered last, that one is empty.
    fn meet(&mut self, depth: usize) {
        if let Some((path, _)) = self.entered.take().filter(|(_, entered)| depth <= *entered) {
            self.skip(path, SkipReason::EmptyFolder);
        }
    }

    fn relative(&self, disk: &Path) -> PathBuf {
        disk.strip_prefix(&self.root).unwrap_or(disk).to_owned()
    }

    fn finish(mut self, root: &Path) -> Result<Walked, PackError> {
        self.meet(0);
        let Self { mut walked, mut secrets, .. } = self;
        walked.skipped.sort();
        if !secrets.is_empty() {
            secrets.sort();
            return Err(PackError::Secrets { paths: secrets });
        }
        if walked.files.is_empty() {
            return Err(PackError::Empty { root: root.to_owned(), skipped: walked.skipped.len() });
        }
        walked.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walked)
    }
}

/// The path that a link leads to.
fn target_of(link: &Path) -> Result<PathBuf, PackError> {
    link.canonicalize().map_err(PackError::io(link))
}

/// Why an entry that could not be looked at is skipped; `None` if it is an error. `kind` is `None` where links go in a circle.
fn reason_of(is_link: bool, kind: Option<io::ErrorKind>) -> Option<SkipReason> {
    match (is_link, kind) {
        (_, None) => Some(SkipReason::Loop),
        // Its target may exist, and may be meant to be published.
        (true, Some(io::ErrorKind::PermissionDenied)) => None,
        // Also two links that lead to each other.
        (true, Some(_)) => Some(SkipReason::Dangling),
        (false, Some(_)) => None,
    }
}

#[cfg(test)]
mod tests;
