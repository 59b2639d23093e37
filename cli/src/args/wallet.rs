//! `meganet wallet`

use clap::Subcommand;
use std::path::PathBuf;

/// `meganet wallet`
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Create an account; shows its recovery phrase once, on a terminal
    New {
        /// Name of the account in this wallet
        name: String,
        /// Print the recovery phrase also with --json, or into a pipe or file
        #[arg(long)]
        show_phrase: bool,
    },
    /// Import a recovery phrase or secret URI (from stdin or a prompt), or a polkadot-js JSON file
    Import {
        /// Name of the account in this wallet
        name: String,
        /// polkadot-js JSON v3 keystore to import instead of a phrase
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// List the accounts of this wallet
    List,
    /// Write an account's encrypted keystore, which polkadot-js and other wallets can import
    Export {
        /// Name or address of the account
        name: String,
        /// File to write; '-' for stdout, the default
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show the balance of an account
    Balance {
        /// Name or address; by default the signing account
        // Not `account`: that is a global flag, and clap would treat the two as one.
        #[arg(value_name = "ACCOUNT")]
        of: Option<String>,
    },
    /// Send an amount to an account
    Send {
        /// Address, or name of an account in this wallet
        to: String,
        /// Amount in MEGA, for example 2.5
        amount: String,
    },
}
