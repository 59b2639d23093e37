//! What the pallet stores besides the names themselves, which are in [`meganet_primitives::name::stored`].

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

/// The last versions of a name, the oldest first; the last one is what it points at.
pub type History = BoundedVec<Version, ConstU32<MAX_HISTORY>>;
/// Who may write for a name besides its owner.
pub type DelegateList = BoundedVec<AccountId32, ConstU32<MAX_DELEGATES>>;
/// The commitments of an account, the oldest first.
pub type CommitmentList = BoundedVec<Commitment, ConstU32<MAX_COMMITMENTS>>;

/// The names that share a skeleton.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SkeletonRecord {
    /// Who owns all of them.
    pub owner: AccountId32,
    /// How many there are, at least one.
    pub names: u32,
}

/// How much there is to clear when a name goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Usage {
    /// Its records.
    pub records: u32,
    /// The names below it.
    pub subnames: u32,
}

/// A version that a name had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Version {
    /// Its number.
    pub version: u32,
    /// The block in which the name began to point there.
    pub block: BlockNumber,
    /// Where.
    pub content: Option<NameContent>,
}

/// What an account has committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Commitment {
    /// See [`meganet_primitives::name::commitment()`].
    pub digest: Hash,
    /// The block that it is in.
    pub block: BlockNumber,
    /// Held for it, in planck.
    pub deposit: Balance,
}
