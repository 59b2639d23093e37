//! The files of a folder, in the order of their paths.

use super::PackError;
use codec::{Decode, Encode};
use meganet_primitives::manifest::check_path;
use std::{
    fs::Metadata,
    io,
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};
use walkdir::{DirEntry, WalkDir};

/// The most files of one site: keeps manifests and memory bounded.
pub const MAX_FILES: usize = 1_000_000;
/// The deepest nesting of folders.
const MAX_DEPTH: usize = 256;

/// A file of the folder.
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

/// Something that is in the folder and is not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its path on the disk.
    pub path: PathBuf,
    /// Why.
    pub reason: SkipReason,
}

/// Why something is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// A symbolic link out of the folder: publishing what it leads to might publish a secret.
    #[error("it is a link that leads out of the folder")]
    LeadsOutside,
    /// A symbolic link to nothing.
    #[error("it is a link that leads nowhere")]
    Dangling,
    /// A symbolic link to a folder that it lies in.
    #[error("it is a link to a folder that contains it")]
    Loop,
    /// A device, socket or pipe.
    #[error("it is neither a file nor a folder")]
    Special,
}

/// The content of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Its files, sorted by path.
    pub files: Vec<FoundFile>,
    /// Entries that are not published.
    pub skipped: Vec<Skipped>,
}

/// Lists the files of a folder. The result depends on the folder alone, not on the order in which the disk lists it.
///
/// # Errors
/// [`PackError`] if it is not a folder, has no files or too many, or an entry cannot be read or named.
pub fn walk(root: &Path) -> Result<Walked, PackError> {
    let real = root.canonicalize().map_err(PackError::io(root))?;
    if !real.is_dir() {
        return Err(PackError::NotAFolder(root.to_owned()));
    }
    let mut walked = Walked::default();
    let mut entries = WalkDir::new(&real).follow_links(true).min_depth(1).max_depth(MAX_DEPTH).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                walked.skipped.push(skippable(error)?);
                continue;
            }
        };
        if entry.path_is_symlink() && !leads_inside(&entry, &real)? {
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
            walked.skipped.push(Skipped { path: entry.into_path(), reason: SkipReason::LeadsOutside });
        } else if entry.file_type().is_file() {
            if walked.files.len() == MAX_FILES {
                return Err(PackError::TooMany { limit: MAX_FILES });
            }
            walked.files.push(FoundFile::at(entry.path(), &real)?);
        } else if !entry.file_type().is_dir() {
            walked.skipped.push(Skipped { path: entry.into_path(), reason: SkipReason::Special });
        }
    }
    if walked.files.is_empty() {
        return Err(PackError::Empty(root.to_owned()));
    }
    walked.files.sort_by(|a, b| a.path.cmp(&b.path));
    walked.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walked)
}

/// A single file, named in its site by its file name.
///
/// # Errors
/// As [`walk`].
pub(crate) fn single(file: &Path) -> Result<FoundFile, PackError> {
    let real = file.canonicalize().map_err(PackError::io(file))?;
    if !real.is_file() {
        return Err(PackError::NotAFile(file.to_owned()));
    }
    // The name that was asked for, not that of what a link leads to.
    let name = file.file_name().or(real.file_name()).map(Path::new).unwrap_or(Path::new("file"));
    let path = site_path(name).map_err(|reason| PackError::Name { path: file.to_owned(), reason })?;
    let metadata = real.metadata().map_err(PackError::io(file))?;
    Ok(FoundFile::new(path, real, &metadata))
}

