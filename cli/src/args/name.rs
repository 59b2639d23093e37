//! `meganet name`: its commands and flags.

use clap::{Args, Subcommand};

/// Shown by `meganet name --help`.
pub(super) const EXAMPLES: &str = "\
Examples:
  meganet name search bakery                       what is free near a word, and what it costs
  meganet name register bakery --years 2           commits, waits some blocks, registers
  meganet publish ./site bakery                    publishes, and registers first if need be
  meganet name set bakery ipfs://bafy...           points at what IPFS holds
  meganet name text bakery url https://example.org
  meganet name delegate add bakery ci-robot        lets another account publish, and nothing else
  meganet publish ./blog blog.bakery               a name below a name
  meganet history bakery                           what it pointed at
  meganet rollback bakery                          back to the version before

Names are a-z, 0-9 and hyphens. What is typed in another case or width is brought to that form and shown in both.";

/// `meganet name`
#[derive(Debug, Subcommand)]
pub enum NameCommand {
    /// Look for a name: a word and others near it, free or taken, with their price
    Search {
        /// What it should be about
        word: String,
    },
    /// Whether a name can be registered, and if not, why
    Available {
        /// The name
        name: String,
    },
    /// What a name costs: rent, a premium if it has just lapsed, and the deposit that comes back
    Price {
        /// The name
        name: String,
        /// For so many years
        #[arg(long, default_value_t = 1, value_name = "N")]
        years: u32,
    },
    /// Register a name: commits to it, waits some blocks so that nobody can snatch it, and pays. Run again, it goes on
    Register(RegisterArgs),
    /// Pay further years of a name; anybody may, for anybody's
    Renew {
        /// The name
        name: String,
        /// So many more
        #[arg(long, default_value_t = 1, value_name = "N")]
        years: u32,
        /// Only say what it would cost
        #[arg(long)]
        dry_run: bool,
    },
    /// Give a name to another account, with its content and texts
    Transfer {
        /// The name
        name: String,
        /// The new owner: address or name in the wallet
        to: String,
    },
    /// Give a name up and get its deposit back; the rent is not returned
    Release {
        /// The name
        name: String,
    },
    /// Point a name at what a link opens (this makes the link's key public), or at what another network holds
    Set {
        /// The name: alice, or blog.alice
        name: String,
        /// A link that `put` printed, ipfs://CID, ipns://CID, bzz://HASH, onion3://ADDRESS, ar://ID, or 'none'
        link: String,
    },
    /// A text that a name says, such as url, description or com.github; without a value it is printed
    Text {
        /// The name
        name: String,
        /// What it is about
        key: String,
        /// What it says
        value: Option<String>,
        /// Remove it
        #[arg(long, conflicts_with = "value")]
        remove: bool,
    },
    /// An address on another chain; without one it is printed
    Addr {
        /// The name
        name: String,
        /// btc, eth, dot, ksm, sol, or the number of a SLIP-44 coin type
        coin: String,
        /// The address as that chain writes it; for other coins 0x and its binary form in hex
        address: Option<String>,
        /// Remove it
        #[arg(long, conflicts_with = "address")]
        remove: bool,
    },
    /// The key that messages to a name's owner are sealed for; without one it is printed
    Key {
        /// The name
        name: String,
        /// An X25519 public key: 64 hex digits
        key: Option<String>,
        /// Remove it
        #[arg(long, conflicts_with = "key")]
        remove: bool,
    },
    /// Accounts that may publish under a name and write its records, and nothing else
    #[command(subcommand)]
    Delegate(DelegateCommand),
    /// Names below a name, such as blog.alice
    #[command(subcommand)]
    Sub(SubCommand),
    /// The name that an account goes by
    Reverse(ReverseArgs),
    /// Everything that is known of a name
    Info {
        /// The name: alice, or blog.alice
        name: String,
    },
    /// The names of an account
    List {
        /// Address or name in the wallet; by default the account that signs
        owner: Option<String>,
    },
    /// Registrations under way; takes back those that nothing came of
    Commitments(CommitmentsArgs),
    /// Take a name out of the chain's state that has lapsed and that nobody wanted; anybody may
    Sweep {
        /// The name
        name: String,
    },
}

/// On which terms a name is registered.
#[derive(Clone, Debug, Args)]
pub struct TermsArgs {
    /// For so many years
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Name")]
    pub years: u32,
    /// Pay at most so much for it, in MEGA, a premium for a name that has just lapsed included; by default a premium is asked
    /// about
    #[arg(long, value_name = "MEGA", help_heading = "Name")]
    pub max_price: Option<meganet_chain_client::Mega>,
}

/// `meganet name register`
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// 3 to 63 of a-z, 0-9 and '-'
    pub name: String,
    #[allow(missing_docs)]
    #[command(flatten)]
    pub terms: TermsArgs,
    /// Only say what it would cost
    #[arg(long)]
    pub dry_run: bool,
}

/// `meganet name commitments`
#[derive(Debug, Args)]
pub struct CommitmentsArgs {
    /// Take this one back; may be given several times
    #[arg(long, value_name = "HASH")]
    pub cancel: Vec<String>,
    /// Take back all that are too old to be used
    #[arg(long)]
    pub cancel_stale: bool,
}

/// `meganet name reverse`
#[derive(Debug, Args)]
pub struct ReverseArgs {
    /// Address or name in the wallet; by default the account that signs
    #[arg(value_name = "ACCOUNT", conflicts_with_all = ["set", "clear"])]
    pub of: Option<String>,
    /// The account that signs goes by this name, which it owns
    #[arg(long, value_name = "NAME", conflicts_with = "clear")]
    pub set: Option<String>,
    /// The account that signs goes by no name
    #[arg(long)]
    pub clear: bool,
}

/// `meganet name delegate`
#[derive(Debug, Subcommand)]
pub enum DelegateCommand {
    /// Who may write for a name
    List {
        /// The name
        name: String,
    },
    /// Let an account publish under a name and write its records
    Add {
        /// The name
        name: String,
        /// Address or name in the wallet
        #[arg(value_name = "ACCOUNT")]
        whom: String,
    },
    /// No longer
    Remove {
        /// The name
        name: String,
        /// Address or name in the wallet
        #[arg(value_name = "ACCOUNT")]
        whom: String,
    },
}

/// `meganet name sub`
#[derive(Debug, Subcommand)]
pub enum SubCommand {
    /// The names below a name
    List {
        /// The name
        name: String,
    },
    /// Make a name below a name, or point it elsewhere
    Set {
        /// As in blog.alice
        name: String,
        /// As for `name set`
        link: String,
    },
    /// Remove a name below a name
    Remove {
        /// As in blog.alice
        name: String,
    },
    /// Let one account publish under a name below a name
    Delegate {
        /// As in blog.alice
        name: String,
        /// Address or name in the wallet, or 'none'
        #[arg(value_name = "ACCOUNT")]
        whom: String,
    },
}

#[cfg(test)]
mod tests {
    use crate::args::Cli;
    use clap::Parser;

    #[test]
    fn names_are_asked_about_and_changed() {
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
