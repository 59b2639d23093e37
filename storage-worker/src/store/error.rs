//! What the store answers when it cannot do what it was asked for.

use super::engine::EngineError;
use std::{io, path::PathBuf};

/// Why the store failed as a whole. It is about the disk or the index, never about what a peer sent.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The index.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file.
    #[error("cannot {action} {path:?}: {source}. Check that the disk is there, writable and not full")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
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
    /// It is not here.
    #[error("the shard is not here")]
    NotHere,
    /// There is no such frame.
    #[error("the shard has {frames} frames, the request goes beyond")]
    OutOfRange {
        /// How many frames it has.
        frames: u64,
    },
    /// The bytes on disk are not those that were stored.
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

/// Why a shard was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// More or fewer bytes than announced.
    #[error("the shard was announced with {announced} bytes and came with {received}")]
    Length {
        /// Announced bytes.
        announced: u64,
        /// Received bytes.
        received: u64,
    },
    /// The bytes do not hash to the root.
    #[error("the shard does not match its root")]
    Mismatch,
    /// The same shard is being put in its place by somebody else.
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
