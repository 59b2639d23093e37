//! The command line.

use sc_cli::RunCmd;

/// `meganet-node`: without a subcommand it runs a node.
#[derive(Debug, clap::Parser)]
pub struct Cli {
    /// A command other than running a node.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    /// The options of a running node.
    #[clap(flatten)]
    pub run: RunCmd,
}

/// The commands other than running a node.
#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)] // Parsed once.
pub enum Subcommand {
    /// Create, inspect and insert keys
    #[command(subcommand)]
    Key(sc_cli::KeySubcommand),

    /// Write a chain spec: readable, or with --raw in the form that all nodes of a network share
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Write a chain spec (deprecated; use export-chain-spec; this one adds the node as a boot node)
    BuildSpec(sc_cli::BuildSpecCmd),

    /// Execute a block again and compare the result
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Export blocks to a file
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Export the state at a block as a chain spec
    ExportState(sc_cli::ExportStateCmd),

    /// Import blocks from a file
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Delete the chain's database
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Revert blocks that are not final
    Revert(sc_cli::RevertCmd),

    /// Print the state of the chain database
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
