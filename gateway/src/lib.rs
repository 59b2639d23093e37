#![doc = include_str!("../README.md")]

mod builtin_pages;
mod file_cache;
mod file_reader;
mod foreign;
mod head_size;
mod host;
mod load_budget;
mod metrics;
mod name_headers;
mod network;
mod options;
mod router;
mod rule_cache;
mod sending;
mod server;
mod shelf;
mod site_server;
mod source;
mod tenure;
mod tenure_key;
mod turns;

pub use foreign::ForeignGateway;
pub use meganet_site::Listings;
pub use network::NetworkSource;
pub use options::GatewayOptions;
pub use server::{GatewayLimits, serve};
pub use source::{Evidence, File, NameState, Opened, Site, Source, SourceError, Verified};
pub use tenure_key::TenureKey;
