//! The command line: every command, flag and default, with the text that `--help` prints.

mod chain;
mod content;
mod devnet;
mod gateway;
mod global;
mod name;
mod wallet;

pub use chain::{LightCommand, ResolveArgs, VerifyArgs, WorkerCommand};
pub use content::{FilesCommand, GetArgs, LsArgs, PlacementArgs, PublishArgs, PutArgs, RenewArgs, SelectionArgs};
pub use devnet::{DevnetArgs, DevnetCommand, KindArg, ProcessArgs, ShapeArgs};
pub use gateway::{GatewayArgs, ListingsArg};
pub use global::Global;
pub use name::{CommitmentsArgs, DelegateCommand, NameCommand, RegisterArgs, ReverseArgs, SubCommand, TermsArgs};
pub use wallet::WalletCommand;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use meganet_terminal::{Arguments, exit_with, try_parse_arguments};
use std::{env, ffi::OsString, path::PathBuf};

/// Shown at the end of `meganet --help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: the reason is on stderr as `error: …`, and with --json also
     on stdout as {\"error\": …}
  2  the command line is wrong: nothing was done
  130  `get` or `put -` was interrupted: files that are complete stay";

/// Publish, read and keep files on Meganet: an Internet by the people, for the people.
///
/// A name points to content, which is stored as encrypted shards on workers
/// in several countries. To try it on this machine:
///
///   meganet devnet up                             start a local network
///   meganet --suri //Alice publish ./site hello   publish a folder
///   meganet get hello/index.html -o -             read it back
#[derive(Debug, Parser)]
#[command(
    name = "meganet",
    version,
    verbatim_doc_comment,
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = EXIT_CODES
)]
pub struct Cli {
    #[allow(missing_docs)]
    #[command(flatten)]
    pub global: Global,
    #[allow(missing_docs)]
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Parses the arguments of this process. If they are wrong, or ask for help, prints that and exits.
    pub fn from_process() -> Self {
        Self::from_arguments(env::args_os().collect()).unwrap_or_else(|error| exit_with(&error))
    }

    /// Parses arguments, of which the first is the name of the program, with the variables of this process.
    ///
    /// # Errors
    /// The arguments are wrong, or ask for help.
    pub fn from_arguments(arguments: Vec<OsString>) -> Result<Self, clap::Error> {
        let Arguments { parsed: mut cli, typed } = try_parse_arguments::<Self>(arguments)?;
        let settled = cli.global.settle(typed);
        settled.map_err(|conflict| Self::command().error(ErrorKind::ArgumentConflict, conflict))?;
        Ok(cli)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, import, list and export accounts; show balances and send money
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Search, register and renew names, set their records, and control who may write for them
    #[command(subcommand, after_help = name::EXAMPLES)]
    Name(NameCommand),
    /// List the versions of a name: what it pointed to, and since when
    History {
        /// Name
        name: String,
    },
    /// Point a name to an earlier version again, in one transaction
    Rollback {
        /// Name
        name: String,
        /// Number of the version, as listed by `meganet history`; by default the newest one with other content
        version: Option<u32>,
    },
    /// Publish a folder under a name; run it again to upload only what changed
    ///
    /// The files _redirects and _headers of the folder are checked first. If
    /// gateways would not understand a line, it is reported with its number and
    /// nothing is published. docs/sites.md describes what a site may contain.
    ///
    /// Hidden files and folders, such as .git, are left out, and so are those
    /// that the file .megaignore of the folder names, in the syntax of
    /// .gitignore. All entries that are left out are listed, with --json under
    /// skipped. Files that look like secrets are an error.
    ///
    /// With --dry-run everything is checked and nothing is changed:
    ///
    ///   meganet publish ./site hello --dry-run   show size, price and changes
    ///   meganet publish ./site hello             do it
    #[command(verbatim_doc_comment)]
    Publish(PublishArgs),
    /// Extend the paid storage of a name or link, once or automatically; no data is uploaded
    Renew(RenewArgs),
    /// Show what a name points to, and how that was verified
    Resolve(ResolveArgs),
    /// Check a proof saved by `meganet resolve --proof`, offline
    Verify(VerifyArgs),
    /// Save a checkpoint from a node that is trusted this once; with it, --checkpoint verifies later answers
    Checkpoint {
        /// File to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Fetch a file or folder of a name, or the content of a link
    ///
    ///   meganet get hello/index.html    a file, to ./index.html
    ///   meganet get hello/media         a folder, to ./media
    ///   meganet get hello/              the whole site, to ./hello
    ///   meganet get hello               its index.html; without one, the whole site
    ///   meganet get 'LINK' -o FILE      the file of a link
    ///
    /// Nothing is overwritten without --force, and nothing is fetched before
    /// that is clear. Fetched files get the permissions of new files, and are
    /// executable where their publisher could execute them.
    #[command(verbatim_doc_comment)]
    Get(GetArgs),
    /// List the files of a name, a folder of it, or a link, with their sizes
    Ls(LsArgs),
    /// Store a private file and print a link with its key; folders are published
    ///
    ///   meganet put photo.jpg                        a file
    ///   PROGRAM | meganet put - --name report.txt    what a program writes
    #[command(verbatim_doc_comment)]
    Put(PutArgs),
    /// List the files that `put` has stored with this account from this machine, with their links
    Files {
        #[allow(missing_docs)]
        #[command(subcommand)]
        command: Option<FilesCommand>,
    },
    /// Serve the sites of names to browsers at http://NAME.mega.localhost:PORT/
    Gateway(GatewayArgs),
    /// Network overview: chain, workers, groups, capacity, price
    Status,
    /// Storage health: audits, payments, degraded groups, repairs
    Network,
    /// Show what workers have proven, missed and earned
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// Write the chain spec used by --light
    #[command(subcommand)]
    Light(LightCommand),
    /// Run a local network of real processes in one folder
    Devnet(DevnetArgs),
    /// Print a completion script for a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_has_help() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty() && !help.ends_with('.'), "{} {argument}: '{help}'", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn help_ends_with_the_exit_codes() {
        let help = Cli::command().render_long_help().to_string();
        let (_, codes) = help.split_once("Exit codes:").unwrap();
        assert_eq!(codes.lines().filter(|line| line.trim_start().starts_with(['0', '1', '2'])).count(), 4, "{codes}");
    }

    #[test]
    fn no_argument_of_a_command_has_the_id_of_a_global_flag() {
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
