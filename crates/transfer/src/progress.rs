//! Progress of long operations.

use std::fmt;

/// A stage of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Listing the folder.
    Listing,
    /// Digesting file contents; counts bytes.
    Digesting,
    /// Waiting until the chain has filled a placement group.
    WaitingForGroup,
    /// Connecting to the members of a group.
    Connecting,
    /// Sealing, encoding and uploading; counts bytes of plaintext.
    Uploading,
    /// Collecting receipts; counts workers.
    Signing,
    /// Submitting the extrinsic and waiting for its block.
    Registering,
    /// Committing to a name that is to be registered.
    Committing,
    /// Waiting until a commitment is old enough; counts blocks.
    WaitingForCommitment,
    /// Fetching, verifying and opening; counts bytes of plaintext.
    Fetching,
}

impl Stage {
    /// Whether the stage counts bytes, rather than things or nothing.
    pub fn counts_bytes(self) -> bool {
        matches!(self, Self::Digesting | Self::Uploading | Self::Fetching)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listing => "listing files",
            Self::Digesting => "comparing contents",
            Self::WaitingForGroup => "waiting for a placement group",
            Self::Connecting => "connecting to workers",
            Self::Uploading => "uploading",
            Self::Signing => "collecting receipts",
            Self::Registering => "registering on the chain",
            Self::Committing => "committing to the name",
            Self::WaitingForCommitment => "waiting for the commitment",
            Self::Fetching => "fetching",
        })
    }
}

/// Receives progress. Methods are called from many threads and must not block.
pub trait Progress: Send + Sync {
    /// A stage begins and the one before is over. `total` is in bytes or things, where it is known.
    fn begin(&self, stage: Stage, total: Option<u64>);
    /// Another `by` bytes or things of the stage are done.
    fn advance(&self, by: u64);
    /// Something worth reporting happened that does not stop the work, such as a worker that was left out.
    fn note(&self, text: &str);
}

/// Ignores progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
}
