//! Peers that communicate: over pipes in memory, and over real sockets on the loopback interface.
#![allow(clippy::unwrap_used)]

mod memory;
mod support;
mod swarm;
mod throughput;
