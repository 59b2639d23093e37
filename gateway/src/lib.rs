#![doc = include_str!("../README.md")]

mod builtin_pages;
mod file_cache;
mod file_reader;
mod foreign;
mod host;
mod metrics;
mod name_headers;
mod network;
mod options;
mod router;
mod rule_cache;
mod server;
mod site_server;
mod source;

pub use foreign::ForeignGateway;
pub use meganet_site::Listings;
pub use network::NetworkSource;
pub use options::GatewayOptions;
pub use server::{GatewayLimits, serve};
pub use source::{Evidence, NameState, Opened, Site, Source, SourceError, Verified};
