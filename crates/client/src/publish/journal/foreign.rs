//! Files in the place of a journal that this version has not written.

use super::{MAGIC, read_file};
use crate::publish::error::PublishError;
use meganet_wallet::files;
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The first bytes of the journals of all versions. The byte after them is the version.
const FAMILY: &[u8] = b"MGJ";
/// The extension of a file that was put aside. Later ones also have a number.
const ASIDE: &str = "unreadable";
/// The most files that are put aside for one journal.
const MAX_ASIDE: usize = 100;

/// Checks that a journal is not that of another version, which alone knows what is paid for.
pub(super) fn check_version(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    let is_other = bytes.len() > FAMILY.len() && bytes.starts_with(FAMILY) && !bytes.starts_with(MAGIC);
    if is_other { Err(PublishError::OtherVersion(path.to_owned())) } else { Ok(()) }
}

/// Puts aside a file that is not a journal of any version.
pub(super) fn make_way(path: &Path) -> Result<(), PublishError> {
    let bytes = read_file(path)?.unwrap_or_default();
    check_version(path, &bytes)?;
    // A crash leaves a part of the first bytes, or zeros in their place.
    if bytes.starts_with(MAGIC) || MAGIC.starts_with(&bytes) || bytes.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    let moved = free_path(path).and_then(|aside| {
        fs::rename(path, &aside)?;
        files::sync_dir_of(path)?;
        Ok(aside)
    });
    let aside = moved.map_err(PublishError::state("put aside", path))?;
    // Not a warning, which is not shown unless it is asked for: this may cost money.
    tracing::error!(path = %aside.display(), "put a damaged journal aside: an upload that it recorded may be paid for again");
    Ok(())
}

/// A path beside a journal at which nothing is.
fn free_path(path: &Path) -> io::Result<PathBuf> {
    for number in 0..MAX_ASIDE {
        let extension = if number == 0 { ASIDE.to_owned() } else { format!("{ASIDE}-{number}") };
        let aside = path.with_extension(extension);
        match fs::symlink_metadata(&aside) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(aside),
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        pack::PackId,
        publish::journal::{
            Journal,
            tests::{ALICE, look, open, sealed},
        },
    };

    #[test]
    fn damaged_files_are_put_aside_side_by_side_and_one_that_a_crash_left_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = open(dir.path()).path().to_owned();
        for left in [&b""[..], b"MG", b"MGJ", b"\0\0", &[0; 4096]] {
            fs::write(&path, left).unwrap();
            open(dir.path()).add_sealed(sealed(1)).unwrap();
            assert_eq!(open(dir.path()).sealed(&PackId([1; 32])), Some(sealed(1)));
            assert!(!path.with_extension(ASIDE).exists());
        }
        let damaged: [(&[u8], &str); 3] = [(b"X", "unreadable"), (b"MHJ2", "unreadable-1"), (b"\0x", "unreadable-2")];
        for (bytes, _) in damaged {
            fs::write(&path, bytes).unwrap();
            assert_eq!(look(dir.path()).sealed(&PackId([1; 32])), None);
            assert_eq!(fs::read(&path).unwrap(), bytes);
            open(dir.path()).add_sealed(sealed(2)).unwrap();
            assert_eq!(open(dir.path()).sealed(&PackId([2; 32])), Some(sealed(2)));
        }
        for (bytes, extension) in damaged {
            assert_eq!(fs::read(path.with_extension(extension)).unwrap(), bytes);
        }
    }

    #[test]
    fn where_no_name_is_free_nothing_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        let path = open(dir.path()).path().to_owned();
        for number in 0..=MAX_ASIDE {
            fs::write(&path, number.to_string()).unwrap();
            assert_eq!(make_way(&path).is_ok(), number < MAX_ASIDE, "{number}");
        }
        assert_eq!(fs::read(&path).unwrap(), MAX_ASIDE.to_string().into_bytes());
        assert_eq!(fs::read(path.with_extension(ASIDE)).unwrap(), b"0");
    }

    #[test]
    fn the_journal_of_another_version_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = open(dir.path()).path().to_owned();
        for other in [&b"MGJ9 of a later version"[..], b"MGJ1"] {
            fs::write(&path, other).unwrap();
            let opened = Journal::open(dir.path(), &[1; 32], &ALICE);
            let looked = Journal::look(dir.path(), &[1; 32], &ALICE);
            for error in [opened.err().unwrap(), looked.err().unwrap()] {
                assert!(matches!(&error, PublishError::OtherVersion(of) if *of == path), "{error}");
                assert!(error.to_string().contains(&path.display().to_string()), "{error}");
            }
            assert_eq!(fs::read(&path).unwrap(), other);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }
}
