//! Speeds, each against a baseline of the same run.
//!
//! Absolute figures belong to the machine and the minute they were taken on; ratios travel. So every bench measures what it
//! is compared with in the same rounds, takes medians, and prints both with their ratio as `key: value` lines.

pub mod audits;
pub mod codec;
pub mod detection;
pub mod light;
mod memory;
pub mod names;
pub mod prover;
pub mod report;
pub mod rounds;
pub mod throughput;
pub mod tolerance;
