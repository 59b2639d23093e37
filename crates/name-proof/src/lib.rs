#![doc = include_str!("../README.md")]
//!
//! # Modules
//! - [`bundle`]: a proof as nodes send it and files keep it;
//! - [`checkpoint`]: the start of trust;
//! - [`finality`]: the votes that make a block final; [`grandpa`]: the protocol's messages and signatures;
//! - [`changes`]: following the chain from one set of validators to the next;
//! - [`state`]: the values of a block's state that decide what a name resolves to; [`trie`]: proofs of what is in that state;
//! - [`header`]: headers of blocks;
//! - [`mod@verify`]: all of it together.

pub mod bundle;
pub mod changes;
pub mod checkpoint;
mod decode;
pub mod finality;
pub mod grandpa;
pub mod header;
pub mod state;
pub mod trie;
pub mod verify;

pub use bundle::{Justified, MAX_PROOF_LEN, NameProof};
pub use changes::{SetChange, SetChanges};
pub use checkpoint::{Authority, Checkpoint};
pub use finality::Finality;
pub use grandpa::Justification;
pub use header::{Hash, Header};
pub use verify::{Answer, Basis, Freshness, ProofError, ProvenBlock, Verified, verify};
