#![doc = include_str!("../README.md")]

pub mod auto_renew;
pub mod batches;
mod client;
mod error;
mod funds;
mod get;
mod kept;
pub mod links;
pub mod names;
pub mod pack;
pub mod payments;
mod portable;
pub mod publish;
pub mod renew;
pub mod resolve;
mod sealing;
mod site;

pub use client::Client;
pub use error::SiteError;
pub use get::{Existing, Fetched};
pub use meganet_transfer::{FetchError, FetchOptions, Network, progress};
pub use publish::{PublishOptions, PublishPreview, PublishReport, PutReport, PutSource};
pub use site::{Site, SiteFile};
