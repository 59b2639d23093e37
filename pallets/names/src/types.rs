//! What the pallet stores.

use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use meganet_primitives::{content::ContentRef, Balance, BlockNumber};
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// A label, or a skeleton, which is never longer than its label. The bound is `MAX_LABEL` of the primitives.
pub type Label = BoundedVec<u8, ConstU32<63>>;

/// A name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct NameRecord {
    /// Who owns it.
    pub owner: AccountId32,
    /// What it points at; `None` until it is set.
    pub content: Option<ContentRef>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of registration.
    pub registered: BlockNumber,
    /// Block of the last change, of owner or content.
    pub updated: BlockNumber,
    /// The deposit held for it.
    pub deposit: Balance,
}

/// The names that share a skeleton.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SkeletonRecord {
    /// Who owns all of them.
    pub owner: AccountId32,
    /// How many there are, at least one.
    pub names: u32,
}
