//! What a node sends, and how it is written.

use crate::{
    Hash, Header,
    changes::SetChange,
    finality::Finality,
    one_line,
    state::{self, StateError},
};
use codec::{Decode, DecodeAll, Encode};
use meganet_primitives::name::{LabelError, split_name};
use sp_trie::StorageProof;

/// Bytes of the longest proof that is read. A proof of a million names has 4 KiB, and each change of validators adds about one.
pub const MAX_PROOF_LEN: usize = 64 * 1024;

/// The form of proofs that this program writes: their first byte.
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

/// What a name leads to in a block, with all that is needed to check it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NameProof {
    /// The hash of the chain's first block, as the node says it: a reader on another chain is told so.
    pub genesis: Hash,
    /// The name.
    pub name: Vec<u8>,
    /// Changes of validators since the checkpoint that it was made for, the oldest first.
    pub changes: Vec<SetChange>,
    /// The block.
    pub block: Justified,
    /// The compact proof of the block's state: see [`crate::state`].
    pub state: Vec<Vec<u8>>,
}

/// Why bytes are no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// More than [`MAX_PROOF_LEN`] bytes.
    #[error("a proof has at most {MAX_PROOF_LEN} bytes, and this has {0}: it is none, or its maker padded it")]
    TooLong(usize),
    /// It begins with another version.
    #[error(
        "this is no proof of form {VERSION}, the only one that this program knows: check that it is a file which `resolve --proof` wrote, or update the program"
    )]
    UnknownVersion,
    /// It is not made as its version says.
    #[error("the proof can't be read ({0}): it is cut off or damaged; fetch it again")]
    Malformed(String),
    /// Its name is none.
    #[error("the proof is about something that can't be a name: {0}")]
    BadName(LabelError),
}

impl NameProof {
    /// Puts a proof together from what a node has; `state` proves the keys of [`state::keys`] in the block.
    ///
    /// # Errors
    /// [`StateError::BadNodes`] if `state` is no proof of the block's state.
    pub fn new(
        genesis: Hash,
        name: &str,
        changes: Vec<SetChange>,
        block: Justified,
        state: &StorageProof,
    ) -> Result<Self, StateError> {
        let state = state::compact(state, block.header.state_root)?;
        Ok(Self { genesis, name: name.as_bytes().to_vec(), changes, block, state })
    }

    /// The proof as bytes: a file, or the answer of a node.
    pub fn to_bytes(&self) -> Vec<u8> {
        (VERSION, self).encode()
    }

    /// Reads what [`Self::to_bytes`] writes, and nothing else.
    ///
    /// # Errors
    /// [`BundleError`] says why the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_PROOF_LEN {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let Some((&VERSION, mut rest)) = bytes.split_first() else { return Err(BundleError::UnknownVersion) };
        let proof = Self::decode_all(&mut rest).map_err(|error| BundleError::Malformed(one_line(&error)))?;
        proof.name()?;
        Ok(proof)
    }

    /// The name that it is about.
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
