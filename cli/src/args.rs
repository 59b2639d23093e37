//! The command line: every command, flag and default, with the help that `--help` prints.

mod name;

pub use name::{CommitmentsArgs, DelegateCommand, NameCommand, RegisterArgs, ReverseArgs, SubCommand, TermsArgs};

use clap::{Args, Parser, Subcommand, ValueEnum};
use meganet_chain_client::Mega;
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
    /// Ask no node but verify everything here, with a light client; takes a spec of the chain
    #[arg(long, global = true, env = "MEGANET_LIGHT", help_heading = "Network")]
    pub light: bool,
    /// Spec of the chain for --light, as `meganet light spec` writes it
    #[arg(long, global = true, env = "MEGANET_LIGHT_SPEC", value_name = "FILE", help_heading = "Network")]
    pub light_spec: Option<PathBuf>,
    /// Believe a node only as far as it proves what it says of names, from this checkpoint on; answers make it newer
    #[arg(long, global = true, env = "MEGANET_CHECKPOINT", value_name = "FILE", help_heading = "Network")]
    pub checkpoint: Option<PathBuf>,
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
    /// Names: search, register, renew, what they say, who may write for them
    #[command(subcommand, after_help = name::EXAMPLES)]
    Name(NameCommand),
    /// The versions that a name pointed at
    History {
        /// The name
        name: String,
    },
    /// Point a name at what it pointed at before, in one transaction
    Rollback {
        /// The name
        name: String,
        /// The number of a version, as `history` lists them; by default the one before the present one
        version: Option<u32>,
    },
    /// Publish a folder under a name; run again, it uploads only what changed
    ///
    /// The files _redirects and _headers of the folder are checked before anything is uploaded.
    /// Lines that gateways would not understand are named, and nothing is published then.
    /// docs/sites.md says what a site may contain.
    ///
    /// With --dry-run everything is checked and nothing done:
    ///
    ///   meganet publish ./site hello --dry-run     what would be uploaded, paid and changed
    ///   meganet publish ./site hello               do it
    #[command(verbatim_doc_comment)]
    Publish(PublishArgs),
    /// Keep what a name or link points at for longer, now or by itself; no data moves
    Renew(RenewArgs),
    /// What a name points at, and how that is known
    Resolve(ResolveArgs),
    /// Check a proof that `resolve --proof` wrote, without any network
    Verify(VerifyArgs),
    /// Ask a node once for a checkpoint, from which everything that nodes say of names is checked afterwards
    Checkpoint {
        /// Where to
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
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
    /// What --light begins with
    #[command(subcommand)]
    Light(LightCommand),
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

/// `meganet light`
#[derive(Debug, Subcommand)]
pub enum LightCommand {
    /// Ask a node once for the spec with which light clients follow its chain; what it says is their checkpoint
    Spec {
        /// Where to; '-' or nothing for stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Peer-to-peer address of a node to begin at, such as /dns4/node.example.org/tcp/30333/p2p/12D3…; may be given
        /// several times. By default those of the chain's own spec, and where the asked node listens
        #[arg(long, value_name = "MULTIADDR")]
        node: Vec<String>,
    },
}

/// `meganet resolve`
#[derive(Clone, Debug, Args)]
pub struct ResolveArgs {
    /// The name
    pub name: String,
    /// Keep the proof in this file, for `meganet verify`; needs a checkpoint
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
}

/// `meganet verify`
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// A proof
    pub file: PathBuf,
    /// The name that it has to be about; by default the one that it is about
    #[arg(long)]
    pub name: Option<String>,
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
    /// The name: alice, registered if it is free, or blog.alice below a name that you may write for
    pub name: String,
    /// Check the site and say what publishing it would upload, cost and change; upload, pay and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Then prepay this amount, in MEGA, so that the network renews all of it by itself for as long as it lasts, like
    /// `meganet renew NAME --auto`; also where nothing has changed
    #[arg(long, value_name = "AMOUNT", conflicts_with = "dry_run")]
    pub auto: Option<Mega>,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub terms: TermsArgs,
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
    /// A name, or a link that `put` printed; --status without one shows all that the account has prepaid for
    #[arg(required_unless_present_any = ["status", "id"])]
    pub source: Option<String>,
    /// Until so many storage epochs from now. What is registered for a shorter time is paid for until then, from now on, so
    /// renew late. With --auto: for so many epochs each time
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub epochs: u32,
    /// Prepay this amount, in MEGA: the network renews by itself, late, for as long as it lasts. Run again, it adds to it
    #[arg(long, value_name = "AMOUNT", conflicts_with_all = ["status", "cancel"])]
    pub auto: Option<Mega>,
    /// With --auto: renew only while a GiB costs at most this for an epoch, in MEGA; by default twice what it costs now
    #[arg(long, value_name = "PRICE", requires = "auto")]
    pub max_price: Option<Mega>,
    /// Show what is prepaid, how long it lasts, and what is in its way
    #[arg(long, conflicts_with = "cancel")]
    pub status: bool,
    /// Stop renewing by itself and get back what is left
    #[arg(long)]
    pub cancel: bool,
    /// With --cancel: the number that --status shows, instead of a name or link; may be given several times
    #[arg(long, value_name = "NUMBER", requires = "cancel", conflicts_with = "source")]
    pub id: Vec<u64>,
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
    /// How long browsers may take a name to point where it did, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub name_ttl: u64,
    /// Whose folders without an index.html are listed
    #[arg(long, value_enum, default_value_t = ListingsArg::Wanted, value_name = "WHOSE")]
    pub listings: ListingsArg,
    /// Where readers of a name are sent that points into IPFS: a URL with {cid} in it and /{path} at its end; with {network} for
    /// IPNS as well
    #[arg(long, value_name = "URL")]
    pub foreign_gateway: Option<meganet_gateway::ForeignGateway>,
    /// Answer only what is proven about names; 502 where a node would have to be believed
    #[arg(long)]
    pub require_verified: bool,
}

/// Whose folders a gateway lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ListingsArg {
    /// Those with a file `_listing` in them or above them
    Wanted,
    /// All
    All,
    /// None
    None,
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
