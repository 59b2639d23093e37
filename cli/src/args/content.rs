//! `meganet publish`, `put`, `get` and `renew`

use super::TermsArgs;
use clap::{Args, Subcommand};
use meganet_chain_client::Mega;
use meganet_primitives::placement::ProfileId;
use std::path::PathBuf;

/// Where stored content is placed, and for how long.
#[derive(Clone, Debug, Args)]
pub struct PlacementArgs {
    /// Erasure code and placement: compact (2 of 6 shards restore a file), standard (4 of 12), always-on (20 of 40), home
    /// (16 of 48); by default standard if the network has enough workers for it, else compact
    #[arg(long, help_heading = "Placement")]
    pub profile: Option<ProfileId>,
    /// Number of storage epochs to pay for; `meganet status` shows the current epoch
    #[arg(long, default_value_t = 12, value_name = "N", help_heading = "Placement")]
    pub epochs: u32,
}

/// Which entries of a folder are published.
#[derive(Clone, Debug, Args)]
pub struct SelectionArgs {
    /// Publish hidden files and folders too: those whose names begin with a dot. Without it, only .well-known is published, and
    /// hidden files that a line such as !.nojekyll of .megaignore names
    #[arg(long, help_heading = "Files")]
    pub hidden: bool,
    /// Leave out files and folders that match this pattern, like a line of .megaignore in the root of the folder; may be repeated.
    /// The syntax is that of .gitignore
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub exclude: Vec<String>,
    /// Publish files that look like secrets: .env*, private keys, files with passwords, wallets. Anyone can read them then
    #[arg(long, help_heading = "Files")]
    pub allow_secrets: bool,
}

/// `meganet publish`
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// Folder to publish
    pub dir: PathBuf,
    /// Name to publish under: alice, which is registered if it is free, or blog.alice, if you may write for alice
    pub name: String,
    /// Check the site and show what publishing it would upload, cost and change, without doing it
    #[arg(long)]
    pub dry_run: bool,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Also pay this amount, in MEGA, in advance for automatic renewal, like `meganet renew NAME --auto`. Applies also if the site
    /// has not changed
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
    /// File to store; '-' for standard input, which needs --name
    pub file: PathBuf,
    /// Name that readers get the file under; by default its own
    #[arg(long, value_name = "NAME", required_if_eq("file", "-"))]
    pub name: Option<String>,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub placement: PlacementArgs,
}

/// `meganet files`
#[derive(Debug, Subcommand)]
pub enum FilesCommand {
    /// Forget the link of a file, which is not deleted by that. Without another copy of the link nobody can read the file
    Forget {
        /// The link
        link: String,
    },
}

/// `meganet get`
#[derive(Debug, Args)]
pub struct GetArgs {
    /// NAME/PATH, NAME/ for the whole site, meganet://NAME/PATH, or a link printed by `meganet put`
    pub source: String,
    /// File or folder to write; '-' for stdout. In a folder that exists, or if this ends with '/', it keeps its own name, as with
    /// `cp -r`. By default its own name, in the current folder
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Overwrite existing files, and write into an existing folder; its other files stay
    #[arg(long)]
    pub force: bool,
}

/// `meganet ls`
#[derive(Debug, Args)]
pub struct LsArgs {
    /// NAME, NAME/PATH, meganet://NAME/PATH, or a link
    pub source: String,
    /// List also the files of all folders below, by their paths
    #[arg(short = 'R', long)]
    pub recursive: bool,
}

/// `meganet renew`
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// Name, or link printed by `meganet put`. Without it, --status lists everything the account has prepaid
    #[arg(required_unless_present_any = ["status", "id"])]
    pub source: Option<String>,
    /// Extend storage to this many storage epochs from now. You pay for the time from now on, also for content that is paid
    /// for already, so renew late. With --auto: the number of epochs of each renewal
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub epochs: u32,
    /// Pay this amount, in MEGA, in advance, and a refundable deposit. In the last epoch that is paid for, the network takes the
    /// price of the next --epochs from it, and so on until it is used up; your account is not charged again. Repeat to add to
    /// it; --status shows what is left, --cancel stops and refunds that
    #[arg(long, value_name = "AMOUNT", conflicts_with_all = ["status", "cancel"])]
    pub auto: Option<Mega>,
    /// With --auto: pause renewing while a GiB costs more than this per epoch, in MEGA; by default twice today's price
    #[arg(long, value_name = "PRICE", requires = "auto")]
    pub max_price: Option<Mega>,
    /// With --auto: prepay although an earlier prepayment, which was interrupted, may have been made. See --status first
    #[arg(long, requires = "auto")]
    pub again: bool,
    /// Show what is prepaid, how long it will last, and what keeps it from renewing
    #[arg(long, conflicts_with = "cancel")]
    pub status: bool,
    /// Stop automatic renewal and refund what is left
    #[arg(long)]
    pub cancel: bool,
    /// With --cancel: number of an automatic renewal, as shown by --status, instead of a name or link; may be repeated
    #[arg(long, value_name = "NUMBER", requires = "cancel", conflicts_with = "source")]
    pub id: Vec<u64>,
}
