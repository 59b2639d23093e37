//! The command line.

use sc_cli::RunCmd;

/// `meganet-node`: without a subcommand it runs a node.
#[derive(Debug, clap::Parser)]
pub struct Cli {
    /// What to do instead of running a node.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    /// How to run the node.
    #[clap(flatten)]
    pub run: RunCmd,
}

/// Everything but running a node.
#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)] // Parsed once.
pub enum Subcommand {
    /// Make, inspect and insert keys
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Write a chain's spec, readable or, with --raw, as nodes of a network must share it
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Write a chain's spec (the older name of export-chain-spec; adds this node as boot node)
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Execute a block again and compare
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Write the state at a block as a chain spec
    ExportState(sc_cli::ExportStateCmd),

    /// Read blocks from a file
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Delete the chain's database
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Take back blocks that are not final
    Revert(sc_cli::RevertCmd),

    /// Print what the database holds
    ChainInfo(sc_cli::ChainInfoCmd),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
