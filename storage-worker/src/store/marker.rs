//! The markers that tie the parts of a base path to each other.
//!
//! `worker.json` in the base path names the store and the worker's identity; `shards/store-id` and a row of the index name
//! the store again. Without them a disk that is not mounted looks like a new worker: it would get a second identity, pay a
//! second bond and fill the wrong disk.

use super::{INDEX, StoreError, files};
use crate::durable;
use serde::{Deserialize, Serialize};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The marker's file in the base path.
pub const FILE: &str = "worker.json";
/// The marker's file in the folder of shards.
pub(super) const SHARDS_FILE: &str = "store-id";
/// The format of base paths that this version writes and reads.
const FORMAT: u32 = 1;

/// Identifies a store. Random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for StoreId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 16];
        hex::decode_to_slice(text.trim(), &mut id)?;
        Ok(Self(id))
    }
}

/// The part of `worker.json` that every version understands.
#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

/// The content of `worker.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    format: u32,
    store: String,
    /// The worker's peer id, which must be that of `identity.key`.
    pub peer_id: String,
    /// Whether the operator wants this worker in addition to others of the same account.
    #[serde(default)]
    pub another: bool,
}

impl Marker {
    /// The marker of a base path.
    ///
    /// # Errors
    /// [`StoreError::NotInitialized`] if there is no marker, [`StoreError::Marker`] if it cannot be understood.
    pub fn read(base: &Path) -> Result<Self, StoreError> {
        let path = base.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotInitialized { base: base.to_path_buf() });
            }
            Err(error) => return Err(files::at("read", &path)(error)),
        };
        let malformed = |reason: String| StoreError::Marker { path: path.clone(), reason };
        // The format alone at first: the other keys of another version may have other names and types.
        if let Ok(Versioned { format }) = serde_json::from_str(&text)
            && format != FORMAT
        {
            return Err(StoreError::Format { found: format, known: FORMAT });
        }
        let marker: Self = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        marker.id().map_err(|_| malformed("it names no store".to_owned()))?;
        Ok(marker)
    }

    /// Writes the marker durably.
    fn write(&self, base: &Path) -> Result<(), StoreError> {
        let path = base.join(FILE);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| StoreError::Marker { path: path.clone(), reason: error.to_string() })?;
        text.push(b'\n');
        durable::write(&path, &text, 0o644).map_err(files::at("write", &path))
    }

    fn id(&self) -> Result<StoreId, hex::FromHexError> {
        self.store.parse()
    }

    /// The store that the parts of this base path must name.
    ///
    /// # Errors
    /// [`StoreError::Marker`]; never for a marker that [`Self::read`] has returned.
    pub fn store(&self) -> Result<StoreId, StoreError> {
        self.id().map_err(|error| StoreError::Marker { path: FILE.into(), reason: error.to_string() })
    }
}

/// Options of [`init`] for a base path that has a marker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitOptions {
    /// The shards are lost for good: begin with an empty folder, in which all of them are missing.
    pub shards_lost: bool,
    /// The worker is wanted in addition to others of the same operator.
    pub another: bool,
}

/// Makes a base path that [`super::Store::open`] takes. Parts that are there already are kept: an identity that was
/// restored from a backup, or shards whose marker in the base path was lost.
///
/// # Errors
/// [`StoreError::AlreadyInitialized`] if there is a marker and no option that changes it; otherwise errors of the disk.
pub fn init(base: &Path, peer_id: &str, options: InitOptions) -> Result<(), StoreError> {
    std::fs::create_dir_all(base).map_err(files::at("create", base))?;
    let known = match Marker::read(base) {
        Ok(marker) => Some(marker),
        Err(StoreError::NotInitialized { .. }) => None,
        Err(error) => return Err(error),
    };
    if known.is_some() && options == InitOptions::default() {
        return Err(StoreError::AlreadyInitialized { base: base.to_path_buf() });
    }
    let shards = base.join(files::SHARDS);
    let id = match &known {
        Some(marker) => marker.store()?,
        None => read_id(&shards)?.unwrap_or_else(|| StoreId(rand::random())),
    };
    if known.is_none() || options.shards_lost {
        std::fs::create_dir_all(&shards).map_err(files::at("create", &shards))?;
        let path = shards.join(SHARDS_FILE);
        durable::write(&path, format!("{id}\n").as_bytes(), 0o644).map_err(files::at("write", &path))?;
    }
    let another = options.another || known.as_ref().is_some_and(|marker| marker.another);
    let peer_id = known.map_or_else(|| peer_id.to_owned(), |marker| marker.peer_id);
    // Last: a base path with this file is complete.
    Marker { format: FORMAT, store: id.to_string(), peer_id, another }.write(base)
}

/// The path of something that a worker has kept in a base path: its folder of shards, or its index. `None` in a folder
/// that was never a worker's.
///
/// # Errors
/// Those of the disk.
pub fn find_kept(base: &Path) -> Result<Option<PathBuf>, StoreError> {
    let (shards, index) = (base.join(files::SHARDS), base.join(INDEX));
    for (part, mark) in [(&shards, &shards.join(SHARDS_FILE)), (&index, &index)] {
        if mark.try_exists().map_err(files::at("read", mark))? {
            return Ok(Some(part.clone()));
        }
    }
    Ok(None)
}

/// The store that a folder of shards names; `None` if the folder has no marker.
pub(super) fn read_id(shards: &Path) -> Result<Option<StoreId>, StoreError> {
    let path = shards.join(SHARDS_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => text.parse().map(Some).map_err(|error| StoreError::Marker { path, reason: format!("{error}") }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(files::at("read", &path)(error)),
    }
}
