//! Names of a site that the file system takes for the same, such as `a` and `A`: the later file would replace the earlier one.
//!
//! File systems differ in the names that they take for the same, in case and in how accents are encoded, by version and by
//! folder. So the file system itself is asked: empty files with these names are created, in a temporary folder.

use super::place::nearest;
use crate::error::SiteError;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    path::Path,
};
use tempfile::TempDir;

/// Checks that no two of these files, all below the folder `root`, and no two of their folders are the same on the disk.
///
/// # Errors
/// [`SiteError::SameName`], and [`SiteError::Io`] where that cannot be found out.
pub(super) fn check<'a>(root: &Path, files: impl Iterator<Item = &'a Path>) -> Result<(), SiteError> {
    check_by(root, files, Trial::near)
}

fn check_by<'a, F: Folder>(
    root: &Path,
    files: impl Iterator<Item = &'a Path>,
    trial: impl Fn(&Path) -> Result<F, SiteError>,
) -> Result<(), SiteError> {
    for (folder, names) in suspects(root, files) {
        let found = collision(&names, &mut trial(folder)?).map_err(SiteError::io(folder))?;
        if let Some((one, other)) = found {
            return Err(SiteError::SameName { one: folder.join(one), other: folder.join(other) });
        }
    }
    Ok(())
}

/// The names in each folder that may be the same; folders without any are left out.
fn suspects<'a>(root: &Path, files: impl Iterator<Item = &'a Path>) -> BTreeMap<&'a Path, Vec<&'a OsStr>> {
    let mut folders: BTreeMap<&Path, BTreeSet<&OsStr>> = BTreeMap::new();
    for file in files {
        let mut below = file;
        while below != root {
            let (Some(folder), Some(name)) = (below.parent(), below.file_name()) else { break };
            // A folder that is known has known folders above it.
            if !folders.entry(folder).or_default().insert(name) {
                break;
            }
            below = folder;
        }
    }
    let suspects = folders.into_iter().map(|(folder, names)| (folder, suspected(names)));
    suspects.filter(|(_, names)| names.len() > 1).collect()
}

/// Of these names, those that differ only in case. Where one is not ASCII, all: how it compares is not known here.
fn suspected(names: BTreeSet<&OsStr>) -> Vec<&OsStr> {
    if names.iter().any(|name| !name.is_ascii()) {
        return names.into_iter().collect();
    }
    let mut same: BTreeMap<OsString, Vec<&OsStr>> = BTreeMap::new();
    for name in names {
        same.entry(name.to_ascii_lowercase()).or_default().push(name);
    }
    same.into_values().filter(|names| names.len() > 1).flatten().collect()
}

/// A folder in which names can be tried.
trait Folder {
    /// Takes a name; returns false if it is taken.
    fn take(&mut self, name: &OsStr) -> io::Result<bool>;
    /// Makes a name free again.
    fn free(&mut self, name: &OsStr) -> io::Result<()>;
}

/// The first two of these names that are the same in a folder, which is empty.
fn collision<'a>(names: &[&'a OsStr], folder: &mut impl Folder) -> io::Result<Option<(&'a OsStr, &'a OsStr)>> {
    for (index, &other) in names.iter().enumerate() {
        if folder.take(other)? {
            continue;
        }
        // The one that is free now is the one that was in its way.
        folder.free(other)?;
        for &one in names.iter().take(index) {
            if folder.take(one)? {
                return Ok(Some((one, other)));
            }
        }
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Ok(None)
}

/// A temporary folder on the disk.
struct Trial(TempDir);

impl Trial {
    /// One in `folder`, whose rules it inherits, or where that would be created.
    fn near(folder: &Path) -> Result<Self, SiteError> {
        let near = nearest(folder)?;
        tempfile::Builder::new().prefix(".meganet-").tempdir_in(near).map(Self).map_err(SiteError::io(near))
    }
}

impl Folder for Trial {
    fn take(&mut self, name: &OsStr) -> io::Result<bool> {
        match File::create_new(self.0.path().join(name)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn free(&mut self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.0.path().join(name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::PathBuf;

    /// Compares names as the file systems of macOS do, as far as the tests go.
    #[derive(Default)]
    struct Insensitive(BTreeSet<String>);

    impl Insensitive {
        fn folded(name: &OsStr) -> String {
            name.to_str().unwrap().to_lowercase().replace("e\u{301}", "\u{e9}")
        }
    }

    impl Folder for Insensitive {
        fn take(&mut self, name: &OsStr) -> io::Result<bool> {
            Ok(self.0.insert(Self::folded(name)))
        }

        fn free(&mut self, name: &OsStr) -> io::Result<()> {
            self.0.remove(&Self::folded(name));
            Ok(())
        }
    }

    fn places(root: &Path, paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(|path| root.join(path)).collect()
    }

    #[test]
    fn names_that_the_file_system_takes_for_the_same_are_found_and_both_are_named() {
        type Case<'a> = (&'a [&'a str], Option<(&'a str, &'a str)>);
        let cases: [Case<'_>; 8] = [
            (&["a", "b", "A"], Some(("A", "a"))),
            (&["x/a", "x/readme", "x/README"], Some(("x/README", "x/readme"))),
            // Their files would be mixed.
            (&["x/B/1", "x/b/2"], Some(("x/B", "x/b"))),
            (&["cafe\u{301}", "caf\u{e9}", "z"], Some(("cafe\u{301}", "caf\u{e9}"))),
            // The Kelvin sign.
            (&["k", "\u{212a}"], Some(("k", "\u{212a}"))),
            (&["a", "b", "x/a", "x/b"], None),
            (&["a", "\u{e4}", "\u{e9}", "e"], None),
            (&["only"], None),
        ];
        for (paths, same) in cases {
            for root in ["out", "", "/out/", "./out"].map(Path::new) {
                let places = places(root, paths);
                let checked = check_by(root, places.iter().map(PathBuf::as_path), |_| Ok(Insensitive::default()));
                let found = match checked {
                    Ok(()) => None,
                    Err(SiteError::SameName { one, other }) => Some((one, other)),
                    Err(error) => panic!("{paths:?}: {error}"),
                };
                assert_eq!(found, same.map(|(one, other)| (root.join(one), root.join(other))), "{paths:?}");
            }
        }
    }

    #[test]
    fn the_disk_decides_and_nothing_is_left_on_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("probe"), b"").unwrap();
        let is_insensitive = dir.path().join("PROBE").exists();
        for root in [dir.path().to_owned(), dir.path().join("not/yet")] {
            let places = places(&root, &["a/x", "A/x", "\u{e9}", "b"]);
            let checked = check(&root, places.iter().map(PathBuf::as_path));
            assert_eq!(matches!(checked, Err(SiteError::SameName { .. })), is_insensitive, "{checked:?}");
            assert_eq!(checked.is_ok(), !is_insensitive, "{checked:?}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_name_that_the_disk_cannot_hold_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let long = "\u{e9}".repeat(200);
        let places = places(dir.path(), &["a", &long]);
        let checked = check(dir.path(), places.iter().map(PathBuf::as_path));
        // Some file systems count letters, others bytes.
        assert!(matches!(checked, Ok(()) | Err(SiteError::Io { .. })), "{checked:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
