//! The command meganet.
