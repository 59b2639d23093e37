//! The implementation of the subcommands.

use crate::{
    chain_spec,
    cli::{Cli, Subcommand},
    parts::{self, Client, Parts},
    service,
};
use meganet_runtime::{constants::SS58_PREFIX, opaque::Block};
use sc_cli::SubstrateCli;
use sc_network::config::NetworkBackendType;
use sc_service::{ChainSpec, TFullBackend};
use sp_core::crypto::{Ss58AddressFormat, set_default_ss58_version};
use std::{path::PathBuf, sync::Arc};

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Meganet Node".into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description() -> String {
        "Runs the Meganet chain: a validator, a full node, or a development chain.\n\n\
         meganet-node --dev           a chain with one validator, deleted at exit\n\
         meganet-node --chain FILE    a full node of the network whose spec is FILE\n\n\
         A validator also needs --validator, --node-key-file and its keys: see node/README.md"
            .into()
    }

    fn author() -> String {
        "The Meganet developers".into()
    }

    fn support_url() -> String {
        "node/README.md in the sources".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn ChainSpec>, String> {
        Ok(Box::new(match id {
            "dev" => chain_spec::dev()?,
            "" | "local" => chain_spec::local()?,
            "local-audits" => chain_spec::local_audits()?,
            "local-names" => chain_spec::local_names()?,
            file => chain_spec::ChainSpec::from_json_file(PathBuf::from(file)).map_err(|error| {
                let known = "dev, local, local-audits, local-names";
                format!("{file:?} is neither a built-in chain ({known}) nor a readable chain spec: {error}")
            })?,
        }))
    }
}

/// Parses the command line and runs the command.
pub fn run() -> sc_cli::Result<()> {
    // The node prints addresses of this chain.
    set_default_ss58_version(Ss58AddressFormat::custom(SS58_PREFIX));
    let cli = Cli::from_args();
    match &cli.subcommand {
        None => run_node(&cli),
        Some(Subcommand::Key(cmd)) => cmd.run(&cli),
        Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(cli.load_spec(&cmd.chain)?),
        Some(Subcommand::BuildSpec(cmd)) => {
            cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.chain_spec, config.network))
        }
        Some(Subcommand::CheckBlock(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Parts { client, task_manager, import_queue, .. } = parts::open(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::ExportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Parts { client, task_manager, .. } = parts::open(&config)?;
            Ok((cmd.run(client, config.database), task_manager))
        }),
        Some(Subcommand::ExportState(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Parts { client, task_manager, .. } = parts::open(&config)?;
            Ok((cmd.run(client, config.chain_spec), task_manager))
        }),
        Some(Subcommand::ImportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Parts { client, task_manager, import_queue, .. } = parts::open(&config)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::PurgeChain(cmd)) => cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.database)),
        Some(Subcommand::Revert(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let Parts { client, task_manager, backend, .. } = parts::open(&config)?;
            let revert_consensus = Box::new(|client: Arc<Client>, backend: Arc<TFullBackend<Block>>, blocks| {
                sc_consensus_babe::revert(client.clone(), backend, blocks)?;
                sc_consensus_grandpa::revert(client, blocks)?;
                Ok(())
            });
            Ok((cmd.run(client, backend, Some(revert_consensus)), task_manager))
        }),
        Some(Subcommand::ChainInfo(cmd)) => cli.create_runner(cmd)?.sync_run(|config| cmd.run::<Block>(&config)),
    }
}

fn run_node(cli: &Cli) -> sc_cli::Result<()> {
    cli.create_runner(&cli.run)?.run_node_until_exit(|config| async move {
        match config.network.network_backend {
            NetworkBackendType::Litep2p => service::start::<sc_network::Litep2pNetworkBackend>(config),
            NetworkBackendType::Libp2p => {
                service::start::<sc_network::NetworkWorker<Block, meganet_runtime::Hash>>(config)
            }
        }
        .map_err(sc_cli::Error::Service)
    })
}
