//! Where fetched files go, and what is in their way there. Checked before the first byte is fetched.

use crate::{
    error::SiteError,
    portable::{System, refusal},
};
use meganet_primitives::manifest::check_path;
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// How files that exist are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They are an error, and nothing is fetched.
    Refuse,
    /// They are replaced, each when the new one is complete. Folders never are.
    Replace,
}

/// Checks that files can be written to these paths, all below the folder `root`, which may be missing.
///
/// Only `root` may be reached through a link: a link below it would lead to a place that was not asked for.
///
/// # Errors
/// [`SiteError::Exists`], [`SiteError::IsAFolder`], [`SiteError::NotAFolder`], and [`SiteError::Io`] where a folder is not writable.
pub(super) fn check<'a>(
    root: &Path,
    files: impl Iterator<Item = &'a Path>,
    existing: Existing,
) -> Result<(), SiteError> {
    let mut folders = BTreeSet::new();
    for file in files {
        folders.extend(file.ancestors().skip(1).take_while(|folder| *folder != root && !folder.as_os_str().is_empty()));
        match fs::symlink_metadata(file) {
            Ok(found) if found.is_dir() => return Err(SiteError::IsAFolder { path: file.to_owned() }),
            Ok(_) if existing == Existing::Refuse => return Err(SiteError::Exists { path: file.to_owned() }),
            Ok(_) => {}
            // A file where a folder should be is found below.
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(SiteError::io(file)(error)),
        }
    }
    check_writable(nearest(root)?)?;
    for folder in folders {
        match fs::symlink_metadata(folder) {
            Ok(found) if found.is_dir() => check_writable(folder)?,
            Ok(_) => return Err(SiteError::NotAFolder { path: folder.to_owned() }),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(SiteError::io(folder)(error)),
        }
    }
    Ok(())
}

/// The folder that exists and in which `root` is, or would be created.
pub(super) fn nearest(root: &Path) -> Result<&Path, SiteError> {
    for folder in root.ancestors() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => return Ok(folder),
            Ok(_) => return Err(SiteError::NotAFolder { path: folder.to_owned() }),
            // A link to nothing cannot become a folder.
            Err(error) if is_missing(&error) && folder.is_symlink() => {
                return Err(SiteError::NotAFolder { path: folder.to_owned() });
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(SiteError::io(folder)(error)),
        }
    }
    Ok(Path::new("."))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Only writing shows whether it is allowed: permissions, read-only file systems and quotas all count.
fn check_writable(folder: &Path) -> Result<(), SiteError> {
    NamedTempFile::new_in(folder).map(drop).map_err(SiteError::io(folder))
}

/// A path of the site below a folder here. Manifests are checked when they are read; this is the last line.
pub(super) fn join(folder: &Path, path: &str) -> Result<PathBuf, SiteError> {
    let unusable = |reason: String| SiteError::UnusablePath { path: path.to_owned(), reason };
    check_path(path).map_err(|error| unusable(error.to_string()))?;
    match refusal(path, System::HERE) {
        Some(reason) => Err(unusable(reason)),
        None => Ok(folder.join(path)),
    }
}

/// Permissions of a fetched file: what programs give to new files, from which the umask takes away, and executable where its
/// publisher could execute it. A stranger's file gets no set-uid bit, and is writable for nobody else.
pub(super) fn mode(published: u32) -> u32 {
    if published & 0o100 == 0 { 0o644 } else { 0o755 }
}

/// Paths with a hidden part, which other programs may act on without being asked, such as `.git/config` or `.bashrc`.
pub(super) fn hidden<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    paths.filter(|path| path.split('/').any(|part| part.starts_with('.') && part != ".well-known")).collect()
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

    #[test]
    fn whatever_is_in_the_way_is_an_error_and_nothing_is_left_behind() {
        use Existing::{Refuse, Replace};
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("out");
        fs::create_dir_all(root.join("folder")).unwrap();
        fs::write(root.join("file"), b"old").unwrap();
        let check = |root: &Path, path: &str, existing| {
            let file = root.join(path);
            check(root, std::iter::once(file.as_path()), existing)
        };
        for free in ["new", "folder/new", "a/b/c"] {
            check(&root, free, Refuse).unwrap();
        }
        check(&dir.path().join("not/yet"), "a/b", Refuse).unwrap();
        assert!(matches!(check(&root, "file", Refuse), Err(SiteError::Exists { .. })));
        check(&root, "file", Replace).unwrap();
        for existing in [Refuse, Replace] {
            assert!(matches!(check(&root, "folder", existing), Err(SiteError::IsAFolder { .. })));
            assert!(matches!(check(&root, "file/below", existing), Err(SiteError::NotAFolder { .. })));
            assert!(matches!(check(&root.join("file"), "below", existing), Err(SiteError::NotAFolder { .. })));
            assert!(matches!(check(&root.join("file/deep"), "below", existing), Err(SiteError::NotAFolder { .. })));
        }
        assert_eq!(fs::read_dir(&root).unwrap().count(), 2);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn only_the_folder_itself_may_be_a_link() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let (elsewhere, root) = (dir.path().join("elsewhere"), dir.path().join("out"));
        fs::create_dir_all(&elsewhere).unwrap();
        fs::create_dir_all(&root).unwrap();
        symlink(&elsewhere, root.join("link")).unwrap();
        let file = root.join("link/file");
        let below = check(&root, std::iter::once(file.as_path()), Existing::Replace);
        assert!(matches!(below, Err(SiteError::NotAFolder { .. })), "{below:?}");
        check(&root.join("link"), std::iter::once(file.as_path()), Existing::Refuse).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let file = root.join("dangling/file");
        let dangling = check(&root.join("dangling"), std::iter::once(file.as_path()), Existing::Replace);
        assert!(matches!(dangling, Err(SiteError::NotAFolder { .. })), "{dangling:?}");
    }

    #[test]
    fn permissions_are_those_of_new_files() {
        let cases = [(0o644, 0o644), (0o755, 0o755), (0o666, 0o644), (0o4777, 0o755), (0o6711, 0o755), (0, 0o644)];
        for (published, expected) in cases {
            assert_eq!(mode(published), expected, "{published:o}");
        }
    }

    #[test]
    fn hidden_parts_of_paths_are_found_anywhere() {
        let paths =
            ["index.html", ".git/config", "a/.git/hooks/x", ".bashrc", ".well-known/x", ".well-known/.x", "a.b"];
        assert_eq!(hidden(paths.into_iter()), [".git/config", "a/.git/hooks/x", ".bashrc", ".well-known/.x"]);
    }
}
