//! Fetches files of a site to the disk; each appears complete or not at all.

mod collide;
mod place;

pub use place::Existing;

use self::place::{check, hidden, join, mode};
use crate::{
    error::SiteError,
    pack::{ContentHasher, Names},
    site::Site,
};
use futures::TryStreamExt;
use meganet_primitives::{convert::to_u64, manifest::Entry};
use meganet_transfer::{
    FetchError,
    progress::{Progress, Stage},
};
use meganet_wallet::files;
use std::{
    collections::BTreeSet,
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

    /// Fetches a file. It appears under `to` when it is complete and its digest is right.
    ///
    /// # Errors
    /// Before anything is fetched, [`SiteError::Exists`] and others about the place; then those of reading,
    /// [`SiteError::WrongContent`] and [`SiteError::Io`].
    pub async fn get(
        &self,
        entry: &Entry,
        to: &Path,
        existing: Existing,
        progress: &dyn Progress,
    ) -> Result<Fetched, SiteError> {
        let file = to.to_owned();
        blocking(move || check(files::dir_of(&file), std::iter::once(file.as_path()), existing)).await?;
        progress.begin(Stage::Fetching, Some(entry.size));
        let fetched = self.fetch_file(entry, to, existing, progress).await?;
        sync_dirs([files::dir_of(to).to_owned()].into()).await?;
        Ok(fetched)
    }

    /// Fetches the files below a folder of the site (`""` is all of it) into a folder here, which need not exist. Files and folders
    /// there with other names stay. After an error, the files that are there are complete.
    ///
    /// Hidden files are fetched too, and a note names them: other programs may act on them, as `git` does on `.git/config`.
    ///
    /// # Errors
    /// Before anything is fetched, [`SiteError::NoSuchFile`] where there are no files below, [`SiteError::UnusablePath`],
    /// [`SiteError::SameName`], [`SiteError::Exists`] and others about the place; then those of [`Site::get`].
    pub async fn get_tree(
        &self,
        folder: &str,
        to: &Path,
        existing: Existing,
        progress: &dyn Progress,
    ) -> Result<Fetched, SiteError> {
        let folder = folder.trim_end_matches('/');
        let below =
            |entry: &Entry| join(to, entry.path.strip_prefix(folder).unwrap_or_default().trim_start_matches('/'));
        let entries: Vec<(&Entry, PathBuf)> =
            self.manifest().below(folder).map(|entry| Ok((entry, below(entry)?))).collect::<Result<_, SiteError>>()?;
        if entries.is_empty() {
            return Err(SiteError::NoSuchFile { path: folder.to_owned() });
        }
        let (root, places) = (to.to_owned(), entries.iter().map(|(_, place)| place.clone()).collect::<Vec<_>>());
        let checking = move || {
            check(&root, places.iter().map(PathBuf::as_path), existing)?;
            collide::check(&root, places.iter().map(PathBuf::as_path))
        };
        blocking(checking).await?;
        let hidden = hidden(entries.iter().filter_map(|(entry, _)| entry.path.strip_prefix(folder)));
        if !hidden.is_empty() {
            let hidden: Vec<&str> = hidden.into_iter().map(|path| path.trim_start_matches('/')).collect();
            progress
                .note(&format!("hidden files are fetched too, and other programs may act on them: {}", Names(&hidden)));
        }
        progress.begin(Stage::Fetching, Some(entries.iter().fold(0, |sum, (entry, _)| entry.size.saturating_add(sum))));
        let mut fetched = Fetched::default();
        let mut dirs = BTreeSet::new();
        for (entry, place) in entries {
            let one = self.fetch_file(entry, &place, existing, progress).await?;
            fetched.files += one.files;
            fetched.bytes = fetched.bytes.saturating_add(one.bytes);
            dirs.insert(files::dir_of(&place).to_owned());
        }
        sync_dirs(dirs).await?;
        Ok(fetched)
    }

    async fn fetch_file(
        &self,
        entry: &Entry,
        to: &Path,
        existing: Existing,
        progress: &dyn Progress,
    ) -> Result<Fetched, SiteError> {
        let (path, mode) = (to.to_owned(), mode(entry.mode));
        let mut file = blocking(move || Download::begin(path, mode)).await?;
        let mut hasher = ContentHasher::default();
        let mut stream = self.read(entry, 0..entry.size);
        while let Some(part) = stream.try_next().await? {
            progress.advance(to_u64(part.len()));
            let write = move || {
                hasher.update(&part);
                file.write(&part).map(|()| (file, hasher))
            };
            (file, hasher) = blocking(write).await?;
        }
        if hasher.finish() != entry.hash {
            return Err(SiteError::WrongContent { path: entry.path.clone() });
        }
        let mtime = entry.mtime;
        blocking(move || file.finish(mtime, existing)).await?;
        Ok(Fetched { files: 1, bytes: entry.size })
    }
}

