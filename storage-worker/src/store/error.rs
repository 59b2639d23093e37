//! Errors of the store.

use super::engine::EngineError;
use std::{io, path::PathBuf};

/// A failure of the disk or the index, never of what a peer sent.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The index failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file operation failed.
    #[error("cannot {action} {path:?}: {source}. Check that the disk is mounted, writable and not full")]
    File {
        /// The operation that failed.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The worker is being stopped.
    #[error("the worker is being stopped")]
    Interrupted,
    /// A value of the index does not decode.
    #[error(
        "the index has a value that this version cannot read ({0}): it was written by a newer meganet-worker or is damaged"
    )]
    BadRecord(&'static str),
    /// The folder is not the base path of a worker.
    #[error(
        "{base:?} is not the base path of a worker: it has no worker.json. If the worker's disk is not mounted there, mount it. For a new worker, run `meganet-worker init` once"
    )]
    NotInitialized {
        /// The base path.
        base: PathBuf,
    },
    /// The folder is the base path of a worker already.
    #[error("{base:?} is the base path of a worker already: start it without `init`")]
    AlreadyInitialized {
        /// The base path.
        base: PathBuf,
    },
    /// A marker cannot be understood.
    #[error("{path:?} is damaged ({reason}): remove it and run `meganet-worker init`, which keeps identity and shards")]
    Marker {
        /// The marker's file.
        path: PathBuf,
        /// The part that is wrong.
        reason: String,
    },
    /// The folder of shards is not there, or is another worker's.
    #[error(
        "{folder:?} is not the folder of this worker's shards: if it is a disk of its own, mount it. If the shards are lost for good, run `meganet-worker init --shards-lost`: the worker rebuilds them from the other workers"
    )]
    ShardsMissing {
        /// The folder.
        folder: PathBuf,
    },
    /// The index is another worker's.
    #[error(
        "the folder `index` belongs to another base path (store {found}, this one is {wanted}): put the right one back, or move it away; shards are adopted without it"
    )]
    ForeignIndex {
        /// The store that the index names.
        found: String,
        /// The store of the base path.
        wanted: String,
    },
    /// The folder belongs to another format.
    #[error(
        "the base path was written by another version (format {found}, this one reads {known}): use the matching meganet-worker"
    )]
    Format {
        /// The format on disk.
        found: u32,
        /// The format that this version reads.
        known: u32,
    },
    /// The folder belongs to another chain.
    #[error(
        "the base path holds shards of another chain (genesis 0x{found}, the node's is 0x{wanted}): give every chain a base path of its own"
    )]
    Chain {
        /// The genesis on disk, hex.
        found: String,
        /// The genesis of the node, hex.
        wanted: String,
    },
}

impl StoreError {
    /// Returns true if a file or the index could not be written because the disk, or its user's quota, is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let is_full = |kind: io::ErrorKind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        match self {
            Self::File { source, .. } => is_full(source.kind()),
            // RocksDB reports it only in its message, with the system's words for ENOSPC.
            Self::Engine(EngineError::Io(reason)) => reason.contains("No space left"),
            _ => false,
        }
    }
}

/// Why frames of a shard could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The shard is not held.
    #[error("the shard is not held")]
    NotHere,
    /// The shard has fewer frames than requested.
    #[error("the shard has {frames} frames, the request goes beyond")]
    OutOfRange {
        /// Number of frames of the shard.
        frames: u64,
    },
    /// The bytes on disk differ from those that were stored.
    #[error("frame {frame} of the shard is damaged on disk")]
    Damaged {
        /// The first bad frame.
        frame: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EngineError> for ReadError {
    fn from(error: EngineError) -> Self {
        Self::Store(error.into())
    }
}

/// Why a shard was not stored.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The shard is longer or shorter than announced.
    #[error("the shard was announced with {announced} bytes and has {received}")]
    Length {
        /// Announced bytes.
        announced: u64,
        /// Received bytes.
        received: u64,
    },
    /// The bytes have another root than the object's shard.
    #[error("the shard does not match its root")]
    Mismatch,
    /// The same shard is being stored by another upload or rebuild.
    #[error("the same shard is being stored by another stream: try again in a moment")]
    Concurrent,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EngineError> for WriteError {
    fn from(error: EngineError) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures_of_it() {
        let failed = |source| StoreError::File { action: "write", path: "shard".into(), source };
        // ENOSPC, EDQUOT; EIO, ENOENT.
        for (code, is_full) in [(28, true), (122, true), (5, false), (2, false)] {
            assert_eq!(failed(io::Error::from_raw_os_error(code)).is_disk_full(), is_full, "{code}");
        }
        for (reason, is_full) in
            [("IO error: No space left on device: While appending", true), ("IO error: bad", false)]
        {
            assert_eq!(StoreError::Engine(EngineError::Io(reason.to_owned())).is_disk_full(), is_full, "{reason}");
        }
        assert!(!StoreError::Interrupted.is_disk_full());
    }
}
