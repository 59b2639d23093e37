#![doc = include_str!("../README.md")]
// A test fails by a panic.
#![allow(clippy::unwrap_used, missing_docs)]

pub mod faulty_town;
pub mod faulty_worker;
pub mod files;
pub mod town;

pub use faulty_town::FaultyTown;
pub use faulty_worker::{Faults, FaultyWorker};
pub use files::{noise, tree, write};
pub use town::{Member, Town, until};
