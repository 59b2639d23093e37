//! `meganet resolve`, `verify`, `light` and `worker`

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `meganet resolve`
#[derive(Clone, Debug, Args)]
pub struct ResolveArgs {
    /// Name to resolve
    pub name: String,
    /// Save the proof to this file, for `meganet verify`; needs a checkpoint
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
}

/// `meganet verify`
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// Proof, as saved by `meganet resolve --proof`
    pub file: PathBuf,
    /// Name that the proof must be about; by default any
    #[arg(long)]
    pub name: Option<String>,
}

/// `meganet light`
#[derive(Debug, Subcommand)]
pub enum LightCommand {
    /// Write the chain spec that --light needs, with a checkpoint from a node that is trusted this once
    Spec {
        /// File to write; '-' for stdout, the default
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Peer-to-peer address of a node that light clients connect to, such as
        /// /dns4/node.example.org/tcp/30333/p2p/12D3…; may be repeated. By default the boot nodes of the chain, and the
        /// addresses on which the asked node listens
        #[arg(long, value_name = "MULTIADDR")]
        node: Vec<String>,
    },
}

/// `meganet worker`
#[derive(Debug, Subcommand)]
pub enum WorkerCommand {
    /// Show the proofs, misses, earnings and current challenge of a worker
    Status {
        /// Worker number, or its operator: an address or an account of the wallet; by default the signing account
        worker: Option<String>,
    },
}
