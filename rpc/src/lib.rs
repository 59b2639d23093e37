//! The JSON-RPC families `name_v1` and `storage_v1`: server and typed client.
//!
//! Each family is one jsonrpsee trait, from which come the server (`…ApiServer`, implemented by [`Name`] and
//! [`Storage`] over a node's client) and a typed client (`…ApiClient`, an extension of every jsonrpsee client).
//!
//! What the answers look like, in all families:
//!
//! - field names are camelCase; enums are kebab-case strings;
//! - block hashes and keys are `0x` and hex; object ids are base32, as in links;
//! - accounts are SS58 addresses with prefix [`SS58_PREFIX`]; peer ids are libp2p's base58;
//! - byte counts and block numbers are JSON numbers; amounts (in planck) and sums that can pass 2^64 are decimal strings;
//! - every answer says which block it was read at, and whether that block is final. Without `at` it is the last final one.
//!
//! - [`name`], [`storage`], [`audit`], [`renewal`]: the families; [`block`]: where an answer is read; [`json`]: how values are written;
//!   [`error`]: what can go wrong, with the code for each.

pub mod audit;
pub mod block;
pub mod error;
pub mod json;
pub mod name;
pub mod renewal;
pub mod storage;

#[cfg(test)]
mod mock;

pub use audit::{Audit, AuditApiServer, FinalBlocks};
pub use block::BlockRef;
pub use error::RpcError;
pub use name::{
    Name, NameApiServer,
    prover::{ProofSource, Sets},
    reader::StateReader,
};
pub use renewal::{Renewal, RenewalApiServer};
pub use storage::{Storage, StorageApiServer};

/// The prefix of the chain's SS58 addresses.
pub const SS58_PREFIX: u16 = 6342;
