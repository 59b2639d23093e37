//! Folders of encrypted files, a file each for a thing to be remembered.

use meganet_wallet::PassedOver;
use std::{fs, io, path::Path};

/// Hex digits of a file's name, as [`crate::sealing::SealingKey::file_name`] makes it.
const NAME_DIGITS: usize = 32;

/// Reads all files of a folder with `open`, which returns `None` for a damaged one. Entries that this program did not make and
/// files that cannot be read are passed over: they must not hide the others. Its own locks and unfinished writes are ignored.
///
/// # Errors
/// Those of listing the folder.
pub(crate) fn read_folder<T>(dir: &Path, open: impl Fn(&[u8]) -> Option<T>) -> io::Result<(Vec<T>, Vec<PassedOver>)> {
    let (mut all, mut passed_over) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(".tmp") || name.strip_suffix(".lock").is_some_and(is_own) {
            continue;
        }
        let read = if is_own(&name) { read(&path, &open) } else { Err("not a file of meganet".to_owned()) };
        match read {
            Ok(one) => all.push(one),
            Err(reason) => passed_over.push(PassedOver { path, reason }),
        }
    }
    passed_over.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((all, passed_over))
}

fn read<T>(path: &Path, open: impl Fn(&[u8]) -> Option<T>) -> Result<T, String> {
    // Reading a pipe would block.
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("not a file".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    open(&bytes).ok_or_else(|| "damaged, or of another version".to_owned())
}

fn is_own(name: &str) -> bool {
    name.len() == NAME_DIGITS && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn entries_of_others_hide_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let own = |digit: &str| digit.repeat(NAME_DIGITS);
        let wrong = [
            (own("1"), "damaged"),
            ("._".to_owned() + &own("0"), "not a file of meganet"),
            (".DS_Store".to_owned(), "not a file of meganet"),
            ("notes.txt".to_owned(), "not a file of meganet"),
            (own("A"), "not a file of meganet"),
        ];
        for name in [own("0"), ".tmpAbC123".to_owned(), own("0") + ".lock"] {
            fs::write(dir.path().join(name), b"ok").unwrap();
        }
        for (name, _) in &wrong {
            fs::write(dir.path().join(name), b"\xff\xfe").unwrap();
        }
        fs::create_dir(dir.path().join(own("2"))).unwrap();
        let mut expected: Vec<(String, &str)> = wrong.to_vec();
        expected.push((own("2"), "not a file"));
        #[cfg(unix)]
        {
            // Unreadable also for root.
            std::os::unix::fs::symlink(own("3"), dir.path().join(own("3"))).unwrap();
            expected.push((own("3"), "symbolic link"));
        }
        let (all, passed_over) = read_folder(dir.path(), |bytes| (bytes == b"ok").then_some(bytes.len())).unwrap();
        assert_eq!(all, [2]);
        assert_eq!(passed_over.len(), expected.len(), "{passed_over:?}");
        for (name, reason) in expected {
            let passed = passed_over.iter().find(|passed| passed.path.ends_with(&name)).unwrap();
            assert!(passed.reason.contains(reason), "{passed}");
        }
        assert!(read_folder(&dir.path().join("none"), |_| Some(())).is_err());
    }
}
