//! `meganet name`: its commands and flags.

use clap::{Args, Subcommand};
use meganet_chain_client::Mega;

/// Shown by `meganet name --help`.
pub(super) const EXAMPLES: &str = "\
Examples:
  meganet name search bakery                  find free names like it
  meganet name register bakery --years 2      commit, wait, register
  meganet publish ./site bakery               publish; registers it if free
  meganet name set bakery ipfs://bafy...      point it to content on IPFS
  meganet name text bakery url https://example.org
  meganet name delegate add bakery ci-robot   let another account publish
  meganet publish ./blog blog.bakery          publish under a subname
  meganet history bakery                      list its versions
  meganet rollback bakery                     return to the version before

Names consist of a-z, 0-9 and hyphens. Input in another case or width is
converted, and a note shows the result.";

/// `meganet name`
#[derive(Debug, Subcommand)]
pub enum NameCommand {
    /// Search for free names: the word and variations of it, each with its price or owner
    Search {
        /// Word to search for
        word: String,
    },
    /// Check whether a name can be registered, and if not, why
    Available {
        /// Name
        name: String,
    },
    /// Show the price of a name: rent, a premium if it has lapsed recently, and the refundable deposit
    Price {
        /// Name
        name: String,
        /// Number of years
        #[arg(long, default_value_t = 1, value_name = "N")]
        years: u32,
    },
    /// Register a name: commit to it secretly, wait some blocks so that no one can register it first, then pay. If
    /// interrupted, run it again to continue
    Register(RegisterArgs),
    /// Pay for more years of a name; anyone may, for any name
    Renew {
        /// Name
        name: String,
        /// Number of years to add
        #[arg(long, default_value_t = 1, value_name = "N")]
        years: u32,
        /// Only show the price
        #[arg(long)]
        dry_run: bool,
    },
    /// Transfer a name to another account, with its content and text records
    Transfer {
        /// Name
        name: String,
        /// New owner: an address or an account of the wallet
        to: String,
    },
    /// Give up a name and get its deposit back; the rent is not refunded
    Release {
        /// Name
        name: String,
    },
    /// Point a name to the content of a link (which makes the link's key public) or to another network
    Set {
        /// Name: alice, or blog.alice
        name: String,
        /// Link printed by `meganet put`, ipfs://CID, ipns://CID, bzz://HASH, onion3://ADDRESS, ar://ID, or 'none'
        link: String,
    },
    /// Set a text record of a name, such as url, description or com.github; without a value, print it
    Text {
        /// Name
        name: String,
        /// Key of the record
        key: String,
        /// Value of the record
        value: Option<String>,
        /// Remove the record
        #[arg(long, conflicts_with = "value")]
        remove: bool,
    },
    /// Set the address of a name on another chain; without an address, print it
    Addr {
        /// Name
        name: String,
        /// Coin: btc, eth, dot, ksm, sol, or a SLIP-44 coin type
        coin: String,
        /// Address in the notation of that chain; for other coins its binary form as 0x and hex digits
        address: Option<String>,
        /// Remove the address
        #[arg(long, conflicts_with = "address")]
        remove: bool,
    },
    /// Set the public key for encrypting messages to a name's owner; without a key, print it
    Key {
        /// Name
        name: String,
        /// X25519 public key: 64 hex digits
        key: Option<String>,
        /// Remove the key
        #[arg(long, conflicts_with = "key")]
        remove: bool,
    },
    /// Manage the accounts that may publish under a name, roll it back, set its records and add subnames. They cannot
    /// transfer or release the name, remove subnames or appoint delegates
    #[command(subcommand)]
    Delegate(DelegateCommand),
    /// Manage subnames, such as blog.alice
    #[command(subcommand)]
    Sub(SubCommand),
    /// Show or set the primary name of an account: the one that stands for its address
    Reverse(ReverseArgs),
    /// Show everything about a name: owner, expiry, content, records, delegates, subnames. Without --light, the node is
    /// believed; `meganet resolve` also verifies the content against a checkpoint
    Info {
        /// Name: alice, or blog.alice
        name: String,
    },
    /// List the names of an account
    List {
        /// Address, or account of the wallet; by default the signing account
        owner: Option<String>,
    },
    /// List unfinished registrations, or cancel them to get their deposits back
    Commitments(CommitmentsArgs),
    /// Remove a lapsed name from the chain's state; anyone may
    Sweep {
        /// Name
        name: String,
    },
}

