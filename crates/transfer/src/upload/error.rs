//! Errors of uploading.

use crate::error::{Trouble, list};
use meganet_chain_client::ChainError;
use meganet_objects::{EncodeError, SealError};
use meganet_primitives::{GroupId, object::ObjectError, placement::ProfileId, sum_tree::SumTreeError};
use std::io;

/// An error while placing, uploading or collecting receipts.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The chain could not be asked, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The plaintext could not be read.
    #[error(transparent)]
    Source(io::Error),
    /// A length that no object has.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The object could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No key could be made.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A batch could not be made.
    #[error(transparent)]
    Batch(#[from] SumTreeError),
    /// The network has too few workers for a group of the profile.
    #[error(
        "too few workers for a quorum: a group of profile {profile} needs {n} workers, no country holding more than {per_country} slots, and the {workers} eligible workers in {countries} countries fill {possible}. Wait for more workers, or choose a smaller profile"
    )]
    TooFewWorkers {
        /// The profile.
        profile: ProfileId,
        /// Slots of a group.
        n: u8,
        /// Slots that one country may hold.
        per_country: u8,
        /// Workers that accept slots and have room for one.
        workers: usize,
        /// Their countries.
        countries: usize,
        /// Slots that they could fill.
        possible: usize,
    },
    /// The chain did not fill a group in time.
    #[error(
        "too few workers for a quorum: the chain has not found workers for the {n} slots of group {group} within {seconds} s (the eligible ones fill {possible}). Check that the chain makes blocks, wait for more workers, and run the command again"
    )]
    NotFilled {
        /// The group.
        group: GroupId,
        /// Slots of the group.
        n: u8,
        /// Slots that the network's workers could fill.
        possible: usize,
        /// The time it waited, in seconds.
        seconds: u64,
    },
    /// Too few members of a group can be reached, took the object or signed.
    #[error("too few workers for a quorum: {have} of the {n} members of group {group} {did} and {need} are needed. Nothing was registered; run the command again when more workers are up. {}", missing(.troubles))]
    NoQuorum {
        /// The group.
        group: GroupId,
        /// The step, in the past tense.
        did: &'static str,
        /// Members that did.
        have: usize,
        /// Members of the group, vacant slots included.
        n: u8,
        /// The quorum.
        need: u8,
        /// The failures of the others.
        troubles: Vec<Trouble>,
    },
    /// An object that no group has room for.
    #[error(
        "a shard of {len} bytes does not fit into a slot: slots of profile {profile} have {capacity} bytes. Choose another profile"
    )]
    TooLarge {
        /// Bytes of each of its shards.
        len: u64,
        /// The profile.
        profile: ProfileId,
        /// Bytes of an empty slot.
        capacity: u64,
    },
    /// All groups of the profile are too full for the object, yet not full enough that the chain opens another.
    #[error(
        "no group of profile {profile} has room for a shard of {len} bytes, and the chain opens no further group yet ({reason}). Choose another profile, or try again later"
    )]
    NoRoom {
        /// The profile.
        profile: ProfileId,
        /// Bytes of each of the object's shards.
        len: u64,
        /// The error of the chain.
        reason: String,
    },
    /// A task of this program was ended.
    #[error("uploading was interrupted: run the command again, it continues from where it stopped")]
    Interrupted,
}

impl UploadError {
    /// Whether the network has no other group of the profile to offer, so that a smaller profile may help.
    pub fn is_lack_of_groups(&self) -> bool {
        matches!(self, Self::TooFewWorkers { .. } | Self::NotFilled { .. } | Self::NoRoom { .. })
    }
}

fn missing(troubles: &[Trouble]) -> String {
    if troubles.is_empty() {
        "The other slots are vacant".into()
    } else {
        format!("The others:\n  {}", list(troubles, "\n  "))
    }
}
