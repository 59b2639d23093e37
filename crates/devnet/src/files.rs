//! Writing files whole, and reading the end of logs.

use anyhow::{Context, Result};
use std::{io::Write, path::Path};

/// Replaces a file in one step: a reader, also one after a crash of this program, finds the old content or the new one.
///
/// The file is not forced to disk. On a machine that has just written gigabytes, after a build for example, that takes
/// minutes, and a devnet that does not survive a power cut is no loss.
///
/// # Errors
/// The folder does not exist or cannot be written to.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> Result<()> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

/// The last lines of a log, for an error message; empty if it cannot be read.
pub(crate) fn log_tail(path: &Path) -> String {
    const LINES: usize = 15;
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let error = write_atomically(&dir.path().join("missing/file"), b"").unwrap_err();
        assert!(error.to_string().contains("could not write"), "{error:#}");
    }

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        assert_eq!(log_tail(&path), "");
        let lines: Vec<String> = (0..40).map(|number| format!("line {number}")).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        assert_eq!(log_tail(&path), lines[25..].join("\n"));
    }
}
