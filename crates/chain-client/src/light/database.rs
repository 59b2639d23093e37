//! The knowledge of a light client's last run: a finalized block with its validators, the runtime's code, known nodes.

use meganet_primitives::hash::Hash;
use serde_json::Value;
use std::{
    io::{Error, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// A file with it, and what was in it.
#[derive(Clone, Debug)]
pub struct Database {
    path: PathBuf,
    content: String,
    note: Option<String>,
}

impl Database {
    /// The database of a chain in a folder of the user's. A file that is damaged or of another chain is passed over, with
    /// a [`Database::note`]; nothing depends on it but the time that a start takes.
    pub fn open(folder: &Path, genesis: &Hash) -> Self {
        let genesis = hex::encode(genesis);
        let path = folder.join(format!("light-{}.json", &genesis[..16]));
        let (content, note) = match std::fs::read_to_string(&path) {
            Ok(content) => match check(&content, &genesis) {
                Ok(()) => (content, None),
                Err(reason) => (String::new(), Some(reason)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => (String::new(), None),
            Err(error) => (String::new(), Some(error.to_string())),
        };
        let note = note.map(|reason| {
            format!("{} is ignored ({reason}): the light client begins at the spec's checkpoint", path.display())
        });
        Self { path, content, note }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is something to begin with.
    pub fn is_warm(&self) -> bool {
        !self.content.is_empty()
    }

    /// Why the file that is there is not used.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    pub(super) fn content(&self) -> &str {
        &self.content
    }
}

/// Replaces the file of a database: at any moment there is the old one or the new one. Blocking.
pub(super) fn write(path: &Path, content: &str) -> Result<(), Error> {
    let folder = path.parent().ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content.as_bytes())?;
    // Or a power cut may leave the name of the new one with nothing in it.
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Whether it is a database of that chain. smoldot checks its contents.
fn check(content: &str, genesis: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(content).map_err(|error| format!("it is damaged: {error}"))?;
    match value.get("genesisHash").and_then(Value::as_str) {
        Some(found) if found == genesis => {}
        Some(found) => return Err(format!("it is of the chain with genesis 0x{found}")),
        None => return Err("it is damaged: it names no chain".to_owned()),
    }
    match value.get("chain") {
        Some(Value::Object(_)) => Ok(()),
        _ => Err("it is damaged: it has no block".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_database_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let fresh = Database::open(&state, &[7; 32]);
        assert!(!fresh.is_warm() && fresh.note().is_none());
        let content = format!(r#"{{"genesisHash":"{}","chain":{{}},"nodes":{{}}}}"#, hex::encode([7; 32]));
        write(fresh.path(), &content).unwrap();
        let again = Database::open(&state, &[7; 32]);
        assert_eq!((again.content(), again.note()), (content.as_str(), None));
        assert!(!Database::open(&state, &[8; 32]).is_warm());
    }

    #[test]
    fn what_is_damaged_or_foreign_is_passed_over_with_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let foreign = format!(r#"{{"genesisHash":"{}","chain":{{}}}}"#, hex::encode([9; 32]));
        let no_block = format!(r#"{{"genesisHash":"{}"}}"#, hex::encode([7; 32]));
        let cases = [
            ("{\"gen", "damaged"),
            ("{}", "damaged"),
            (&foreign, "of the chain with genesis"),
            (&no_block, "no block"),
        ];
        for (content, reason) in cases {
            let database = Database::open(folder.path(), &[7; 32]);
            write(database.path(), content).unwrap();
            let database = Database::open(folder.path(), &[7; 32]);
            let note = database.note().unwrap();
            assert!(!database.is_warm() && note.contains(reason) && note.contains("ignored"), "{note}");
        }
    }
}
