//! The checkpoint from which proofs are checked: a file that advances with every answer.

use meganet_name_proof::Checkpoint;
use meganet_wallet::files;
use parking_lot::Mutex;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why a checkpoint file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It could not be read.
    #[error("could not read the checkpoint {}: {source}. Make one with `meganet checkpoint -o FILE`, which trusts a node once", path.display())]
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
    /// It is not a checkpoint.
    #[error("{} is not a checkpoint: {reason}. Make one with `meganet checkpoint -o FILE`, which trusts a node once", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// The error in it.
        reason: String,
    },
}

/// The checkpoint that proofs are checked from, with the file that stores it.
#[derive(Debug)]
pub struct CheckpointFile {
    path: Option<PathBuf>,
    known: Mutex<Checkpoint>,
    /// Held while the file is read and written, by one thread at a time.
    writing: Arc<Mutex<()>>,
}

impl CheckpointFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        Ok(Self { path: Some(path.to_owned()), known: Mutex::new(read(path)?), writing: Arc::default() })
    }

    /// Writes a checkpoint to a file, whole or not at all.
    ///
    /// # Errors
    /// [`CheckpointError::Unwritable`]
    pub fn create(path: &Path, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        write(path, checkpoint).map_err(|source| CheckpointError::Unwritable { path: path.to_owned(), source })
    }

    /// A checkpoint that is not written to a file.
    pub fn in_memory(checkpoint: Checkpoint) -> Self {
        Self { path: None, known: Mutex::new(checkpoint), writing: Arc::default() }
    }

    /// The newest checkpoint.
    pub fn known(&self) -> Checkpoint {
        self.known.lock().clone()
    }

    /// Replaces the checkpoint by a newer one that was verified, also in the file. A file that cannot be written is only logged:
    /// the next run then starts further back.
    pub async fn advance(&self, newer: &Checkpoint) {
        {
            let mut known = self.known.lock();
            if newer.number <= known.number {
                return;
            }
            known.clone_from(newer);
        }
        let Some(path) = self.path.clone() else { return };
        let (writing, newer) = (self.writing.clone(), newer.clone());
        let written = tokio::task::spawn_blocking(move || {
            let _alone = writing.lock();
            write_newer(&path, &newer);
        });
        if let Err(error) = written.await {
            tracing::warn!(%error, "the newer checkpoint could not be written");
        }
    }
}

/// Writes a checkpoint unless the file has a newer one: another answer, or another program, may have gone farther meanwhile.
fn write_newer(path: &Path, newer: &Checkpoint) {
    if read(path).is_ok_and(|kept| kept.genesis == newer.genesis && kept.number >= newer.number) {
        return;
    }
    if let Err(error) = write(path, newer) {
        tracing::warn!(path = %path.display(), %error, "the newer checkpoint could not be written");
    }
}

fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let text =
        fs::read_to_string(path).map_err(|source| CheckpointError::Unreadable { path: path.to_owned(), source })?;
    let bad = |reason: String| CheckpointError::NotACheckpoint { path: path.to_owned(), reason };
    let checkpoint: Checkpoint = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    checkpoint.voters().map_err(|error| bad(error.to_string()))?;
    Ok(checkpoint)
}

fn write(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(checkpoint)?;
    text.push(b'\n');
    fs::create_dir_all(files::dir_of(path))?;
    files::replace(path, &text)
}