/// Runs blocking work on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SiteError> + Send + 'static,
) -> Result<T, SiteError> {
    spawn_blocking(work).await.map_err(|_| FetchError::Interrupted)?
}

/// Makes the names of files durable, as their content already is.
async fn sync_dirs(dirs: BTreeSet<PathBuf>) -> Result<(), SiteError> {
    let sync =
        |dir: PathBuf| std::fs::File::open(&dir).and_then(|opened| opened.sync_all()).map_err(SiteError::io(dir));
    blocking(move || dirs.into_iter().try_for_each(sync)).await
}

/// A file that is being written next to its destination.
struct Download {
    file: NamedTempFile,
    to: PathBuf,
}

impl Download {
    fn begin(to: PathBuf, mode: u32) -> Result<Self, SiteError> {
        let dir = files::dir_of(&to);
        std::fs::create_dir_all(dir).map_err(SiteError::io(dir))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".meganet-");
        #[cfg(unix)]
        let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        let file = builder.tempfile_in(dir).map_err(SiteError::io(&to))?;
        Ok(Self { file, to })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SiteError> {
        self.file.write_all(bytes).map_err(SiteError::io(&self.to))
    }

    fn finish(self, mtime: i64, existing: Existing) -> Result<(), SiteError> {
        let Self { file, to } = self;
        set_time(file.as_file(), mtime).and_then(|()| file.as_file().sync_all()).map_err(SiteError::io(&to))?;
        let placed = match existing {
            // Also one that has appeared since it was checked.
            Existing::Refuse => file.persist_noclobber(&to),
            Existing::Replace => file.persist(&to),
        };
        match placed.map_err(|error| error.error) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(SiteError::Exists { path: to }),
            Err(error) => Err(SiteError::io(to)(error)),
        }
    }
}

fn set_time(file: &std::fs::File, mtime: i64) -> io::Result<()> {
    let since = std::time::Duration::from_secs(mtime.unsigned_abs());
    let time =
        if mtime < 0 { std::time::UNIX_EPOCH.checked_sub(since) } else { std::time::UNIX_EPOCH.checked_add(since) };
    match time {
        Some(time) => file.set_modified(time),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_download_appears_when_it_is_complete_and_replaces_only_on_request() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("new/file");
        let download = |bytes: &[u8], existing| {
            let mut file = Download::begin(to.clone(), 0o644).unwrap();
            file.write(bytes).unwrap();
            let before = std::fs::read(&to).ok();
            (before, file.finish(1, existing))
        };
        let (before, done) = download(b"first", Existing::Refuse);
        done.unwrap();
        assert_eq!((before, std::fs::read(&to).unwrap()), (None, b"first".to_vec()));
        // As if it had appeared while this one was fetched.
        assert!(matches!(download(b"second", Existing::Refuse).1, Err(SiteError::Exists { .. })));
        assert_eq!(std::fs::read(&to).unwrap(), b"first");
        let (before, done) = download(b"third", Existing::Replace);
        done.unwrap();
        assert_eq!((before, std::fs::read(&to).unwrap()), (Some(b"first".to_vec()), b"third".to_vec()));
        assert_eq!(std::fs::read_dir(dir.path().join("new")).unwrap().count(), 1, "temporary files are left");
    }

    #[test]
    fn a_download_that_is_given_up_while_a_thread_writes_it_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("file");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut file = blocking(move || Download::begin(to, 0o644)).await.unwrap();
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let (resume, resumed) = std::sync::mpsc::channel::<()>();
            let writing = blocking(move || {
                begun.send(()).unwrap();
                resumed.recv().unwrap();
                file.write(b"part").map(|()| file)
            });
            tokio::select! {
                _ = writing => panic!("the thread has not been resumed"),
                begun = has_begun => begun.unwrap(),
            }
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the file is being written");
            resume.send(()).unwrap();
        });
        // As at the end of a program: it waits for the thread.
        drop(runtime);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    #[cfg(unix)]
    fn a_downloaded_file_is_executable_only_as_published_and_writable_for_nobody_else() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        for (published, executable) in [(0o4777, 0o100), (0o666, 0)] {
            let to = dir.path().join(format!("{published:o}"));
            Download::begin(to.clone(), mode(published)).unwrap().finish(1, Existing::Refuse).unwrap();
            let mode = std::fs::metadata(&to).unwrap().permissions().mode() & 0o7777;
            assert_eq!((mode & 0o7122, mode & 0o600), (executable, 0o600), "{mode:o}");
        }
    }
}
