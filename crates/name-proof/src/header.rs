//! Headers of the chain's blocks, in the SDK's encoding.
//!
//! The types are this crate's own, because those of the SDK bring its runtime and its cryptography with them, which do not
//! compile for browsers. A test compares both.

// The derived encoding of enums casts their indices to bytes.
#![allow(clippy::cast_possible_truncation)]

use codec::{Decode, Encode};
use meganet_primitives::BlockNumber;
use sp_crypto_hashing::blake2_256;

/// A hash of the chain: BLAKE2b-256.
pub use primitive_types::H256 as Hash;

/// The name of the protocol that wrote an item of a digest.
pub type EngineId = [u8; 4];

/// The header of a block of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// The hash of the block below.
    pub parent_hash: Hash,
    /// The block's height.
    #[codec(compact)]
    pub number: BlockNumber,
    /// The root of the state trie after the block.
    pub state_root: Hash,
    /// The root of the trie of the block's transactions.
    pub extrinsics_root: Hash,
    /// Messages of the consensus protocols.
    pub digest: Digest,
}

impl Header {
    /// Returns the block's hash.
    pub fn hash(&self) -> Hash {
        Hash(self.using_encoded(blake2_256))
    }
}

/// Messages of the consensus protocols in a header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Digest {
    /// The messages, in the order in which they were written.
    pub logs: Vec<DigestItem>,
}

/// A message of a consensus protocol in a header.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum DigestItem {
    /// From the block's author to the runtime: a BABE slot claim.
    #[codec(index = 6)]
    PreRuntime(EngineId, Vec<u8>),
    /// From the runtime to a consensus protocol: a change of validators.
    #[codec(index = 4)]
    Consensus(EngineId, Vec<u8>),
    /// The author's signature.
    #[codec(index = 5)]
    Seal(EngineId, Vec<u8>),
    /// Anything else.
    #[codec(index = 0)]
    Other(Vec<u8>),
    /// The block changed the runtime's code or its heap pages.
    #[codec(index = 8)]
    RuntimeEnvironmentUpdated,
}
