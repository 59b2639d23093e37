//! `meganet devnet`

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `meganet devnet`
#[derive(Debug, Args)]
pub struct DevnetArgs {
    /// Folder of the network; by default that of --devnet, or one in the user's data folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    #[allow(missing_docs)]
    #[command(subcommand)]
    pub command: DevnetCommand,
}

/// Number and kind of the processes of a new devnet.
#[derive(Clone, Debug, Args)]
pub struct ShapeArgs {
    /// Number of validators: 1 or 3
    #[arg(long, default_value_t = 3)]
    pub validators: usize,
    /// Chain to run: by default dev for 1 validator and local for 3. local-audits, with short audit periods, and local-names,
    /// with short lives of names, have 3 validators
    #[arg(long, value_name = "ID")]
    pub chain: Option<String>,
    /// Number of workers in each country, by its ISO 3166-1 code
    #[arg(long, default_value = "DE:2,FR:2,JP:2", value_name = "CC:N,...")]
    pub workers: String,
    /// Storage that each worker offers, in GiB
    #[arg(long, default_value_t = 8, value_name = "GIB")]
    pub capacity: u64,
    /// Port of the gateway; if it is taken, a free port is chosen
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    pub gateway_port: u16,
}

/// `meganet devnet`
#[derive(Debug, Subcommand)]
pub enum DevnetCommand {
    /// Start the network in the background, or resume a stopped one; the shape of an existing network does not change
    Up {
        #[allow(missing_docs)]
        #[command(flatten)]
        shape: ShapeArgs,
        /// Keep running until Ctrl-C, and stop the network then
        #[arg(long)]
        foreground: bool,
    },
    /// Stop every process
    Down {
        /// Also delete the network's data, and its folder if nothing else is in it; links in it are deleted, not followed
        #[arg(long)]
        purge: bool,
    },
    /// List the processes with their ports, memory and logs
    Status,
    /// Kill processes as a power cut would (SIGKILL)
    Kill(ProcessArgs),
    /// Start processes that were killed
    Start(ProcessArgs),
    /// Run a temporary network with an example site until Ctrl-C
    Demo {
        /// Folder to publish
        #[arg(long, default_value = "examples/site")]
        site: PathBuf,
        /// Name to publish it under
        #[arg(long, default_value = "hello")]
        name: String,
        #[allow(missing_docs)]
        #[command(flatten)]
        shape: ShapeArgs,
    },
}

/// A selection of processes of a devnet.
#[derive(Debug, Args)]
pub struct ProcessArgs {
    /// Names of processes, as listed by `meganet devnet status`
    #[arg(required_unless_present_any = ["country", "kind"])]
    pub names: Vec<String>,
    /// Every worker in these countries
    #[arg(long, value_delimiter = ',', value_name = "CC,...")]
    pub country: Vec<String>,
    /// Every process of this kind
    #[arg(long)]
    pub kind: Option<KindArg>,
}

/// A kind of process.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KindArg {
    /// Nodes that make blocks
    Validator,
    /// Storage workers
    Worker,
    /// The gateway
    Gateway,
}
