//! Command lines that are wrong in a way that the parser does not know of.

use std::{error::Error, fmt};

/// The command line is wrong, and nothing was done. The text says why, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongUsage(pub String);

impl WrongUsage {
    /// The exit code, which the parser also has.
    pub const EXIT_CODE: u8 = 2;
}

impl fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for WrongUsage {}
