//! Publish and fetch: seal, encode, place, upload, register; resolve, fetch, verify, open. And the wallet.

pub mod auto_renew;
pub mod fetch;
pub mod files;
mod get;
pub mod names;
mod network;
pub mod pack;
pub mod progress;
pub mod publish;
mod rebuild;
pub mod registrations;
pub mod renew;
pub mod resolve;
mod site;
pub mod upload;
pub mod wallet;

pub use get::Fetched;
pub use network::Network;
pub use publish::{PublishOptions, PublishPreview, PublishReport, PutReport};
pub use site::Site;
