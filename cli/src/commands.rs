//! Runs the commands, one file for each.

mod content;
mod devnet;
mod gateway;
mod get;
mod history;
mod interrupted;
mod light;
mod light_client;
mod ls;
mod name;
mod network;
mod publish;
mod renew;
mod resolve;
mod session;
mod spool;
mod status;
mod usage;
mod verify;
mod wallet;
mod worker;

pub use self::{
    interrupted::{Interrupted, exit_code},
    light_client::relies_on,
    session::Session,
    usage::WrongUsage,
};

use crate::args::{Cli, Command};
use anyhow::Result;
use clap::CommandFactory;
use meganet_terminal::unless_closed;
use std::io::Write;

/// Runs a parsed command line.
///
/// # Errors
/// The command failed; the message says what to do, and is printed by [`crate::output::print_error`].
/// [`exit_code`] has the exit code.
pub async fn run(cli: Cli) -> Result<()> {
    let session = Session::new(cli.global);
    match cli.command {
        Command::Wallet(command) => wallet::run(&session, command).await,
        Command::Name(command) => name::run(&session, command).await,
        Command::Publish(args) => publish::publish(&session, args).await,
        Command::History { name } => history::history(&session, &name).await,
        Command::Rollback { name, version } => history::rollback(&session, &name, version).await,
        Command::Resolve(args) => resolve::run(&session, &args).await,
        Command::Verify(args) => verify::run(&session, &args).await,
        Command::Checkpoint { output } => verify::checkpoint(&session, &output).await,
        Command::Get(args) => get::get(&session, args).await,
        Command::Ls(args) => ls::ls(&session, args).await,
        Command::Put(args) => content::put(&session, args).await,
        Command::Files { command } => content::files(&session, command).await,
        Command::Renew(args) => renew::run(&session, args).await,
        Command::Gateway(args) => gateway::run(&session, args).await,
        Command::Status => status::run(&session).await,
        Command::Network => network::run(&session).await,
        Command::Worker(command) => worker::run(&session, command).await,
        Command::Light(command) => light::run(&session, command).await,
        Command::Devnet(args) => devnet::run(&session, args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "meganet", &mut script);
            unless_closed(std::io::stdout().write_all(&script))
        }
    }
}