impl FoundFile {
    fn at(disk: &Path, root: &Path) -> Result<Self, PackError> {
        let refuse = |reason: String| PackError::Name { path: disk.to_owned(), reason };
        let relative = disk.strip_prefix(root).map_err(|e| refuse(e.to_string()))?;
        let path = site_path(relative).map_err(refuse)?;
        let metadata = disk.metadata().map_err(PackError::io(disk))?;
        Ok(Self::new(path, disk.to_owned(), &metadata))
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

/// The path in the site, or the reason why there is none.
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

/// Whether a link's target lies in the folder.
fn leads_inside(entry: &DirEntry, root: &Path) -> Result<bool, PackError> {
    let target = entry.path().canonicalize().map_err(PackError::io(entry.path()))?;
    Ok(target.starts_with(root))
}

/// The entry that an error is about, if it can be skipped and reported; otherwise the error.
fn skippable(error: walkdir::Error) -> Result<Skipped, PackError> {
    let path = error.path().map(Path::to_owned).unwrap_or_default();
    if error.loop_ancestor().is_some() {
        return Ok(Skipped { path, reason: SkipReason::Loop });
    }
    let is_link = path.symlink_metadata().is_ok_and(|m| m.is_symlink());
    match error.into_io_error() {
        Some(e) if is_link && e.kind() == io::ErrorKind::NotFound => Ok(Skipped { path, reason: SkipReason::Dangling }),
        // Two links that lead to each other.
        Some(_) if is_link && path.canonicalize().is_err() => Ok(Skipped { path, reason: SkipReason::Dangling }),
        Some(source) => Err(PackError::Io { path, source }),
        None => Ok(Skipped { path, reason: SkipReason::Loop }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    fn put(root: &Path, path: &str, content: &[u8]) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn lists_odd_names_in_the_order_of_their_paths() {
        let dir = tempfile::tempdir().unwrap();
        let names =
            ["z", "a/b/c.txt", "a.txt", "日本語/ü ö.html", " leading", "q?x=1#y%20", "back\\slash", "new\nline", "🦀"];
        for name in names {
            put(dir.path(), name, name.as_bytes());
        }
        let walked = walk(dir.path()).unwrap();
        let mut expected: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
        expected.sort();
        assert_eq!(walked.files.iter().map(|f| f.path.clone()).collect::<Vec<_>>(), expected);
        assert!(walked.skipped.is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn links_inside_are_copies_and_others_are_skipped() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("site"), dir.path().join("secret"));
        put(&root, "v1/page.html", b"one");
        fs::write(&outside, b"secret").unwrap();
        symlink("v1", root.join("latest")).unwrap();
        symlink("v1/page.html", root.join("index.html")).unwrap();
        symlink(&outside, root.join("leak")).unwrap();
        symlink("/", root.join("everything")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("..", root.join("v1/up")).unwrap();
        symlink(".", root.join("v1/self")).unwrap();
        let walked = walk(&root).unwrap();
        let paths: Vec<_> = walked.files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["index.html", "latest/page.html", "v1/page.html"]);
        let reason = |name: &str| {
            walked.skipped.iter().find(|s| s.path.ends_with(name)).map(|s| s.reason).unwrap_or_else(|| panic!("{name}"))
        };
        assert_eq!(reason("leak"), SkipReason::LeadsOutside);
        assert_eq!(reason("everything"), SkipReason::LeadsOutside);
        assert_eq!(reason("dangling"), SkipReason::Dangling);
        assert_eq!(reason("self"), SkipReason::Loop);
    }

    #[test]
    #[cfg(unix)]
    fn refuses_names_that_are_not_unicode_and_folders_without_files() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(walk(dir.path()), Err(PackError::Empty(_))));
        assert!(matches!(walk(&dir.path().join("none")), Err(PackError::Io { .. })));
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), b"x").unwrap();
        assert!(walk(dir.path()).unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    #[cfg(unix)]
    fn modes_say_only_whether_a_file_is_executable() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "run", b"#!/bin/sh");
        put(dir.path(), "text", b"text");
        fs::set_permissions(dir.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(dir.path().join("text"), fs::Permissions::from_mode(0o600)).unwrap();
        let modes: Vec<_> = walk(dir.path()).unwrap().files.iter().map(|f| f.mode).collect();
        assert_eq!(modes, [0o755, 0o644]);
        assert_eq!(single(&dir.path().join("run")).unwrap().path, "run");
        assert!(matches!(single(dir.path()), Err(PackError::NotAFile(_))));
    }
}
