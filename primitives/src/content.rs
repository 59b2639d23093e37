//! Content references: the targets of names and links.

// The derives cast the indices that are written below to bytes.
#![allow(clippy::cast_possible_truncation)]

mod foreign;

pub use foreign::{ForeignError, ForeignRef, MAX_FOREIGN, NAMESPACES};

#[cfg(feature = "std")]
use crate::text::{from_hex, hex};
use crate::{
    GroupId,
    object::{ObjectError, ObjectId, plain_len},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// The key that opens an object: AES-256, used for one object only.
///
/// It has no `Display` and its `Debug` hides it, to keep it out of logs. Serialised it is hex.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct ReadKey(pub [u8; 32]);

impl fmt::Debug for ReadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadKey(hidden)")
    }
}

#[cfg(feature = "std")]
impl serde::Serialize for ReadKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for ReadKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        // The text is not repeated in the error: it may be a key with a digit missing.
        from_hex(&text).map(Self).ok_or_else(|| serde::de::Error::custom("expected a key of 32 bytes in hex"))
    }
}

/// An object's id, place and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct ContentRef {
    /// The object. For a name it is a sealed [`crate::manifest::Manifest`].
    pub object: ObjectId,
    /// The group that holds its shards.
    pub group: GroupId,
    /// Its sealed bytes.
    pub sealed_len: u64,
    /// Its key, if anybody may read it; `None` if the key is passed on in another way.
    pub key: Option<ReadKey>,
}

impl ContentRef {
    /// Returns the plaintext bytes of the object.
    ///
    /// # Errors
    /// [`ObjectError::BadSealedLen`] if no object has `sealed_len` bytes.
    pub fn plain_len(&self) -> Result<u64, ObjectError> {
        plain_len(self.sealed_len)
    }
}

/// The content of a name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub enum NameContent {
    /// A site of this network: a sealed [`crate::manifest::Manifest`].
    #[codec(index = 0)]
    Object(ContentRef),
    /// Content of another network.
    #[codec(index = 1)]
    Foreign(ForeignRef),
}

impl NameContent {
    /// Returns the object, if the content is one of this network.
    pub fn object(&self) -> Option<&ContentRef> {
        match self {
            Self::Object(content) => Some(content),
            Self::Foreign(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
