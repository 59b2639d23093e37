//! `meganet gateway`

use clap::{Args, ValueEnum};
use meganet_gateway::ForeignGateway;
use std::net::SocketAddr;

/// `meganet gateway`
#[derive(Debug, Args)]
pub struct GatewayArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080", env = "MEGANET_GATEWAY_LISTEN")]
    pub listen: SocketAddr,
    /// Memory for cached files, in MiB, at most 1048576 (1 TiB); 0 caches none
    #[arg(long, default_value_t = 64, value_name = "MIB", value_parser = clap::value_parser!(u64).range(..=1 << 20))]
    pub cache: u64,
    /// How long browsers may cache what a name points to, in seconds
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub name_ttl: u64,
    /// Which folders without an index.html are answered with a list of their files
    #[arg(long, value_enum, default_value_t = ListingsArg::Wanted, value_name = "WHICH")]
    pub listings: ListingsArg,
    /// URL of an IPFS gateway to which readers are redirected if a name points to content on IPFS, such as
    /// https://{cid}.ipfs.example.org/{path}. Write {network} in place of ipfs to redirect IPNS names too
    #[arg(long, value_name = "URL")]
    pub foreign_gateway: Option<ForeignGateway>,
    /// Answer with status 502 unless a light client or a proof verified what the name points to
    #[arg(long)]
    pub require_verified: bool,
}

/// The sites whose folders a gateway lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListingsArg {
    /// Folders with a file `_listing` in them or above them
    Wanted,
    /// Every folder
    All,
    /// No folder
    None,
}
