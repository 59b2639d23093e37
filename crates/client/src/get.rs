//! Fetches files of a site to the disk; each appears complete or not at all.

use crate::{error::SiteError, pack::ContentHasher, site::Site};
use futures::TryStreamExt;
use meganet_primitives::{
    convert::to_u64,
    manifest::{Entry, check_path},
};
use meganet_transfer::{
    FetchError,
    progress::{Progress, Stage},
};
use meganet_wallet::files;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

/// The amount that was fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Site {
    /// The file that a link's path means: that file, or the only one if the path is empty.
    ///
    /// # Errors
    /// [`SiteError::NoSuchFile`] or [`SiteError::NotOneFile`].
    pub fn one_entry(&self, path: &str) -> Result<&Entry, SiteError> {
        if !path.is_empty() {
            return self.entry(path).ok_or(SiteError::NoSuchFile { path: path.to_owned() });
        }
        match self.manifest().entries.as_slice() {
            [entry] => Ok(entry),
            entries => Err(SiteError::NotOneFile { files: entries.len() }),
        }
    }

    /// Fetches a file. It appears under `to` (in place of what is there) when it is complete and its digest is right.
    ///
    /// # Errors
    /// Those of reading, [`SiteError::WrongContent`] and [`SiteError::Io`].
    pub async fn get(&self, entry: &Entry, to: &Path, progress: &dyn Progress) -> Result<Fetched, SiteError> {
        progress.begin(Stage::Fetching, Some(entry.size));
        self.fetch_file(entry, to, progress).await
    }

    /// Fetches the files below a folder of the site (`""` is all of it) into a folder here.
    ///
    /// # Errors
    /// Those of [`Site::get`], [`SiteError::NoSuchFile`] where there are none, [`SiteError::UnusablePath`].
    pub async fn get_tree(&self, folder: &str, to: &Path, progress: &dyn Progress) -> Result<Fetched, SiteError> {
        let folder = folder.trim_end_matches('/');
        let entries: Vec<&Entry> = self.manifest().below(folder).collect();
        if entries.is_empty() {
            return Err(SiteError::NoSuchFile { path: folder.to_owned() });
        }
        progress.begin(Stage::Fetching, Some(entries.iter().map(|entry| entry.size).sum()));
        let mut fetched = Fetched::default();
        for entry in entries {
            let below = entry.path.strip_prefix(folder).unwrap_or(&entry.path).trim_start_matches('/');
            let one = self.fetch_file(entry, &join(to, below)?, progress).await?;
            fetched.files += one.files;
            fetched.bytes = fetched.bytes.saturating_add(one.bytes);
        }
        Ok(fetched)
    }

    async fn fetch_file(&self, entry: &Entry, to: &Path, progress: &dyn Progress) -> Result<Fetched, SiteError> {
        let path = to.to_owned();
        let mut file = spawn_blocking(move || Download::begin(path)).await.map_err(|_| FetchError::Interrupted)??;
        let mut hasher = ContentHasher::default();
        let mut stream = self.read(entry, 0..entry.size);
        while let Some(part) = stream.try_next().await? {
            progress.advance(to_u64(part.len()));
            let write = move || {
                hasher.update(&part);
                file.write(&part).map(|()| (file, hasher))
            };
            (file, hasher) = spawn_blocking(write).await.map_err(|_| FetchError::Interrupted)??;
        }
        if hasher.finish() != entry.hash {
            return Err(SiteError::WrongContent { path: entry.path.clone() });
        }
        let (mode, mtime) = (entry.mode, entry.mtime);
        spawn_blocking(move || file.finish(mode, mtime)).await.map_err(|_| FetchError::Interrupted)??;
        Ok(Fetched { files: 1, bytes: entry.size })
    }
}

/// A file that is being written next to its destination.
struct Download {
    file: NamedTempFile,
    to: PathBuf,
}

impl Download {
    fn begin(to: PathBuf) -> Result<Self, SiteError> {
        let dir = files::dir_of(&to);
        std::fs::create_dir_all(dir).map_err(SiteError::io(dir))?;
        let file = NamedTempFile::new_in(dir).map_err(SiteError::io(&to))?;
        Ok(Self { file, to })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SiteError> {
        self.file.write_all(bytes).map_err(SiteError::io(&self.to))
    }

    fn finish(self, mode: u32, mtime: i64) -> Result<(), SiteError> {
        let Self { file, to } = self;
        set_attributes(file.as_file(), mode, mtime).map_err(SiteError::io(&to))?;
        file.persist(&to).map_err(|error| SiteError::Io { path: to, source: error.error })?;
        Ok(())
    }
}

fn set_attributes(file: &std::fs::File, mode: u32, mtime: i64) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A stranger's file gets no set-uid bit, and can always be read and replaced by its new owner.
        file.set_permissions(std::fs::Permissions::from_mode((mode & 0o777) | 0o600))?;
    }
    #[cfg(not(unix))]
    let _ = mode;
    let since = std::time::Duration::from_secs(mtime.unsigned_abs());
    let time =
        if mtime < 0 { std::time::UNIX_EPOCH.checked_sub(since) } else { std::time::UNIX_EPOCH.checked_add(since) };
    match time {
        Some(time) => file.set_modified(time),
        None => Ok(()),
    }
}

/// A path of the site below a folder here. Manifests are checked when they are read; this is the last line.
fn join(folder: &Path, path: &str) -> Result<PathBuf, SiteError> {
    let unusable = || SiteError::UnusablePath { path: path.to_owned() };
    check_path(path).map_err(|_| unusable())?;
    // Where it separates folders it could lead anywhere; so could a drive.
    if cfg!(windows) && path.contains(['\\', ':']) {
        return Err(unusable());
    }
    Ok(folder.join(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_stay_below_the_folder() {
        let folder = Path::new("out");
        assert_eq!(join(folder, "a/b").unwrap(), Path::new("out/a/b"));
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "."] {
            assert!(matches!(join(folder, path), Err(SiteError::UnusablePath { .. })), "{path}");
        }
    }
}
