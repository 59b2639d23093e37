//! Flags that every command accepts.

use clap::Args;
use std::path::PathBuf;

/// Flags that every command accepts.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// WebSocket URL of a node, for example ws://127.0.0.1:9944
    #[arg(long, global = true, env = "MEGANET_RPC", value_name = "URL", help_heading = "Network")]
    pub rpc: Option<String>,
    /// Run a light client, which verifies the chain itself, instead of trusting a node; needs a chain spec
    #[arg(long, global = true, env = "MEGANET_LIGHT", help_heading = "Network")]
    pub light: bool,
    /// Chain spec for --light, as written by `meganet light spec`
    #[arg(long, global = true, env = "MEGANET_LIGHT_SPEC", value_name = "FILE", help_heading = "Network")]
    pub light_spec: Option<PathBuf>,
    /// Verify the proofs that the node sends with its answers about names, starting from this checkpoint; the file is moved
    /// forward as proofs are verified
    #[arg(long, global = true, env = "MEGANET_CHECKPOINT", value_name = "FILE", help_heading = "Network")]
    pub checkpoint: Option<PathBuf>,
    /// Address of a worker, through which the others are found; may be repeated
    #[arg(
        long,
        global = true,
        env = "MEGANET_BOOTNODES",
        value_delimiter = ',',
        value_name = "MULTIADDR",
        help_heading = "Network"
    )]
    pub bootnode: Vec<String>,
    /// Configuration file. The default is config.toml in the user's configuration folder, or the running devnet's configuration
    /// if that file does not exist. MEGANET_DEVNET names the devnet's folder
    #[arg(long, global = true, env = "MEGANET_CONFIG", value_name = "FILE", help_heading = "Network")]
    pub config: Option<PathBuf>,
    /// Sign with a secret URI: a recovery phrase or a development account such as //Alice. Other users of this machine can
    /// see it in the process list
    #[arg(
        long,
        global = true,
        env = "MEGANET_SURI",
        hide_env_values = true,
        conflicts_with = "account",
        help_heading = "Account"
    )]
    pub suri: Option<String>,
    /// Sign with this account of the wallet, by name or address
    #[arg(long, global = true, env = "MEGANET_ACCOUNT", help_heading = "Account")]
    pub account: Option<String>,
    /// File with the account's password; without it, you are asked at the terminal
    #[arg(long, global = true, env = "MEGANET_PASSWORD_FILE", value_name = "FILE", help_heading = "Account")]
    pub password_file: Option<PathBuf>,
    /// Folder of the wallet's keystores; by default in the user's data folder
    #[arg(long, global = true, env = "MEGANET_WALLET", value_name = "DIR", help_heading = "Account")]
    pub wallet: Option<PathBuf>,
    /// Print results as JSON on stdout, for scripts
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Log more on stderr; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
}
