//! End to end: real nodes, workers and gateways on this machine, driven as people drive them, and what happens when some
//! are killed.
//!
//! A *scenario* is a function over a [`Stage`]: a local network, the command line, and an HTTP client. It prints facts as
//! `key: value` lines and returns an error where a promise failed. The binary `scenario` runs one, or all on one network.

pub mod cli;
pub mod facts;
pub mod folder;
pub mod http;
pub mod pay;
pub mod pool;
pub mod scenarios;
pub mod stage;
pub mod wait;

pub use facts::Facts;
pub use stage::Stage;
