//! Records of a name, in addition to its content: text, addresses, a key.

// The derives cast the indices that are written below to bytes.
#![allow(clippy::cast_possible_truncation)]

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most records of a name.
pub const MAX_RECORDS: u32 = 32;
/// Bytes of the longest key of a text record.
pub const MAX_RECORD_KEY: u32 = 32;
/// Bytes of the longest value of a record.
pub const MAX_RECORD_VALUE: u32 = 256;

/// The value of a record.
pub type RecordValue = BoundedVec<u8, ConstU32<MAX_RECORD_VALUE>>;

/// The key of a record.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum RecordKey {
    /// Text under a key, such as `description`, `url` or `com.github` (the keys of ENSIP-5). Printable ASCII.
    #[codec(index = 0)]
    Text(BoundedVec<u8, ConstU32<MAX_RECORD_KEY>>),
    /// An address on a chain, by its SLIP-44 coin type (as in ENSIP-9), in that chain's binary form.
    #[codec(index = 1)]
    Address(u32),
    /// The X25519 key for which messages to the owner are sealed: 32 bytes.
    #[codec(index = 2)]
    EncryptionKey,
}

impl RecordKey {
    /// Returns true if the value is allowed under this key: a text key is 1 to [`MAX_RECORD_KEY`] bytes of printable ASCII and its value
    /// UTF-8, an address is not empty, an encryption key has 32 bytes.
    pub fn allows(&self, value: &[u8]) -> bool {
        match self {
            Self::Text(key) => {
                !key.is_empty() && key.iter().all(u8::is_ascii_graphic) && core::str::from_utf8(value).is_ok()
            }
            Self::Address(_) => !value.is_empty(),
            Self::EncryptionKey => value.len() == 32,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_and_values_fit() {
        let text = |key: &[u8]| RecordKey::Text(key.to_vec().try_into().unwrap());
        assert!(text(b"com.github").allows("alice ✓".as_bytes()));
        assert!(text(b"url").allows(b""));
        assert!(!text(b"").allows(b"x"));
        assert!(!text(b"a b").allows(b"x"));
        assert!(!text(b"url").allows(&[0xff]));
        assert!(RecordKey::Address(354).allows(&[1; 32]) && !RecordKey::Address(354).allows(&[]));
        assert!(RecordKey::EncryptionKey.allows(&[1; 32]) && !RecordKey::EncryptionKey.allows(&[1; 31]));
    }
}
