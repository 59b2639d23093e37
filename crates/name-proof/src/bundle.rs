//! A proof as nodes send it and files keep it.

use crate::{
    changes::SetChange,
    decode::one_line,
    finality::Finality,
    header::{Hash, Header},
    state::{self, StateError},
};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::name::{LabelError, split_name};

/// Bytes of the longest proof that is read. With a million names on the chain a proof has 4 KiB, and each change of validators
/// adds about one.
pub const MAX_PROOF_LEN: usize = 64 * 1024;

/// The version of the format: the first byte of a proof.
const VERSION: u8 = 1;

/// A block with the votes that make it final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Justified {
    /// The number of the set of validators that voted.
    #[codec(compact)]
    pub set_id: u64,
    /// The block.
    pub header: Header,
    /// The votes.
    pub finality: Finality,
}

/// A name proof: everything that is needed to check what a name resolves to in a block.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NameProof {
    /// The hash of the chain's first block, not proven: lets a reader on another chain see the mistake.
    pub genesis: Hash,
    /// The name.
    pub name: Vec<u8>,
    /// Changes of validators since the checkpoint for which it was made, the oldest first.
    pub changes: Vec<SetChange>,
    /// The block.
    pub block: Justified,
    /// The compact proof of the block's state: see [`crate::state`].
    pub state: Vec<Vec<u8>>,
}

/// Why bytes are not a proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// More than [`MAX_PROOF_LEN`] bytes.
    #[error(
        "a proof has at most {MAX_PROOF_LEN} bytes, and this has {0}: check that it is a file which `resolve --proof` wrote"
    )]
    TooLong(usize),
    /// It begins with another version.
    #[error(
        "this is not a proof of version {VERSION}, the only one that this program reads: check that it is a file which `resolve --proof` wrote, or update the program"
    )]
    UnknownVersion,
    /// It does not decode.
    #[error("the proof can't be read ({0}): it is cut off or damaged; fetch it again")]
    Malformed(String),
    /// Its name is invalid.
    #[error("the proof is about a text that can't be a name: {0}")]
    BadName(LabelError),
}

impl NameProof {
    /// Makes a proof from a node's data. `state` are the nodes of the block's state trie on the paths to the keys of
    /// [`state::keys`].
    ///
    /// # Errors
    /// [`StateError::BadNodes`] if `state` is not a part of the block's state trie.
    pub fn new(
        genesis: Hash,
        name: &str,
        changes: Vec<SetChange>,
        block: Justified,
        state: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<Self, StateError> {
        let state = state::compact(state, block.header.state_root)?;
        Ok(Self { genesis, name: name.as_bytes().to_vec(), changes, block, state })
    }

    /// Encodes the proof for a file or as the answer of a node.
    pub fn to_bytes(&self) -> Vec<u8> {
        (VERSION, self).encode()
    }

    /// Decodes exactly what [`Self::to_bytes`] encodes.
    ///
    /// # Errors
    /// [`BundleError`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_PROOF_LEN {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let Some((&VERSION, mut rest)) = bytes.split_first() else { return Err(BundleError::UnknownVersion) };
        let proof = Self::decode_all(&mut rest).map_err(|error| BundleError::Malformed(one_line(&error)))?;
        proof.name()?;
        Ok(proof)
    }

    /// Returns the name that it is about.
    ///
    /// # Errors
    /// [`BundleError::BadName`]
    pub fn name(&self) -> Result<&str, BundleError> {
        let name = core::str::from_utf8(&self.name)
            .map_err(|error| BundleError::BadName(LabelError::BadCharacter { position: error.valid_up_to() + 1 }))?;
        split_name(name).map_err(BundleError::BadName)?;
        Ok(name)
    }
}
