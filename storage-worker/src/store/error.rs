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
