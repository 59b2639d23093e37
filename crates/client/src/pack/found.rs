//! A file that was found on the disk, and the stamp that detects its changes.

use super::PackError;
use codec::{Decode, Encode};
use meganet_primitives::manifest::check_path;
use std::{
    fs::Metadata,
    io::ErrorKind,
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};

/// A file to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path in the site: relative, `/` between the parts.
    pub path: String,
    /// Its path on the disk.
    pub disk: PathBuf,
    /// Detects changes.
    pub stamp: Stamp,
    /// Its time of change in seconds since 1970.
    pub mtime: i64,
    /// Its permissions, reduced to 0o755 where its owner may execute it and 0o644 where not.
    pub mode: u32,
}

/// The metadata that changes when a file is written to. An equal stamp means an unchanged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Time of change of the content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Time of change of anything about the file, in nanoseconds since 1970; cannot be set back by programs.
    pub ctime_ns: i64,
    /// Its number in the file system.
    pub inode: u64,
}

/// A single file, named in its site by its file name.
///
/// # Errors
/// [`PackError`] if it is not a regular file, cannot be read, or has a name that a manifest cannot hold.
pub(crate) fn single(file: &Path) -> Result<FoundFile, PackError> {
    // Before its path is resolved: that of a pipe, as in `/dev/stdin`, leads nowhere.
    let metadata = file.metadata().map_err(PackError::unopened(file))?;
    if metadata.is_dir() {
        return Err(PackError::IsAFolder(file.to_owned()));
    }
    if !metadata.is_file() {
        return Err(PackError::NotStorable(file.to_owned()));
    }
    let real = match file.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(PackError::NotStorable(file.to_owned())),
        other => other.map_err(PackError::unopened(file))?,
    };
    // The name that was asked for, not that of what a link leads to.
    let name = file.file_name().or(real.file_name()).map(Path::new).unwrap_or(Path::new("file"));
    let path = site_path(name).map_err(|reason| PackError::Name { path: file.to_owned(), reason })?;
    Ok(FoundFile::new(path, real, &metadata))
}

/// Checks a name that was chosen for a single file.
///
/// # Errors
/// [`PackError::PutName`].
pub(crate) fn check_name(name: &str) -> Result<(), PackError> {
    let refuse = |reason: String| PackError::PutName { name: name.to_owned(), reason };
    if name.contains('/') {
        return Err(refuse("it has a slash".to_owned()));
    }
    site_path(Path::new(name)).map(drop).map_err(refuse)
}

impl FoundFile {
    /// The same file under a name of its own.
    ///
    /// # Errors
    /// Those of [`check_name`].
    pub(crate) fn named(self, name: &str) -> Result<Self, PackError> {
        check_name(name)?;
        Ok(Self { path: name.to_owned(), ..self })
    }

    /// The file at `relative` in the folder `root`.
    pub(super) fn at(root: &Path, relative: &Path) -> Result<Self, PackError> {
        let refuse = |reason: String| PackError::Name { path: relative.to_owned(), reason };
        let path = site_path(relative).map_err(refuse)?;
        let disk = root.join(relative);
        let metadata = disk.metadata().map_err(PackError::io(&disk))?;
        Ok(Self::new(path, disk, &metadata))
    }

    fn new(path: String, disk: PathBuf, metadata: &Metadata) -> Self {
        let stamp = Stamp::of(metadata);
        let mtime = stamp.mtime_ns.div_euclid(1_000_000_000);
        Self { path, disk, stamp, mtime, mode: mode_of(metadata) }
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.stamp.size
    }
}

