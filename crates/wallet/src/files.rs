//! Durable files: written next to their destination, synced, and renamed into place.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// Bytes of an id that are in names of files and folders.
const NAME_LEN: usize = 12;

/// Creates a folder, and those above it, accessible to its owner only. A folder that exists is left as it is.
///
/// # Errors
/// Those of the file system.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Writes a file that must not exist yet, readable by its owner only. After an error or a crash it is complete or absent.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and those of the file system.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = filled(path, bytes)?;
    file.persist_noclobber(path).map_err(|e| e.error)?;
    sync_dir_of(path)
}

/// Writes or replaces a file, readable by its owner only. After an error or a crash it has either the old or the new content.
///
/// # Errors
/// Those of the file system.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = filled(path, bytes)?;
    file.persist(path).map_err(|e| e.error)?;
    sync_dir_of(path)
}

/// The first bytes of an id (of a chain, an account, or a digest) in hex, for the name of a file or folder.
pub fn short_hex(id: &[u8; 32]) -> String {
    hex::encode(&id[..NAME_LEN])
}

/// Locks a file, which is created if need be, until the returned handle is dropped or the process ends. `None` if it is locked already,
/// by this process or by another one.
///
/// # Errors
/// Those of the file system.
pub fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Syncs a file's folder, so that the file's entry in it is durable.
///
/// # Errors
/// Those of the file system.
pub fn sync_dir_of(path: &Path) -> io::Result<()> {
    File::open(dir_of(path))?.sync_all()
}

/// The folder that a path is in; `.` for a bare name.
pub fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// A synced temporary file next to `path` (mode 0600, which `tempfile` gives on Unix).
fn filled(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(dir_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_existing_file_is_replaced_only_on_request() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_new(&path, b"first").unwrap();
        assert_eq!(write_new(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn names_of_files_have_the_first_bytes_of_an_id() {
        let mut id = [0xab; 32];
        id[12..].fill(0);
        assert_eq!(short_hex(&id), "ab".repeat(12));
    }

    #[test]
    fn a_file_is_locked_by_one_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = lock(&path).unwrap();
        assert!(held.is_some() && lock(&path).unwrap().is_none());
        drop(held);
        assert!(lock(&path).unwrap().is_some());
        assert!(lock(&dir.path().join("missing/lock")).is_err());
    }
}
