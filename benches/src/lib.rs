#![doc = include_str!("../README.md")]

pub mod audits;
pub mod codec;
pub mod detection;
pub mod index;
pub mod light;
mod memory;
pub mod names;
pub mod prover;
pub mod report;
pub mod rounds;
pub mod throughput;
pub mod tolerance;
