//! Errors of fetching.

use meganet_chain_client::ChainError;
use meganet_objects::{ErasureError, OpenError, VerifyError};
use meganet_primitives::{
    GroupId, SlotIndex,
    country::Country,
    object::{ObjectError, ObjectId},
};
use std::fmt;

/// A member of a group that failed, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its slot.
    pub slot: SlotIndex,
    /// Its country; `None` where the slot is vacant.
    pub country: Option<Country>,
    /// The failure.
    pub reason: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.country {
            Some(country) => write!(f, "slot {} ({country}): {}", self.slot, self.reason),
            None => write!(f, "slot {}: {}", self.slot, self.reason),
        }
    }
}

/// Formats the first few failures.
pub(crate) fn list(troubles: &[Trouble], separator: &str) -> String {
    const SHOWN: usize = 6;
    let mut text: Vec<String> = troubles.iter().take(SHOWN).map(Trouble::to_string).collect();
    if troubles.len() > SHOWN {
        text.push(format!("and {} more", troubles.len() - SHOWN));
    }
    text.join(separator)
}

/// An error while fetching, verifying, opening or rebuilding.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The reference or the link carries no key.
    #[error("object {object} cannot be opened without its key: use the whole link, with the part after #")]
    NoKey {
        /// The object.
        object: ObjectId,
    },
    /// The group does not exist.
    #[error("group {group} does not exist: the link belongs to another network, or the group is gone")]
    NoSuchGroup {
        /// The group.
        group: GroupId,
    },
    /// No member sent a correct header of the object.
    #[error("no member of group {group} could describe object {object}: {}. If workers are starting, try again shortly; otherwise the object has expired or was deleted", list(.troubles, "; "))]
    NotFound {
        /// The object.
        object: ObjectId,
        /// Its group.
        group: GroupId,
        /// The failures of its members.
        troubles: Vec<Trouble>,
    },
    /// Fewer than k shards could be fetched.
    #[error("object {object} cannot be read now: {have} of the {need} shards needed could be fetched from group {group} ({}). Try again when more of its workers are up", list(.troubles, "; "))]
    TooFewShards {
        /// The object.
        object: ObjectId,
        /// Its group.
        group: GroupId,
        /// Shards that could be had.
        have: usize,
        /// Shards needed: k.
        need: usize,
        /// The failures of the others.
        troubles: Vec<Trouble>,
    },
    /// The reference and the object contradict each other.
    #[error("the reference to object {object} is wrong ({reason}): ask for a new link")]
    WrongReference {
        /// The object.
        object: ObjectId,
        /// The contradiction.
        reason: String,
    },
    /// The shard that came out of a rebuild is not the one that the object commits to.
    #[error("shard {shard} of object {object} cannot be rebuilt: its owner encoded the object wrongly")]
    BadObject {
        /// The object.
        object: ObjectId,
        /// The shard.
        shard: SlotIndex,
    },
    /// A range or a length that the object does not have.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Bytes that are not the object's got past the choice of members; a fault of this program.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Chunks could not be computed.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// The frames do not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A task of this program was ended.
    #[error("fetching was interrupted: run it again")]
    Interrupted,
}

impl FetchError {
    /// Whether a retry may succeed: workers or the node are unavailable.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_transient(),
            Self::NotFound { .. } | Self::TooFewShards { .. } | Self::Interrupted => true,
            _ => false,
        }
    }
}
