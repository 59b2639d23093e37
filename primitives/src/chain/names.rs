//! Answers of the runtime about names.

use crate::{
    AccountId, Balance, BlockNumber,
    content::NameContent,
    hash::Hash,
    name::{NameParams, NameStatus, RecordKey, RecordValue, StoredName, StoredSubname},
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A name and its content.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct NameInfo {
    /// The label, valid by [`crate::name`].
    #[cfg_attr(feature = "std", serde(with = "crate::text::label"))]
    pub label: Vec<u8>,
    /// The owner; the last one, if the name has lapsed.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub owner: AccountId,
    /// Its content; `None` until it is set. Readers must not be sent there once the name has lapsed.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of registration.
    pub registered: BlockNumber,
    /// Block of the last change of owner or content.
    pub updated: BlockNumber,
    /// The block until which it is paid for.
    pub expires: BlockNumber,
    /// Its status.
    pub status: NameStatus,
    /// Held from the owner for the name, its records and its subnames.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
}

/// The resolution of a name or subname: its content, and the state of its label.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Resolution {
    /// The owner of the label.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub owner: AccountId,
    /// Its content; `None` if it has none, or the label has lapsed.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of the last change.
    pub updated: BlockNumber,
    /// The block until which the label is paid for.
    pub expires: BlockNumber,
    /// The status of the label.
    pub status: NameStatus,
}

impl Resolution {
    /// Returns what a label, or a subname of it, resolves to in block `now`: the one rule of runtime, nodes and readers of
    /// proofs. For a subname, `sub` is its record in the state; `None` if it has none: then it does not exist.
    pub fn of(
        name: &StoredName,
        sub: Option<Option<&StoredSubname>>,
        params: &NameParams,
        now: BlockNumber,
    ) -> Option<Self> {
        let status = name.status(params, now);
        let (content, version, updated) = match sub {
            Some(sub) => sub.map(|sub| (&sub.content, sub.version, sub.updated))?,
            None => (&name.content, name.version, name.updated),
        };
        let content = content.clone().filter(|_| status.works());
        Some(Self { owner: name.owner, content, version, updated, expires: name.expires, status })
    }
}

/// A subname.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct SubnameInfo {
    /// The part before the dot.
    #[cfg_attr(feature = "std", serde(with = "crate::text::label"))]
    pub label: Vec<u8>,
    /// Its content.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of the last change.
    pub updated: BlockNumber,
    /// The account that may change its content, in addition to those that may for the label.
    #[cfg_attr(feature = "std", serde(with = "crate::text::option_hex32"))]
    pub delegate: Option<AccountId>,
}

/// An earlier version of a name's content.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct NameVersion {
    /// Its number.
    pub version: u32,
    /// The block in which the name began to point there.
    pub block: BlockNumber,
    /// The content.
    pub content: Option<NameContent>,
}

/// A record of a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NameRecordEntry {
    /// The key.
    pub key: RecordKey,
    /// The value.
    pub value: RecordValue,
}

/// A commitment that an account has on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct CommitmentInfo {
    /// See [`crate::name::commitment`].
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub commitment: Hash,
    /// The block that it is in.
    pub block: BlockNumber,
}

/// Whether a label can be registered, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Availability {
    /// It can be registered; the price may include a premium.
    #[codec(index = 0)]
    Free,
    /// Somebody owns it.
    #[codec(index = 1)]
    Taken,
    /// It breaks a rule of [`crate::name`].
    #[codec(index = 2)]
    Invalid,
    /// It looks like a name that another account owns.
    #[codec(index = 3)]
    LooksLikeAnother,
    /// It, or a label that looks like it, is reserved.
    #[codec(index = 4)]
    Reserved,
}
