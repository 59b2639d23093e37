//! What the command line asks for, one file a command.

mod content;
mod devnet;
mod gateway;
mod name;
mod network;
mod renew;
mod session;
mod status;
mod wallet;
mod worker;

pub use session::Session;

use crate::args::{Cli, Command};
use anyhow::Result;
use clap::CommandFactory;

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<()> {
    let session = Session::new(cli.global);
    match cli.command {
        Command::Wallet(command) => wallet::run(&session, command).await,
        Command::Name(command) => name::run(&session, command).await,
        Command::Publish(args) => content::publish(&session, args).await,
        Command::Resolve { name } => name::resolve(&session, &name).await,
        Command::Get(args) => content::get(&session, args).await,
        Command::Put(args) => content::put(&session, args).await,
        Command::Renew(args) => renew::run(&session, args).await,
        Command::Gateway(args) => gateway::run(&session, args).await,
        Command::Status => status::run(&session).await,
        Command::Network => network::run(&session).await,
        Command::Worker(command) => worker::run(&session, command).await,
        Command::Devnet(args) => devnet::run(&session, args).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "meganet", &mut std::io::stdout());
            Ok(())
        }
    }
}
