//! Files with a secret: readable by their owner only.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The longest secret: much longer than any phrase or password, so that a file of another kind is not read whole.
const MAX_LEN: u64 = 64 * 1024;

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("cannot read the secret in {path}: {source}. Check the path and its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Other users can read or change it.
    #[error(
        "{path} holds a secret, and other users of this machine can read or change it (mode {mode:o}): run chmod 600 {path}"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is too long for a secret.
    #[error("{0} is longer than {MAX_LEN} bytes, so it is not a secret: check the path")]
    TooLong(PathBuf),
}

/// Reads a file with a secret, such as a recovery phrase or a password. A pipe, as of `<(…)` in a shell, is read too.
///
/// # Errors
/// [`SecretFileError`].
pub fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let at = |source| SecretFileError::Read { path: path.to_owned(), source };
    // Of the open file, which cannot be replaced between the check and the reading.
    let file = File::open(path).map_err(at)?;
    if let Some(mode) = open_mode(&file.metadata().map_err(at)?) {
        return Err(SecretFileError::Open { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(MAX_LEN.saturating_add(1)).read_to_string(&mut text).map_err(at)?;
    if u64::try_from(read).is_ok_and(|read| read > MAX_LEN) {
        return Err(SecretFileError::TooLong(path.to_owned()));
    }
    Ok(text)
}

/// The password in a file: the text without the line ends that editors add, and without a byte order mark.
///
/// # Errors
/// As of [`read_secret_file`].
pub fn read_password_file(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let text = read_secret_file(path)?;
    Ok(Zeroizing::new(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned()))
}

/// The permission bits of a regular file that its group or others may access.
#[cfg(unix)]
fn open_mode(metadata: &Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (metadata.is_file() && mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_mode(_: &Metadata) -> Option<u32> {
    None
}

/// Reads a small text file that others put into a folder of this program: not a pipe, which would block, or a folder.
///
/// # Errors
/// Those of the file system, with a reason for people.
pub(crate) fn read_regular(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    fs::read_to_string(path)
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_a_file_that_others_cannot_access_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, "\u{feff}pass word \r\n").unwrap();
        for (mode, private) in [
            (0o600, true),
            (0o400, true),
            (0o700, true),
            (0o640, false),
            (0o604, false),
            (0o644, false),
            (0o620, false),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match read_password_file(&path) {
                Ok(text) => assert!(private && *text == "pass word ", "{mode:o}"),
                Err(error) => {
                    assert!(!private, "{mode:o}: {error}");
                    assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
                    assert!(!error.to_string().contains("pass word"), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_missing_file_and_one_of_another_kind_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        assert!(matches!(read_secret_file(&path), Err(SecretFileError::Read { .. })));
        assert!(matches!(
            read_secret_file(dir.path()),
            Err(SecretFileError::Open { .. } | SecretFileError::Read { .. })
        ));
        fs::write(&path, vec![b'x'; 64 * 1024 + 1]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(read_secret_file(&path), Err(SecretFileError::TooLong(_))));
    }
}
