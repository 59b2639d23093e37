#![doc = include_str!("../README.md")]

pub mod builtin_pages;
pub mod file_cache;
pub mod file_reader;
pub mod foreign;
pub mod host;
pub mod metrics;
pub mod name_headers;
pub mod network;
pub mod options;
pub mod router;
pub mod rule_cache;
pub mod server;
pub mod site_server;
pub mod source;

pub use foreign::ForeignGateway;
pub use meganet_site::Listings;
pub use network::NetworkSource;
pub use options::GatewayOptions;
pub use server::{GatewayLimits, serve};
pub use source::{Evidence, NameState, Opened, Site, Source, SourceError, Verified};