/// Duration and highest price of a registration.
#[derive(Clone, Debug, Args)]
pub struct TermsArgs {
    /// Number of years to register a name for
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Name")]
    pub years: u32,
    /// Highest price to pay for the name, in MEGA, including the premium of a recently lapsed one. By default the terminal
    /// asks before a premium is paid
    #[arg(long, value_name = "MEGA", help_heading = "Name")]
    pub max_price: Option<Mega>,
}

/// `meganet name register`
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// Name: 3 to 63 of a-z, 0-9 and '-'
    pub name: String,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub terms: TermsArgs,
    /// Only show the price
    #[arg(long)]
    pub dry_run: bool,
}

/// `meganet name commitments`
#[derive(Debug, Args)]
pub struct CommitmentsArgs {
    /// Cancel this commitment; may be repeated
    #[arg(long, value_name = "HASH")]
    pub cancel: Vec<String>,
    /// Cancel all that have expired
    #[arg(long)]
    pub cancel_stale: bool,
}

/// `meganet name reverse`
#[derive(Debug, Args)]
pub struct ReverseArgs {
    /// Address, or account of the wallet; by default the signing account
    #[arg(value_name = "ACCOUNT", conflicts_with_all = ["set", "clear"])]
    pub of: Option<String>,
    /// Make this name, which the signing account owns, its primary name
    #[arg(long, value_name = "NAME", conflicts_with = "clear")]
    pub set: Option<String>,
    /// Remove the primary name of the signing account
    #[arg(long)]
    pub clear: bool,
}

/// `meganet name delegate`
#[derive(Debug, Subcommand)]
pub enum DelegateCommand {
    /// List the delegates of a name
    List {
        /// Name
        name: String,
    },
    /// Allow an account to publish under a name, roll it back, set its records and add subnames
    Add {
        /// Name
        name: String,
        /// Address, or account of the wallet
        #[arg(value_name = "ACCOUNT")]
        whom: String,
    },
    /// Withdraw the rights of a delegate
    Remove {
        /// Name
        name: String,
        /// Address, or account of the wallet
        #[arg(value_name = "ACCOUNT")]
        whom: String,
    },
}

/// `meganet name sub`
#[derive(Debug, Subcommand)]
pub enum SubCommand {
    /// List the subnames of a name
    List {
        /// Name
        name: String,
    },
    /// Create a subname, or point it elsewhere
    Set {
        /// Subname, such as blog.alice
        name: String,
        /// As for `meganet name set`
        link: String,
    },
    /// Remove a subname and get its deposit back
    Remove {
        /// Subname, such as blog.alice
        name: String,
    },
    /// Allow one account to publish under a subname
    Delegate {
        /// Subname, such as blog.alice
        name: String,
        /// Address, or account of the wallet, or 'none'
        #[arg(value_name = "ACCOUNT")]
        whom: String,
    },
}

#[cfg(test)]
mod tests {
    use crate::args::Cli;
    use clap::Parser;

    #[test]
    fn names_are_queried_and_changed() {
        let parse = |line: &str| Cli::try_parse_from(line.split_whitespace());
        for line in [
            "meganet name search bakery",
            "meganet name register bakery --years 3 --max-price 2.5 --dry-run",
            "meganet name renew bakery --years 2",
            "meganet name set blog.bakery ipfs://bafy",
            "meganet name text bakery url",
            "meganet name text bakery url --remove",
            "meganet name addr bakery eth 0x00",
            "meganet name key bakery",
            "meganet name delegate add bakery robot",
            "meganet name sub delegate blog.bakery none",
            "meganet name reverse",
            "meganet name reverse --set bakery",
            "meganet name commitments --cancel 0x01 --cancel 0x02 --cancel-stale",
            "meganet history bakery",
            "meganet rollback bakery 3",
            "meganet publish site bakery --years 2",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "meganet name register bakery --max-price much",
            "meganet name text bakery url x --remove",
            "meganet name reverse //Bob --clear",
            "meganet name reverse --set bakery --clear",
            "meganet name delegate add bakery",
            "meganet rollback bakery one",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
