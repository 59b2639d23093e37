//! The checkpoint from which proofs are checked: a file that grows newer with every answer.

use meganet_name_proof::Checkpoint;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The file of a checkpoint is none.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It could not be read.
    #[error("could not read the checkpoint {}: {source}. Make one with `meganet checkpoint -o FILE`, which believes a node once", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It could not be written.
    #[error("could not write the checkpoint {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} is not a checkpoint: {reason}. Make one with `meganet checkpoint -o FILE`, which believes a node once", path.display())]
    NoCheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A checkpoint, with the file that keeps it.
#[derive(Debug)]
pub struct CheckpointFile {
    path: Option<PathBuf>,
    known: Mutex<Checkpoint>,
}

impl CheckpointFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        Ok(Self { path: Some(path.to_owned()), known: Mutex::new(read(path)?) })
    }

    /// Writes a checkpoint to a file, whole or not at all.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`]
    pub fn create(path: &Path, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        write(path, checkpoint).map_err(|source| CheckpointError::Unwritable { path: path.to_owned(), source })
    }

    /// A checkpoint that nothing keeps.
    pub fn in_memory(checkpoint: Checkpoint) -> Self {
        Self { path: None, known: Mutex::new(checkpoint) }
    }

    /// The newest one.
    pub fn known(&self) -> Checkpoint {
        self.lock().clone()
    }

    /// Takes a newer one, which was checked, and writes it down. A file that can't be written only makes the next check begin
    /// farther back, so that is logged and nothing else.
    pub fn advance(&self, newer: &Checkpoint) {
        let mut known = self.lock();
        if newer.number <= known.number {
            return;
        }
        known.clone_from(newer);
        let Some(path) = &self.path else { return };
        // Another program may have gone farther meanwhile.
        if read(path).is_ok_and(|kept| kept.genesis == newer.genesis && kept.number >= newer.number) {
            return;
        }
        if let Err(error) = write(path, newer) {
            tracing::warn!(path = %path.display(), %error, "the newer checkpoint could not be kept");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Checkpoint> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let text =
        fs::read_to_string(path).map_err(|source| CheckpointError::Unreadable { path: path.to_owned(), source })?;
    let bad = |reason: String| CheckpointError::NoCheckpoint { path: path.to_owned(), reason };
    let checkpoint: Checkpoint = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    checkpoint.voters().map_err(|error| bad(error.to_string()))?;
    Ok(checkpoint)
}

fn write(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(serde_json::to_string_pretty(checkpoint)?.as_bytes())?;
    file.write_all(b"\n")?;
    file.persist(path)?;
    Ok(())
}
