//! Deletes a devnet, and nothing else: its folder may have files of others, and links in it may lead to other disks.

use crate::{process::LOGS, state::State};
use anyhow::{Context, Result, ensure};
use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

impl State {
    /// Checks that the folder of a new devnet has nothing that [`Self::purge`] would delete later as the devnet's own. Links may be
    /// there before, for workers on other disks, and empty folders, which a failed attempt leaves.
    ///
    /// # Errors
    /// There is such an entry, or the folder cannot be read.
    pub(crate) fn check_free(&self) -> Result<()> {
        for name in self.own_names() {
            let path = self.dir.join(&name);
            let taken = is_taken(&path).with_context(|| format!("could not look at {}", path.display()))?;
            ensure!(
                !taken,
                "{} has `{}` already, which a devnet would take for its own and delete in the end: choose another folder with --dir",
                self.dir.display(),
                Path::new(&name).display()
            );
        }
        Ok(())
    }

    /// Deletes the network's files, those of its processes too, and its folder if nothing else is in it. Links are deleted and never
    /// followed. `given` is the folder as the user wrote it: if that is a link, it stays, and so does the empty folder that it leads to.
    ///
    /// Returns what is left: files of others in the folder, and the targets of links.
    ///
    /// # Errors
    /// Something cannot be deleted. Then the network can still be read, and this can be tried again.
    pub fn purge(&self, given: &Path) -> Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        for name in self.own_names() {
            let path = self.dir.join(name);
            if let Ok(target) = fs::read_link(&path) {
                // Relative to the folder of the link; an absolute one replaces that.
                let target = self.dir.join(target);
                left.extend(target.exists().then_some(target));
            }
            remove(&path)?;
        }
        // The last, since without it nothing could be tried again.
        remove(&self.file())?;
        let others = fs::read_dir(&self.dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let others = others.with_context(|| format!("could not list {}", self.dir.display()))?;
        left.extend(others.iter().map(fs::DirEntry::path));
        let is_link = fs::symlink_metadata(without_slash(given)).is_ok_and(|found| found.is_symlink());
        if is_link {
            left.push(given.to_owned());
        } else if others.is_empty() {
            remove(&self.dir)?;
        }
        left.sort();
        Ok(left)
    }

    /// The names of the entries that a devnet makes in its folder, without that of its state.
    fn own_names(&self) -> Vec<OsString> {
        let files = [self.client_config(), self.light_spec(), self.checkpoint()];
        let files = files.iter().filter_map(|path| path.file_name()).map(ToOwned::to_owned);
        let processes = self.processes.iter().map(|process| OsString::from(&process.name));
        files.chain(processes).chain([LOGS.into()]).collect()
    }
}

/// Whether there is a file, or a folder with something in it.
fn is_taken(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(fs::read_dir(path)?.next().is_some()),
        Ok(found) => Ok(!found.is_symlink()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a file, a link, or a folder with everything in it; nothing where nothing is.
fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The path without a slash at its end, with which a link would be followed.
fn without_slash(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Shape;
    use std::os::unix::fs::symlink;

    fn create(dir: &Path) -> Result<State> {
        State::create(dir, &Shape { gateway_port: Some(0), ..Shape::small() })
    }

    /// A devnet that has been up: every entry that one makes is there.
    fn network(dir: &Path) -> State {
        let state = create(dir).unwrap();
        for name in state.own_names() {
            let path = state.dir.join(&name);
            if path.extension().is_some() {
                fs::write(path, b"x").unwrap();
            } else {
                fs::create_dir_all(path.join("inner")).unwrap();
                fs::write(path.join("inner/file"), b"x").unwrap();
            }
        }
        state
    }

    #[test]
    fn everything_that_a_devnet_made_is_removed_with_its_folder() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("devnet");
        let state = network(&dir);
        assert_eq!(state.purge(&dir).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0);
    }

    #[test]
    fn links_are_removed_and_not_followed_and_what_is_left_is_named() {
        let above = tempfile::tempdir().unwrap();
        let root = above.path().canonicalize().unwrap();
        let (dir, disk) = (root.join("devnet"), root.join("disk"));
        let state = network(&dir);
        fs::create_dir(&disk).unwrap();
        fs::write(disk.join("shard"), b"x").unwrap();
        // A worker on another disk, one that leads nowhere, a link deep inside, and a file of somebody else.
        fs::remove_dir_all(dir.join("worker-de-1")).unwrap();
        symlink("../disk", dir.join("worker-de-1")).unwrap();
        fs::remove_dir_all(dir.join("worker-de-2")).unwrap();
        symlink("nowhere", dir.join("worker-de-2")).unwrap();
        symlink(&disk, dir.join("worker-fr-1/inner/link")).unwrap();
        fs::write(dir.join("notes.txt"), b"mine").unwrap();
        symlink(&disk, dir.join("my-link")).unwrap();

        let left = state.purge(&dir).unwrap();
        assert_eq!(left, [dir.join("../disk"), dir.join("my-link"), dir.join("notes.txt")]);
        assert_eq!(fs::read(disk.join("shard")).unwrap(), b"x");
        let mut kept: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        kept.sort();
        assert_eq!(kept, ["my-link", "notes.txt"]);
        assert!(State::load(&dir).unwrap().is_none());
    }

    #[test]
    fn a_folder_with_something_of_others_under_a_name_of_its_own_is_refused() {
        for (taken, name) in [("gateway/src/lib.rs", "gateway"), ("logs/x", "logs"), ("client.toml", "client.toml")] {
            let dir = tempfile::tempdir().unwrap();
            let taken = dir.path().join(taken);
            fs::create_dir_all(taken.parent().unwrap()).unwrap();
            fs::write(&taken, b"mine").unwrap();
            let error = create(dir.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")) && error.contains("--dir"), "{error}");
            assert_eq!(fs::read(&taken).unwrap(), b"mine");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn links_and_empty_folders_may_be_there_before() {
        let above = tempfile::tempdir().unwrap();
        let (dir, disk) = (above.path().join("devnet"), above.path().join("disk"));
        fs::create_dir_all(dir.join("logs")).unwrap();
        fs::create_dir(&disk).unwrap();
        fs::write(disk.join("shard"), b"x").unwrap();
        symlink(&disk, dir.join("worker-de-1")).unwrap();
        create(&dir).unwrap();
        // Once it exists, it is read, whatever its processes have written.
        fs::write(dir.join("logs/gateway.log"), b"x").unwrap();
        assert!(State::load(&dir).unwrap().is_some());
    }

    #[test]
    fn other_folders_survive() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().canonicalize().unwrap().join("project");
        fs::create_dir_all(dir.join("uploads")).unwrap();
        fs::write(dir.join("uploads/x"), b"mine").unwrap();
        assert_eq!(network(&dir).purge(&dir).unwrap(), [dir.join("uploads")]);
        assert_eq!(fs::read(dir.join("uploads/x")).unwrap(), b"mine");
    }

    #[test]
    fn a_folder_that_a_link_leads_to_can_be_used_again() {
        let above = tempfile::tempdir().unwrap();
        let (link, dir) = (above.path().join("link"), above.path().join("devnet"));
        fs::create_dir(&dir).unwrap();
        symlink(&dir, &link).unwrap();
        network(&link);
        let with_slash = above.path().join("link/");
        let state = State::require(&with_slash).unwrap();
        assert_eq!(state.purge(&with_slash).unwrap(), std::slice::from_ref(&with_slash));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        network(&link).purge(&link).unwrap();
        assert!(link.is_dir());
    }
}