impl Stamp {
    /// The stamp of a file.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            size: metadata.len(),
            mtime_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// The stamp of a file.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let changed = metadata.modified().unwrap_or(UNIX_EPOCH).duration_since(UNIX_EPOCH).unwrap_or_default();
        let mtime_ns = i64::try_from(changed.as_nanos()).unwrap_or(i64::MAX);
        Self { size: metadata.len(), mtime_ns, ctime_ns: mtime_ns, inode: 0 }
    }

    /// Whether the file was at rest for a while before `now` (nanoseconds since 1970): one that was just written may be
    /// written again within the same tick of the file system's clock, and look the same.
    pub(crate) fn settled(&self, now: i64) -> bool {
        const A_WHILE: i64 = 2_000_000_000;
        self.mtime_ns.max(self.ctime_ns) < now.saturating_sub(A_WHILE)
    }
}

/// Nanoseconds since 1970.
pub(crate) fn now_ns() -> i64 {
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(unix)]
fn mode_of(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 }
}

#[cfg(not(unix))]
fn mode_of(_: &Metadata) -> u32 {
    0o644
}

/// Returns the path in the site, or the reason why a file cannot have one.
fn site_path(relative: &Path) -> Result<String, String> {
    let mut path = String::new();
    for part in relative.components() {
        let Component::Normal(part) = part else { return Err("it is not a plain path".into()) };
        let part = part.to_str().ok_or("its name is not Unicode (UTF-8)")?;
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(part);
    }
    check_path(&path).map_err(|e| e.to_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    #[cfg(unix)]
    fn modes_say_only_whether_a_file_is_executable() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("run");
        fs::write(&file, b"#!/bin/sh").unwrap();
        for (mode, published) in [(0o700, 0o755), (0o600, 0o644)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let found = single(&file).unwrap();
            assert_eq!((found.path.as_str(), found.mode), ("run", published));
        }
    }

    #[test]
    #[cfg(unix)]
    fn only_a_regular_file_is_put_and_a_folder_is_to_be_published() {
        let dir = tempfile::tempdir().unwrap();
        let folder = single(dir.path()).unwrap_err();
        assert!(
            matches!(folder, PackError::IsAFolder(_)) && folder.to_string().contains("meganet publish"),
            "{folder}"
        );
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let refused = single(&socket).unwrap_err();
        assert!(
            matches!(refused, PackError::NotStorable(_)) && refused.to_string().contains("put - --name"),
            "{refused}"
        );
        assert!(matches!(single(Path::new("/dev/null")), Err(PackError::NotStorable(_))));
        assert!(matches!(single(&dir.path().join("none")), Err(PackError::Unopened { .. })));
    }

    /// As `/dev/stdin`, which is a link to one of these.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_and_a_deleted_file_are_not_taken_for_missing_files() {
        use std::os::fd::AsRawFd;
        let (reader, _writer) = std::io::pipe().unwrap();
        let deleted = tempfile::tempfile().unwrap();
        for number in [reader.as_raw_fd(), deleted.as_raw_fd()] {
            let path = format!("/proc/self/fd/{number}");
            assert!(matches!(single(Path::new(&path)), Err(PackError::NotStorable(_))), "{path}");
        }
    }

    #[test]
    fn a_chosen_name_is_one_that_a_file_in_a_folder_can_have() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"x").unwrap();
        let found = single(&file).unwrap();
        let named = found.clone().named("a b.txt").unwrap();
        assert_eq!((named.path.as_str(), &named.disk, named.stamp), ("a b.txt", &found.disk, found.stamp));
        for wrong in ["", ".", "..", "a/b", "/a", "a/"] {
            let refused = found.clone().named(wrong).unwrap_err();
            assert!(refused.to_string().contains("--name"), "{wrong}: {refused}");
        }
    }

    #[test]
    fn paths_of_the_disk_become_paths_of_the_site() {
        assert_eq!(site_path(Path::new("a/b c/d")).as_deref(), Ok("a/b c/d"));
        for wrong in ["", "/a", "../a"] {
            assert!(site_path(Path::new(wrong)).is_err(), "{wrong}");
        }
        let long = vec!["x".repeat(200); 21].join("/");
        assert!(site_path(Path::new(&long)).unwrap_err().contains("4096"));
    }
}
