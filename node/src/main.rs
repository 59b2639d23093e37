//! meganet-node: validator, full node, dev chain.
//!
//! - [`cli`]: the command line; [`command`]: what each subcommand does.
//! - [`chain_spec`]: the chains it knows by name.
//! - [`service`]: the parts of a running node and how they are joined.
//! - [`rpc`]: the JSON-RPC families beyond those that every node serves.

// The SDK's errors are large, and made once in a process's life.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod rpc;
mod service;

fn main() -> sc_cli::Result<()> {
    command::run()
}
