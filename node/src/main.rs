#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! - [`cli`]: the command line; [`command`]: the implementation of the subcommands.
//! - [`chain_spec`]: the built-in chains.
//! - [`parts`]: the parts that every command with a database uses; [`service`]: a running node.
//! - [`rpc`]: the JSON-RPC families in addition to those of every node.

// The SDK's errors are large, and created at most once in the life of the process.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod parts;
mod rpc;
mod service;

fn main() -> sc_cli::Result<()> {
    command::run()
}
