//! Names as the chain stores them. Who checks a proof of the state decodes these, and needs nothing of the runtime.
//!
//! The pallet `Names` keeps them in the maps `Names` (label → [`StoredName`]) and `Subnames` (label, label before the
//! dot → [`StoredSubname`]), both under `Blake2_128Concat`, and prices and times in the value `CurrentParams`
//! ([`super::NameParams`]).

use super::{NameParams, NameStatus, RecordKey, RecordValue};
use crate::{AccountId, Balance, BlockNumber, content::NameContent};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The form of what is stored: the storage version of the pallet, which whoever reads the state compares. It changes with
/// the types below.
pub const LAYOUT: u16 = 2;

/// A name. It is small, since every proof of what a name leads to carries it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StoredName {
    /// Who owns it; who owned it, where it has lapsed.
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
    /// Held from the owner for it, its records and the names below it, in planck.
    pub deposit: Balance,
    /// Counts the changes of hands since its registration. What bears an older count has died with one.
    pub tenure: u32,
}

/// A name below a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StoredSubname {
    /// What it points at. Nobody may be sent there once the label has lapsed.
    pub content: Option<NameContent>,
    /// Counts the changes of `content`; 1 when it is made.
    pub version: u32,
    /// Block of the last change of `content`.
    pub updated: BlockNumber,
    /// Who may change its content besides those who may for the label.
    pub delegate: Option<SubnameDelegate>,
    /// Of the name's deposit, what is held for this, in planck.
    pub deposit: Balance,
}

/// Who may write the content of a name below a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SubnameDelegate {
    /// The account.
    pub account: AccountId,
    /// The tenure of the owner who said so: it ends when the name changes hands.
    pub tenure: u32,
}

/// A record of a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct StoredRecord {
    /// What it says.
    pub value: RecordValue,
    /// The tenure in which it was written.
    pub tenure: u32,
    /// Of the name's deposit, what is held for this, in planck.
    pub deposit: Balance,
}

impl StoredName {
    /// Where it is in its life in block `now`.
    pub fn status(&self, params: &NameParams, now: BlockNumber) -> NameStatus {
        params.status(self.expires, now)
    }

    /// What it leads to in block `now`: nothing once it has lapsed.
    pub fn leads_to(&self, params: &NameParams, now: BlockNumber) -> Option<&NameContent> {
        self.content.as_ref().filter(|_| self.status(params, now).works())
    }
}

impl StoredSubname {
    /// Who may write its content while `name` is the label that it is below.
    pub fn delegate_of(&self, name: &StoredName) -> Option<AccountId> {
        self.delegate.filter(|delegate| delegate.tenure == name.tenure).map(|delegate| delegate.account)
    }
}

impl StoredRecord {
    /// Whether it still holds while `name` has it. An address and a key are those of the owner who wrote them: after a
    /// change of hands nobody may pay the former owner, or seal for them, by looking up the name.
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
