//! The command line: every command, flag and default, with the help that `--help` prints.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

/// Publish, read and keep files on Meganet: an Internet by the people, for the people.
///
/// Names point at content, content is encrypted shards on workers in several countries. To try all of it on this machine:
///
///   meganet devnet up                              a local network: validators, workers, gateway
///   meganet --suri //Alice publish ./site hello    a folder under a name
///   meganet get hello/index.html -o -              read it back
///
/// Exit codes: 0 done; 1 failed; 2 the command line was wrong.
#[derive(Debug, Parser)]
#[command(name = "meganet", version, verbatim_doc_comment, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    /// Which network, who signs, what is printed.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// WebSocket URL of a node, for example ws://127.0.0.1:9944
    #[arg(long, global = true, env = "MEGANET_RPC", value_name = "URL", help_heading = "Network")]
    pub rpc: Option<String>,
    /// Address of a worker to begin at; may be given several times
    #[arg(
        long,
        global = true,
        env = "MEGANET_BOOTNODES",
        value_delimiter = ',',
        value_name = "MULTIADDR",
        help_heading = "Network"
    )]
    pub bootnode: Vec<String>,
    /// Configuration file; by default the user's own, and where there is none, the running devnet's
    #[arg(long, global = true, env = "MEGANET_CONFIG", value_name = "FILE", help_heading = "Network")]
    pub config: Option<PathBuf>,
    /// Sign with a secret URI: a phrase or a development account such as //Alice (it shows in the list of processes)
    #[arg(
        long,
        global = true,
        env = "MEGANET_SURI",
        hide_env_values = true,
        conflicts_with = "account",
        help_heading = "Account"
    )]
    pub suri: Option<String>,
    /// Sign with this account of the wallet: its name or address
    #[arg(long, global = true, env = "MEGANET_ACCOUNT", help_heading = "Account")]
    pub account: Option<String>,
    /// File with the password of the account; otherwise it is asked for
    #[arg(long, global = true, env = "MEGANET_PASSWORD_FILE", value_name = "FILE", help_heading = "Account")]
    pub password_file: Option<PathBuf>,
    /// Folder of the wallet's keystores
    #[arg(long, global = true, env = "MEGANET_WALLET", value_name = "DIR", help_heading = "Account")]
    pub wallet: Option<PathBuf>,
    /// Print JSON on stdout, for scripts
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Say more on stderr; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accounts: make, import, list, export, balance, send
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Names: register, set, info, list, transfer, release
    #[command(subcommand)]
    Name(NameCommand),
    /// Publish a folder under a name; run again, it uploads only what changed
    Publish(PublishArgs),
    /// Keep what a name points at for longer; no data moves
    Renew(RenewArgs),
    /// What a name points at
    Resolve {
        /// The name
        name: String,
    },
    /// Fetch a file of a name, or what a link points at
    Get(GetArgs),
    /// Store a private file and print the link that opens it
    Put(PutArgs),
    /// Serve names and objects to browsers at http://NAME.mega.localhost:PORT/
    Gateway(GatewayArgs),
    /// How the network is: chain, workers, groups, capacity
    Status,
    /// How what is stored is kept: challenges, pay, groups that lack something, repairs
    Network,
    /// Workers: what they have proven, missed and earned
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// A whole local network of real processes in one folder
    Devnet(DevnetArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `meganet wallet`
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a new account; prints its phrase once
    New {
        /// What the wallet calls it
        name: String,
    },
    /// Import a phrase or secret URI (from stdin or a prompt), or a polkadot-js JSON file
    Import {
        /// What the wallet calls it
        name: String,
        /// A polkadot-js JSON v3 keystore to import instead of a phrase
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// The accounts of this wallet
    List,
    /// Write an account's encrypted keystore, which polkadot-js and other wallets import
    Export {
        /// The account's name or address
        name: String,
        /// Where to; '-' or nothing for stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// What an account has
    Balance {
        /// Name or address; by default the account that signs
        // Not `account`: that is a flag of every command, and clap would take the two for one.
        #[arg(value_name = "ACCOUNT")]
        of: Option<String>,
    },
    /// Send an amount, in MEGA (for example 2.5)
    Send {
        /// Name in the wallet, or address
        to: String,
        /// How much, in MEGA
        amount: String,
    },
}

/// `meganet worker`
#[derive(Debug, Subcommand)]
pub enum WorkerCommand {
    /// Proofs, misses, pay and challenge of a worker
    Status {
        /// A worker's number, or its operator: address or name in the wallet; by default the account that signs
        worker: Option<String>,
    },
}

/// `meganet name`
#[derive(Debug, Subcommand)]
pub enum NameCommand {
    /// Register a name: first come, first served, against a deposit
    Register {
        /// 3 to 63 of a-z, 0-9 and '-'
        name: String,
    },
    /// Point a name at what a link opens; this makes the link's key public
    Set {
        /// The name
        name: String,
        /// A link that `put` printed; 'none' to point at nothing
        link: String,
    },
    /// Who owns a name and what it points at
    Info {
        /// The name
        name: String,
    },
    /// The names of an account
    List {
        /// Address or name in the wallet; by default the account that signs
        owner: Option<String>,
    },
    /// Give a name to another account
    Transfer {
        /// The name
        name: String,
        /// The new owner: address or name in the wallet
        to: String,
    },
    /// Give a name up and get its deposit back
    Release {
        /// The name
        name: String,
    },
}

/// How what is stored is placed and for how long.
#[derive(Clone, Debug, Args)]
pub struct PlacementArgs {
    /// Erasure code and placement: compact (2 of 6), standard (4 of 12), always-on (20 of 40), home (16 of 48); by default
    /// the best that the network's workers can fill
    #[arg(long, help_heading = "Placement")]
    pub profile: Option<meganet_primitives::placement::ProfileId>,
    /// For how many storage epochs
    #[arg(long, default_value_t = 12, value_name = "N", help_heading = "Placement")]
    pub epochs: u32,
}

/// `meganet publish`
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// The folder
    pub dir: PathBuf,
    /// The name; registered if it is free
    pub name: String,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub placement: PlacementArgs,
}

/// `meganet put`
#[derive(Debug, Args)]
pub struct PutArgs {
    /// The file
    pub file: PathBuf,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub placement: PlacementArgs,
}

/// `meganet renew`
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// The name
    pub name: String,
    /// Until so many storage epochs from now. What is registered for a shorter time is paid for until then, from now on, so
    /// renew late
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub epochs: u32,
}

