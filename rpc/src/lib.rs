#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! Each family is one jsonrpsee trait `…ApiServer`, implemented over a node's client.
//!
//! - [`name`]: `name_v1`; [`storage`], [`audit`], [`renewal`]: `storage_v1`.
//! - [`follow`]: subscriptions; [`block`]: the block that an answer is read at; [`json`]: how values are encoded; [`error`]: errors and their codes;
//!   [`bounded`]: bounds for what they quote.

pub mod audit;
pub mod block;
pub mod error;
pub mod follow;
pub mod json;
pub mod name;
pub mod renewal;
pub mod storage;

mod bounds;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod mock;

pub use audit::{Audit, AuditApiServer};
pub use block::BlockRef;
pub use bounds::bounded;
pub use error::RpcError;
pub use follow::FinalBlocks;
pub use name::{
    Name, NameApiServer,
    prover::{ProofSource, Sets},
    reader::StateReader,
};
pub use renewal::{Renewal, RenewalApiServer};
pub use storage::{Storage, StorageApiServer};
