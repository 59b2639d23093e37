//! The types of stored values, except names, subnames and records, which are in [`meganet_primitives::name::stored`].

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use meganet_primitives::{
    Balance, BlockNumber,
    content::NameContent,
    hash::Hash,
    name::{MAX_COMMITMENTS, MAX_DELEGATES, MAX_HISTORY},
};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// The last versions of a name, the oldest first; the last one is current.
pub type History = BoundedVec<Version, ConstU32<MAX_HISTORY>>;
/// The accounts that may write for a name in addition to its owner.
pub type DelegateList = BoundedVec<AccountId32, ConstU32<MAX_DELEGATES>>;
/// The commitments of an account, the oldest first.
pub type CommitmentList = BoundedVec<Commitment, ConstU32<MAX_COMMITMENTS>>;

/// The names that share a skeleton.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SkeletonRecord {
    /// The owner of all of them.
    pub owner: AccountId32,
    /// Their number, at least 1.
    pub names: u32,
}

/// The number of entries to clear when a name is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Usage {
    /// Records.
    pub records: u32,
    /// Subnames.
    pub subnames: u32,
}

/// A version in the history of a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// The block in which the content was set.
    pub block: BlockNumber,
    /// The content.
    pub content: Option<NameContent>,
}

/// A commitment of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Commitment {
    /// See [`meganet_primitives::name::commitment()`].
    pub digest: Hash,
    /// The block in which it was made.
    pub block: BlockNumber,
    /// Held for it, in planck.
    pub deposit: Balance,
}