/// `meganet get`
#[derive(Debug, Args)]
pub struct GetArgs {
    /// NAME/PATH, meganet://NAME/PATH, or a link that `put` printed
    pub source: String,
    /// Where to; '-' for stdout. By default the file's own name, in this folder
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}

/// `meganet gateway`
#[derive(Debug, Args)]
pub struct GatewayArgs {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080", env = "MEGANET_GATEWAY_LISTEN")]
    pub listen: SocketAddr,
    /// Memory for the cache of opened content, in MiB
    #[arg(long, default_value_t = 64, value_name = "MIB")]
    pub cache: u64,
}

/// `meganet devnet`
#[derive(Debug, Args)]
pub struct DevnetArgs {
    /// Its folder; by default one of the user's data folders
    #[arg(long, env = "MEGANET_DEVNET", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: DevnetCommand,
}

/// What a new devnet is made of.
#[derive(Clone, Debug, Args)]
pub struct ShapeArgs {
    /// Validators: 1, or 3 for finality by majority
    #[arg(long, default_value_t = 3)]
    pub validators: usize,
    /// A chain of the node other than dev or local, with as many validators
    #[arg(long, value_name = "ID")]
    pub chain: Option<String>,
    /// Workers by country
    #[arg(long, default_value = "DE:2,FR:2,JP:2", value_name = "CC:N,...")]
    pub workers: String,
    /// GiB that each worker lends
    #[arg(long, default_value_t = 8, value_name = "GIB")]
    pub capacity: u64,
    /// The gateway's port; another free one is taken where it is in use
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    pub gateway_port: u16,
}

/// `meganet devnet …`
#[derive(Debug, Subcommand)]
pub enum DevnetCommand {
    /// Start the network, in the background; one that was down goes on where it was
    Up {
        #[allow(missing_docs)]
        #[command(flatten)]
        shape: ShapeArgs,
        /// Stay until Ctrl-C and end the network then
        #[arg(long)]
        foreground: bool,
    },
    /// End every process
    Down {
        /// Remove its data too
        #[arg(long)]
        purge: bool,
    },
    /// What runs, where, with how much memory
    Status,
    /// End processes at once, as a power cut would (SIGKILL)
    Kill(Which),
    /// Start processes that were killed
    Start(Which),
    /// A fresh network with an example site, until Ctrl-C
    Demo {
        /// The folder to publish
        #[arg(long, default_value = "examples/site")]
        site: PathBuf,
        /// The name to publish it under
        #[arg(long, default_value = "hello")]
        name: String,
        #[allow(missing_docs)]
        #[command(flatten)]
        shape: ShapeArgs,
    },
}

/// Some processes of a devnet.
#[derive(Debug, Args)]
pub struct Which {
    /// Their names, as `devnet status` prints them
    #[arg(required_unless_present_any = ["country", "kind"])]
    pub names: Vec<String>,
    /// Every worker of these countries
    #[arg(long, value_delimiter = ',')]
    pub country: Vec<String>,
    /// Every process of a kind
    #[arg(long)]
    pub kind: Option<KindArg>,
}

/// A kind of process.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KindArg {
    /// Nodes
    Validator,
    /// Workers
    Worker,
    /// The gateway
    Gateway,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_argument_of_a_command_is_taken_for_a_flag_of_all() {
        fn check(command: &clap::Command, flags: &[String]) {
            for sub in command.get_subcommands() {
                for argument in sub.get_arguments().filter(|argument| !argument.is_global_set()) {
                    assert!(!flags.contains(&argument.get_id().to_string()), "{}: {argument}", sub.get_name());
                }
                check(sub, flags);
            }
        }
        let command = Cli::command();
        let flags: Vec<String> = command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
        assert!(flags.contains(&"account".to_string()));
        check(&command, &flags);
        Cli::try_parse_from(["meganet", "--suri", "//Alice", "wallet", "balance", "//Bob"]).unwrap();
    }
}
