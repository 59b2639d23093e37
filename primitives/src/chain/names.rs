//! What the runtime answers about names.

use crate::{
    AccountId, Balance, BlockNumber,
    content::NameContent,
    hash::Hash,
    name::{NameParams, NameStatus, RecordKey, RecordValue, StoredName, StoredSubname},
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A name and what it points at.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct NameInfo {
    /// The label, valid by [`crate::name`].
    #[cfg_attr(feature = "std", serde(with = "crate::text::label"))]
    pub label: Vec<u8>,
    /// Who owns it; who owned it, where it has lapsed.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub owner: AccountId,
    /// What it points at; `None` until it is set. Nobody may be sent there once the name has lapsed.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of registration.
    pub registered: BlockNumber,
    /// Block of the last change of owner or content.
    pub updated: BlockNumber,
    /// The block until which it is paid for.
    pub expires: BlockNumber,
    /// Where it is in its life.
    pub status: NameStatus,
    /// Held from the owner for it, its records and the names below it.
    #[cfg_attr(feature = "std", serde(with = "crate::text::decimal"))]
    pub deposit: Balance,
}

/// What a name, or a name below a name, leads to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Resolution {
    /// Who owns the label.
    #[cfg_attr(feature = "std", serde(with = "crate::text::hex32"))]
    pub owner: AccountId,
    /// What it points at; `None` where it points at nothing and where the label has lapsed.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of the last change.
    pub updated: BlockNumber,
    /// The block until which the label is paid for.
    pub expires: BlockNumber,
    /// Where the label is in its life.
    pub status: NameStatus,
}

impl Resolution {
    /// What a label leads to in block `now`, or a name below it. Runtime, nodes and readers of proofs all say it so.
    pub fn new(name: &StoredName, sub: Option<&StoredSubname>, params: &NameParams, now: BlockNumber) -> Self {
        let status = name.status(params, now);
        let (content, version, updated) = match sub {
            Some(sub) => (&sub.content, sub.version, sub.updated),
            None => (&name.content, name.version, name.updated),
        };
        let content = content.clone().filter(|_| status.works());
        Self { owner: name.owner, content, version, updated, expires: name.expires, status }
    }
}

/// A name below a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct SubnameInfo {
    /// What stands before the dot.
    #[cfg_attr(feature = "std", serde(with = "crate::text::label"))]
    pub label: Vec<u8>,
    /// What it points at.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`, from 0.
    pub version: u32,
    /// Block of the last change.
    pub updated: BlockNumber,
    /// Who may change its content besides those who may for the label.
    #[cfg_attr(feature = "std", serde(with = "crate::text::option_hex32"))]
    pub delegate: Option<AccountId>,
}

/// A version that a name had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct NameVersion {
    /// Its number.
    pub version: u32,
    /// The block in which the name began to point there.
    pub block: BlockNumber,
    /// Where.
    pub content: Option<NameContent>,
}

/// A record of a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NameRecordEntry {
    /// What it is about.
    pub key: RecordKey,
    /// What it says.
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

/// Why the runtime would refuse a label, or that it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Availability {
    /// It can be registered; the price says whether at a premium.
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
    /// It, or a label that looks like it, is kept for nobody or for the network itself.
    #[codec(index = 4)]
    Reserved,
}
