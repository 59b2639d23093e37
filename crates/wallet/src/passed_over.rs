//! Entries of a folder of this program that are not its own.

use std::{fmt, path::PathBuf};

/// An entry of a folder that was passed over: a stranger's file, or a damaged one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The entry.
    pub path: PathBuf,
    /// Why it was.
    pub reason: String,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}
