//! Names as the chain stores them: the types that a proof of the state is decoded into, without the runtime.
//!
//! The pallet `Names` keeps them in the maps `Names` (label → [`StoredName`]) and `Subnames` (label, label before the
//! dot → [`StoredSubname`]), both under `Blake2_128Concat`, and prices and times in the value `CurrentParams`
//! ([`super::NameParams`]).

use super::{NameParams, NameStatus, RecordKey, RecordValue};
use crate::{AccountId, Balance, BlockNumber, content::NameContent};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The version of the types below: the pallet's storage version. Readers of the state must refuse any other.
pub const LAYOUT: u16 = 2;

/// A name. It is small, because every proof of what a name resolves to carries it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StoredName {
    /// The owner; the last one, if the name has lapsed.
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
    /// Held from the owner for the name, its records and its subnames, in planck.
    pub deposit: Balance,
    /// Counts the changes of owner since its registration. Delegates, addresses and keys with an older count are void.
    pub tenure: u32,
}

/// A subname.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StoredSubname {
    /// Its content. Readers must not be sent there once the label has lapsed.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`; 1 when it is made.
    pub version: u32,
    /// Block of the last change of `content`.
    pub updated: BlockNumber,
    /// The account that may change its content, in addition to those that may for the label.
    pub delegate: Option<SubnameDelegate>,
    /// The part of the name's deposit that is held for this, in planck.
    pub deposit: Balance,
}

/// An account that may write the content of a subname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SubnameDelegate {
    /// The account.
    pub account: AccountId,
    /// The tenure of the owner who allowed it: it ends when the name changes hands.
    pub tenure: u32,
}

/// A record of a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StoredRecord {
    /// The value.
    pub value: RecordValue,
    /// The tenure in which it was written.
    pub tenure: u32,
    /// The part of the name's deposit that is held for this, in planck.
    pub deposit: Balance,
}

impl StoredName {
    /// Returns its status in block `now`.
    pub fn status(&self, params: &NameParams, now: BlockNumber) -> NameStatus {
        params.status(self.expires, now)
    }
}

impl StoredSubname {
    /// Returns the account that may write its content while its label is `name`.
    pub fn delegate_of(&self, name: &StoredName) -> Option<AccountId> {
        self.delegate.filter(|delegate| delegate.tenure == name.tenure).map(|delegate| delegate.account)
    }
}

impl StoredRecord {
    /// Returns true if the record is still valid for `name`. Addresses and keys belong to the owner who wrote them: after a
    /// change of owner, looking up the name must not make anybody pay the former owner, or seal messages for them.
    pub fn holds(&self, key: &RecordKey, name: &StoredName) -> bool {
        matches!(key, RecordKey::Text(_)) || self.tenure == name.tenure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn name() -> StoredName {
        StoredName {
            owner: [1; 32],
            content: None,
            version: 2,
            registered: 3,
            updated: 4,
            expires: 5,
            deposit: 6,
            tenure: 7,
        }
    }

    #[test]
    fn a_name_is_stored_as_its_fields_in_order() {
        let mut bytes: Vec<u8> = [1; 32].to_vec();
        bytes.push(0);
        bytes.extend([2, 3, 4, 5].map(u32::to_le_bytes).concat());
        bytes.extend(6u128.to_le_bytes());
        bytes.extend(7u32.to_le_bytes());
        assert_eq!(name().encode(), bytes);
    }

    #[test]
    fn what_is_trusted_ends_with_its_tenure() {
        let mut name = name();
        let delegate = Some(SubnameDelegate { account: [9; 32], tenure: 7 });
        let sub = StoredSubname { content: None, version: 1, updated: 3, delegate, deposit: 1 };
        let record = StoredRecord { value: RecordValue::default(), tenure: 7, deposit: 1 };
        let text = RecordKey::Text(Default::default());
        assert_eq!(sub.delegate_of(&name), Some([9; 32]));
        assert!(record.holds(&text, &name) && record.holds(&RecordKey::EncryptionKey, &name));
        name.tenure += 1;
        assert_eq!(sub.delegate_of(&name), None);
        assert!(record.holds(&text, &name));
        assert!(!record.holds(&RecordKey::EncryptionKey, &name) && !record.holds(&RecordKey::Address(0), &name));
    }
}
